"""Files of the prediction log that add up, and are merged while others read."""

from collections import Counter
from datetime import datetime, tzinfo
from pathlib import Path

import pytest

from adapters import log_writer
from adapters.log_writer import FAN, LogWriter
from adapters.prediction_log import ANSWERED, log_files, read_log
from adapters.storage import exists
from adapters.tables import read_table


def write(writer: LogWriter, n_files: int, start: int = 0, **more: object) -> None:
    for i in range(start, start + n_files):
        columns = {"n": [float(i), i + 0.5], **{name: [value] * 2 for name, value in more.items()}}
        writer.write(ANSWERED, "toy", {**columns, "answered_at": ["2026-01-01T00:00:00"] * 2}, {"answered_at": "date"})


def numbers() -> list[float]:
    return sorted(read_log("toy")["n"])


def expected(n_files: int) -> list[float]:
    return sorted(x for i in range(n_files) for x in (float(i), i + 0.5))


def on_disk(store: Path) -> int:
    return len(list(store.rglob("part-*.parquet")))


def test_many_small_files_become_few_and_hold_the_same_rows(store: Path) -> None:
    writer = LogWriter()
    for i in range(FAN * FAN + 5):
        write(writer, 1, i)
        writer.merge()
    assert len(log_files("toy")) == 1 + 5
    assert numbers() == expected(FAN * FAN + 5)
    # Those that are covered last are removed when the next ones are.
    assert on_disk(store) <= 6 + FAN


def test_rows_are_read_once_while_both_the_merged_file_and_its_parts_are_there(store: Path) -> None:
    writer = LogWriter()
    write(writer, FAN)
    listed = log_files("toy")
    writer.merge()
    assert on_disk(store) == FAN + 1
    assert all(map(exists, listed))
    assert numbers() == expected(FAN)
    assert sorted(read_table("log://toy")["n"]) == expected(FAN)


def test_process_that_is_killed_while_it_merges_loses_and_doubles_nothing(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = LogWriter()
    write(writer, FAN)
    with monkeypatch.context() as patch:
        patch.setattr(log_writer, "store_part", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            writer.merge()
    another = LogWriter()
    write(another, 3, start=FAN)
    another.merge()
    assert numbers() == expected(FAN + 3)


def test_files_whose_fields_cannot_be_one_column_stay_and_are_not_merged_over(store: Path) -> None:
    writer = LogWriter()
    write(writer, FAN)
    writer.merge()
    write(writer, FAN - 1, start=FAN, customer="c1")
    write(writer, 1, start=2 * FAN - 1, customer=7)
    writer.merge()
    for i in range(2 * FAN, FAN * (FAN + 2)):
        write(writer, 1, i)
        writer.merge()
    assert Counter(numbers()) == Counter(expected(FAN * (FAN + 2)))
    assert len(log_files("toy")) == 1 + FAN + 1


def test_day_that_is_over_becomes_one_file(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = LogWriter()
    write(writer, FAN + 3)
    writer.merge()

    class Later(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> "Later":
            return cls(2999, 1, 1, tzinfo=tz)

    monkeypatch.setattr(log_writer, "datetime", Later)
    writer.merge()
    assert len(log_files("toy")) == 1
    assert numbers() == expected(FAN + 3)


def test_files_that_are_large_already_stay(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_writer, "MOST_ROWS", FAN)
    writer = LogWriter()
    write(writer, FAN)
    writer.merge()
    assert len(log_files("toy")) == FAN
