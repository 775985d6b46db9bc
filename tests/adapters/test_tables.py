from pathlib import Path

import pandas as pd
import pytest

from adapters.settings import PROJECT
from adapters.storage import write_frame
from adapters.tables import read_table, resolve_source
from core.errors import DataError, DataMissing, DataRejected, EverfitError, SpecError

FRAME = pd.DataFrame({"id": [1, 2], "plan": ["basic", None], "age": [20.5, 30.0]})
WRITERS = {
    "csv": lambda frame, path: frame.to_csv(path, index=False),
    "parquet": lambda frame, path: frame.to_parquet(path, index=False),
    "jsonl": lambda frame, path: frame.to_json(path, orient="records", lines=True),
}


@pytest.mark.parametrize("suffix", WRITERS)
def test_table_is_read_by_the_format_that_its_name_says(tmp_path, suffix):
    WRITERS[suffix](FRAME, tmp_path / f"a.{suffix}")
    pd.testing.assert_frame_equal(read_table(str(tmp_path / f"a.{suffix}")), FRAME, check_dtype=False)


def test_glob_reads_all_files_in_order_of_their_names(tmp_path):
    for name, first in (("b", 10), ("a", 0)):
        FRAME.assign(id=[first, first + 1]).to_parquet(tmp_path / f"{name}.parquet")
    assert read_table(str(tmp_path / "*.parquet"))["id"].tolist() == [0, 1, 10, 11]


def test_rows_of_many_files_are_numbered_through(tmp_path):
    for name in ("a", "b"):
        FRAME.to_csv(tmp_path / f"{name}.csv", index=False)
    assert read_table(str(tmp_path / "?.csv")).index.tolist() == [0, 1, 2, 3]


def test_lake_lies_in_the_store(store):
    (store / "lake" / "toy").mkdir(parents=True)
    FRAME.to_parquet(store / "lake" / "toy" / "a.parquet")
    assert len(read_table("lake://toy/*.parquet")) == 2


@pytest.mark.parametrize(
    "source", ["lake://../claims/a.csv", "lake:///etc/passwd", "lake://a/../../b.csv", "lake://.."]
)
def test_lake_address_that_leaves_the_lake_is_refused(store, source):
    with pytest.raises(SpecError, match="leaves the lake"):
        resolve_source(source)


def test_relative_path_lies_in_the_project():
    assert resolve_source("data/a.csv") == str(PROJECT / "data" / "a.csv")


@pytest.mark.parametrize("source", ["s3://bucket/a.csv", "https://host/a.csv", "/data/a.csv"])
def test_full_address_stays_as_it_is(source):
    assert resolve_source(source) == source


@pytest.mark.parametrize("name", ["nothing.csv", "*.csv"])
def test_table_that_is_not_there_is_missing_data(tmp_path, name):
    with pytest.raises(DataMissing, match=r"csv"):
        read_table(str(tmp_path / name))


@pytest.mark.parametrize("name", ["a.xlsx", "a", "a.csv.exe"])
def test_unknown_format_is_told_with_the_known_ones(tmp_path, name):
    (tmp_path / name).touch()
    with pytest.raises(SpecError, match=r"(?s)format.*\.parquet, \.csv, \.jsonl"):
        read_table(str(tmp_path / name))


def truncated(path: Path) -> None:
    FRAME.to_parquet(path)
    path.write_bytes(path.read_bytes()[:200])


def damaged_inside(path: Path) -> None:
    pd.DataFrame({"a": [str(i) for i in range(5000)]}).to_parquet(path)
    content = path.read_bytes()
    path.write_bytes(content[:100] + b"\x07" * 4000 + content[4100:])


