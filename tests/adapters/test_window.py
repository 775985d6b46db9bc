"""A window is cut out of a table larger than memory as if it had been read whole; what does not fit is refused."""

import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from adapters import memory, tables, window
from adapters.chunks import open_table, read_chunks
from adapters.settings import settings
from adapters.tables import look_at, read_table
from adapters.window import read_window
from core.data_spec import DataSpec
from core.errors import DataRejected
from core.source_spec import FormatSpec, SqlSource
from core.windows import newest_rows
from tests.conftest import Project

N_ROWS = 600
RANDOM = np.random.default_rng(5)
AT = pd.Timestamp("2025-01-01") + pd.to_timedelta(RANDOM.integers(0, 200, N_ROWS), unit="D")
TABLE = pd.DataFrame(
    {
        "at": AT.strftime("%d.%m.%Y"),
        "price": [f"{value:,.2f} €" for value in RANDOM.uniform(0, 9e4, N_ROWS)],
        "code": [f"{value:04d}" for value in RANDOM.integers(0, 9000, N_ROWS)],
        "count": RANDOM.integers(0, 9, N_ROWS).astype(object),
        "note": [None] * 400 + ["late"] * 200,
        "late": RANDOM.choice(["yes", "no"], N_ROWS),
    }
)
# Whole numbers in the first parts, empty fields in the last; numbers first, and a word at the end.
TABLE.loc[500:, "count"] = None
TABLE["mixed"] = ["7"] * 550 + ["seven"] * 50
WINDOWS: list[dict[str, Any]] = [{"rows": 90}, {"rows": 590}, {"last": "30d"}]


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(window, "PART_ROWS", 70)
    monkeypatch.setattr(window, "FEWEST_NEW_ROWS", 50)


def stored(folder: Path, suffix: str) -> str | SqlSource:
    path = folder / f"table{suffix}"
    if suffix == ".csv.gz":
        TABLE.to_csv(path, index=False)
    elif suffix == ".jsonl":
        TABLE.to_json(path, orient="records", lines=True)
    elif suffix == ".parquet":
        TABLE.assign(at=AT, count=TABLE["count"].astype("Int64")).to_parquet(path)
    else:
        with sqlite3.connect(path) as database:
            TABLE.assign(at=AT.astype(str)).to_sql("rows", database, index=False)
        return SqlSource(sql="select * from rows", url=f"sqlite:///{path}")
    return str(path)


@pytest.mark.parametrize("asked", WINDOWS, ids=str)
@pytest.mark.parametrize("suffix", [".csv.gz", ".jsonl", ".parquet", ".db"])
def test_a_window_read_in_parts_is_that_of_the_whole_table(tmp_path: Path, suffix: str, asked: dict[str, Any]):
    source = stored(tmp_path, suffix)
    data = DataSpec(source=source, time="at", window=asked, format=look_at(source).how)
    whole = newest_rows(read_table(source, "at", data.format), data.window, "at")
    cut = read_window(data, small=0)
    pd.testing.assert_frame_equal(cut, whole, check_dtype=suffix != ".db")
    assert cut["at"].is_monotonic_increasing


def test_without_a_time_the_last_rows_are_the_newest(tmp_path: Path):
    source = stored(tmp_path, ".csv.gz")
    read = read_window(DataSpec(source=source, window={"rows": 40}), small=0)
    assert read["code"].tolist() == TABLE["code"].tail(40).tolist()


def test_a_table_larger_than_there_is_room_for_is_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = tmp_path / "long.csv"
    pd.DataFrame({"a": np.arange(300_000), "b": "x"}).to_csv(path, index=False)
    monkeypatch.setattr(window, "PART_ROWS", 20_000)
    monkeypatch.setattr(memory, "room", lambda: 2_000_000)
    monkeypatch.setattr(tables, "room", lambda: 2_000_000)
    monkeypatch.setattr("adapters.delimited.WHOLE_BYTES", 2**20)
    look = tables.look_at_text
    monkeypatch.setattr(tables, "look_at_text", lambda uris, how: look(uris, how, 2**20))
    monkeypatch.setattr(tables, "read_text", lambda *_: pytest.fail("it was read"))
    with pytest.raises(DataRejected) as refused:
        read_window(DataSpec(source=str(path)))
    assert "is too large to be read whole" in refused.value.what
    assert "rows need 5." in refused.value.why
    assert "2.0 MB" in refused.value.why
    n_rows = int(refused.value.fix.partition("{rows: ")[2].partition("}")[0])
    assert len(read_window(DataSpec(source=str(path), window={"rows": n_rows}), small=0)) == n_rows


def test_a_window_larger_than_there_is_room_for_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(memory, "room", lambda: 20_000)
    with pytest.raises(DataRejected, match="the window of"):
        read_window(DataSpec(source=stored(tmp_path, ".csv.gz"), window={"rows": 500}), small=0)


def test_a_query_with_more_rows_than_there_is_room_for_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(memory, "room", lambda: 20_000)
    with pytest.raises(DataRejected, match="too large"):
        read_window(DataSpec(source=stored(tmp_path, ".db")))


def test_the_share_of_memory_is_a_setting(project: Project, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("EVERFIT_MEMORY_SHARE", "0.000001")
    settings.cache_clear()
    small = memory.room()
    monkeypatch.setenv("EVERFIT_MEMORY_SHARE", "1")
    settings.cache_clear()
    assert small < 100_000 < memory.room()


def test_the_names_of_rows_stay_a_column_in_every_chunk(tmp_path: Path):
    # As R writes it: the line of names is one short.
    path = tmp_path / "cars.csv"
    path.write_text("mpg,cyl\n" + "".join(f"car {i},{i % 9},{'' if i > 600 else i % 4}\n" for i in range(1200)))
    chunks = list(read_chunks(open_table(str(path), FormatSpec(), ()), 500))
    assert [chunk.shape[1] for chunk in chunks] == [3, 3, 3]
    assert chunks[2].iloc[-1, 0] == "car 1199"
