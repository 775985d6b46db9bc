"""Files of the prediction log that add up, and are merged while others read."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from datetime import datetime, tzinfo
from pathlib import Path

import pytest

from adapters import log_leftovers, log_writer
from adapters.log_leftovers import Leftovers
from adapters.log_writer import FAN, LogWriter
from adapters.prediction_log import ANSWERED, log_files, read_log
from adapters.settings import PROJECT
from adapters.storage import exists
from adapters.tables import read_table
from core.errors import StorageUnavailable

# Writes and merges until it dies, as `kill -9` ends a process: after the merged file, or among the parts' removal.
DIES = """
import os, signal, sys
from adapters import log_writer
from tests.adapters.test_log_writer import FAN, write

n, name = int(sys.argv[1]), sys.argv[2]
original, calls = getattr(log_writer, name), []

def dies(*given):
    found = original(*given)
    calls.append(given)
    if name == "discard" and len(calls) == 5 or name == "store_part" and len(calls) > n:
        os.kill(os.getpid(), signal.SIGKILL)
    return found

setattr(log_writer, name, dies)
writer = log_writer.LogWriter()
for i in range(n):
    write(writer, 1, i)
    writer.merge() if name == "discard" or i == n - 1 else None
"""


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


def grow_old(store: Path) -> None:
    for path in store.rglob("part-*.parquet"):
        os.utime(path, (time.time() - 3600,) * 2)


# Two batches: the first one's parts are removed when the second one is merged.
@pytest.mark.parametrize(("step", "n_files", "n_left"), [("store_part", FAN, FAN), ("discard", 2 * FAN, 2 * FAN - 5)])
def test_what_a_killed_process_has_merged_is_counted_once_and_removed_by_the_next(
    store: Path, step: str, n_files: int, n_left: int
) -> None:
    words = [sys.executable, "-c", DIES, str(n_files), step]
    dead = subprocess.run(words, cwd=PROJECT, capture_output=True, text=True, timeout=120, check=False)
    assert dead.returncode == -signal.SIGKILL, dead.stderr
    assert on_disk(store) == n_left + 1
    assert numbers() == expected(n_files)
    # Somebody may still read what was listed before.
    Leftovers().remove_when_due()
    assert on_disk(store) == n_left + 1
    grow_old(store)
    Leftovers().remove_when_due()
    assert on_disk(store) == len(log_files("toy"))
    assert numbers() == expected(n_files)


def test_parts_of_a_merged_file_that_is_damaged_stay(store: Path) -> None:
    writer = LogWriter()
    write(writer, FAN)
    writer.merge()
    (merged,) = log_files("toy")
    Path(merged.removeprefix("file://")).write_bytes(b"")
    grow_old(store)
    Leftovers().remove_when_due()
    assert on_disk(store) == FAN + 1


def test_log_is_looked_through_again_for_those_who_die_later(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    leftovers = Leftovers()
    leftovers.remove_when_due()
    writer = LogWriter()
    write(writer, FAN)
    writer.merge()
    grow_old(store)
    leftovers.remove_when_due()
    assert on_disk(store) == FAN + 1
    monkeypatch.setattr(log_leftovers, "LOOK_EVERY_S", 0.0)
    leftovers.remove_when_due()
    assert on_disk(store) == 1


def test_files_that_the_store_did_not_take_merged_are_merged_later_and_not_merged_over(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_writer, "FAN", 4)
    writer = LogWriter()

    def down(*_: object) -> str:
        raise StorageUnavailable("cannot write", "it is down", "wait")

    for i in range(20):
        write(writer, 1, i)
        with monkeypatch.context() as patch:
            if i == 7:
                patch.setattr(log_writer, "store_part", down)
                with pytest.raises(StorageUnavailable):
                    writer.merge()
                continue
            writer.merge()
    assert numbers() == expected(20)
    assert len(log_files("toy")) == 2


def test_merge_goes_on_where_another_process_has_removed_what_was_merged(store: Path) -> None:
    writer = LogWriter()
    write(writer, FAN)
    writer.merge()
    grow_old(store)
    Leftovers().remove_when_due()
    write(writer, FAN, start=FAN)
    writer.merge()
    assert numbers() == expected(2 * FAN)