@pytest.mark.parametrize(
    ("name", "spoil"),
    [
        ("a.parquet", truncated),
        ("a.parquet", damaged_inside),
        ("a.parquet", lambda path: path.write_bytes(b"")),
        ("a.csv", lambda path: path.write_bytes(b"")),
        ("a.csv", lambda path: path.write_bytes(b"a,b\n1,2\n1,2,3,4\n")),
        ("a.csv", lambda path: path.write_bytes(b"a\n\xff\xfe\xfa\n")),
        ("a.jsonl", lambda path: path.write_bytes(b'{"a": 1}\n{"a": ')),
    ],
    ids=["truncated", "damaged inside", "empty parquet", "empty csv", "ragged csv", "not utf-8", "half a line"],
)
def test_unreadable_file_is_rejected_data_that_names_it(tmp_path, name, spoil):
    spoil(tmp_path / name)
    with pytest.raises(DataRejected, match=rf"cannot read .*{name}"):
        read_table(str(tmp_path / name))


def test_folder_is_no_table(tmp_path):
    (tmp_path / "a.csv").mkdir()
    with pytest.raises(DataError, match=r"a\.csv"):
        read_table(str(tmp_path / "a.csv"))


@pytest.mark.parametrize("source", ["nowhere://x/a.csv", "gs://bucket/a.csv"])
def test_address_that_nothing_here_can_open_is_told(source):
    with pytest.raises(EverfitError, match=r"a\.csv"):
        read_table(source)


@pytest.mark.parametrize(
    ("texts", "kind"),
    [
        (["2026-01-01", "2026-01-02 10:00"], "datetime64[us]"),
        (["2026-01-01T00:00Z", "2026-01-02T00:00Z"], "datetime64[us, UTC]"),
    ],
)
def test_time_column_is_read_as_time(tmp_path, texts, kind):
    pd.DataFrame({"at": texts}).to_csv(tmp_path / "a.csv", index=False)
    assert str(read_table(str(tmp_path / "a.csv"), "at")["at"].dtype) == kind


def test_time_column_of_files_of_two_formats_is_read_as_time(tmp_path):
    pd.DataFrame({"at": ["2026-01-01"]}).to_parquet(tmp_path / "a.parquet")
    pd.DataFrame({"at": pd.to_datetime(["2026-01-02"])}).to_parquet(tmp_path / "b.parquet")
    assert str(read_table(str(tmp_path / "*.parquet"), "at")["at"].dt.day.tolist()) == "[1, 2]"


@pytest.mark.parametrize("values", [["soon", "later"], [True, False], ["2026-01-01T00:00Z", "2026-01-01T00:00+05:00"]])
def test_time_column_that_holds_no_times_is_rejected_data(tmp_path, values):
    pd.DataFrame({"at": values}).to_parquet(tmp_path / "a.parquet")
    with pytest.raises(DataRejected, match="time column 'at'"):
        read_table(str(tmp_path / "a.parquet"), "at")


def test_seconds_since_1970_are_not_taken_for_nanoseconds(tmp_path):
    pd.DataFrame({"at": [1_767_225_600]}).to_parquet(tmp_path / "a.parquet")
    try:
        year = read_table(str(tmp_path / "a.parquet"), "at")["at"].dt.year[0]
    except DataRejected:
        return
    assert year == 2026


def test_names_of_columns_are_text(tmp_path):
    pd.DataFrame({0: [1.0], 1: [2.0]}).to_parquet(tmp_path / "a.parquet")
    assert read_table(str(tmp_path / "a.parquet")).columns.tolist() == ["0", "1"]


def test_keys_in_json_lines_keep_their_leading_zeros(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"id": "007"}\n{"id": "7"}\n')
    assert read_table(str(tmp_path / "a.jsonl"))["id"].nunique() == 2


def test_files_that_differ_in_a_columns_type_are_a_fault_of_the_data(store, tmp_path):
    pd.DataFrame({"a": [1]}).to_parquet(tmp_path / "a.parquet")
    pd.DataFrame({"a": ["x"]}).to_parquet(tmp_path / "b.parquet")
    with pytest.raises(DataError, match="a"):
        write_frame(read_table(str(tmp_path / "*.parquet")))
