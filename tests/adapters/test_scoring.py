"""A table is scored whole, in order and in chunks, whatever its cells hold; and a failure leaves nothing."""

import json
import sqlite3
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters import registry, scoring
from adapters.scoring import Way, score_table
from core.errors import DataError, DataMissing, DataRejected, SpecError
from core.records import Version
from core.source_spec import SqlSource
from core.spec_reading import parse_spec
from core.target import TargetCoding
from tests.adapters.conftest import TARGETS, pipeline_of, record_of

SPEC = """
name: toy
target: {column: y}
data: {source: nowhere.csv, key: [id], time: day}
contract:
  columns:
    id: {type: int, nullable: false}
    age: {type: float, min: 0, max: 120, nullable: false}
    plan: {type: category, values: [basic, plus]}
    day: {type: datetime}
    y: {type: float, nullable: false}
  unique: [id]
  max_null_share: 0.1
  freshness: 1d
  volume: {min_share: 0.5}
"""
CLASSES = {"binary": (False, True), "multiclass": (0, 1, 2), "regression": ()}
ROWS = pd.DataFrame({"id": range(1, 9), "age": np.arange(20.0, 28), "plan": ["basic", "plus", None, "plus"] * 2})
# One row each: what stands in it, and the reason that it gets.
WRONG = {
    "age": {-1: "age: min 0 (it is '-1')", "121": "age: max 120 (it is '121')", "old": "age: type float (it is 'old')",
            None: "age: nullable: false (it is missing)"},
    "plan": {"gold": "plan: values (it is 'gold')"},
    "id": {"x7": "id: type int (it is 'x7')", 1: "id: unique ('1' came before)", 2.5: "id: type int (it is '2.5')"},
    "day": {"2026-02-30": "day: type datetime (it is '2026-02-30')"},
}  # fmt: skip
EVERY_WRONG = [(column, value, reason) for column, each in WRONG.items() for value, reason in each.items()]


@pytest.fixture(params=CLASSES)
def version(request, monkeypatch) -> Version:
    """A version of each problem."""
    return version_of(request.param, monkeypatch)


@pytest.fixture
def binary(monkeypatch) -> Version:
    return version_of("binary", monkeypatch)


def version_of(problem: str, monkeypatch: pytest.MonkeyPatch) -> Version:
    pipeline = PIPELINES[problem]
    monkeypatch.setattr(registry, "load_pipeline", lambda _: pipeline)
    record = replace(record_of(PIPELINES["binary"]), coding=TargetCoding(problem, CLASSES[problem]))
    return Version(1, "run", "nowhere", record, file_digest="")


PIPELINES = {problem: pipeline_of("hist_gradient_boosting", problem) for problem in TARGETS}
TOY = parse_spec(SPEC, "toy.yaml")


def broken_table() -> pd.DataFrame:
    frame = pd.concat([ROWS] * 3, ignore_index=True).assign(id=range(1, 25), day="2026-01-02").astype(object)
    for row, (column, value, _) in enumerate(EVERY_WRONG, start=1):
        frame.loc[row, column] = value
    return frame


def write_as(frame: pd.DataFrame, path: Path) -> str:
    if path.suffix == ".csv":
        frame.to_csv(path, index=False)
    elif path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row, default=str) + "\n" for row in frame.to_dict("records")))
    else:
        frame.to_parquet(path, index=False)
    return str(path)


def read(path: Path) -> pd.DataFrame:
    return pd.read_csv(path) if path.suffix == ".csv" else pq.read_table(path).to_pandas(integer_object_nulls=True)


@pytest.mark.parametrize("out", ["out.csv", "out.parquet"])
@pytest.mark.parametrize("source", ["table.csv", "table.jsonl"])
def test_broken_row_has_its_reason_and_no_prediction_and_every_other_row_has_one(tmp_path, version, source, out):
    table = broken_table()
    scored = score_table(version, TOY, write_as(table, tmp_path / source), str(tmp_path / out))
    found = read(tmp_path / out)
    expected = [None] + [reason for _, _, reason in EVERY_WRONG] + [None] * (len(table) - len(EVERY_WRONG) - 1)
    assert [None if pd.isna(reason) else reason for reason in found["reason"]] == expected
    answers = found.columns.drop(["id", "reason"])
    for name in answers:
        assert found[name].isna().tolist() == [reason is not None for reason in expected]
    assert (scored.rows, scored.predicted, scored.broken) == (24, 24 - len(EVERY_WRONG), len(EVERY_WRONG))
    assert sum(each["rows"] for each in scored.reasons) == len(EVERY_WRONG)
    assert {"column": "id", "rule": "type int", "rows": 2} in scored.reasons


@pytest.mark.parametrize("source", ["table.csv", "table.jsonl", "table.parquet", "folder", "sql"])
def test_answer_is_the_same_for_any_size_of_chunk(tmp_path, binary, source):
    table = broken_table().astype({"age": str, "id": str}) if source in ("table.parquet", "folder") else broken_table()
    given = str(tmp_path / source)
    if source == "folder":
        (tmp_path / source).mkdir()
        write_as(table.head(7), tmp_path / source / "a.parquet")
        write_as(table.iloc[7:], tmp_path / source / "b.parquet")
    elif source == "sql":
        with sqlite3.connect(tmp_path / "t.db") as database:
            database.execute("create table t (id, age, plan, day)")
            rows = [[None if pd.isna(v) else v for v in row] for row in table[["id", "age", "plan", "day"]].to_numpy()]
            database.executemany("insert into t values (?, ?, ?, ?)", rows)
        given = SqlSource(sql="select * from t order by rowid", url=f"sqlite:///{tmp_path / 't.db'}")
    else:
        write_as(table, tmp_path / source)
    answers = []
    for n_rows in (1, 5, 1000):
        score_table(binary, TOY, given, str(tmp_path / "out.csv"), Way(n_rows))
        answers.append((tmp_path / "out.csv").read_text())
    assert answers[0].count("\n") == len(table) + 1
    assert answers[0] == answers[1] == answers[2]


CELLS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.binary(max_size=3), st.dates(),
    st.datetimes(), st.decimals(allow_nan=False), st.lists(st.integers(), max_size=2),
    st.sampled_from(["1e400", "NaN", "0x1", "\r", '"', "1e300", "True", Decimal("NaN")]),
)  # fmt: skip


@pytest.mark.parametrize("problem", CLASSES)
@given(rows=st.lists(st.tuples(CELLS, CELLS, CELLS, CELLS), min_size=1, max_size=6), n_rows=st.integers(1, 3))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_predict_never_crashes_on_any_value_of_any_column(tmp_path, monkeypatch, problem, rows, n_rows):
    version = version_of(problem, monkeypatch)
    frame = pd.DataFrame(rows, columns=["id", "age", "plan", "day"], dtype=object)
    chunks = [frame.iloc[at : at + n_rows].reset_index(drop=True) for at in range(0, len(frame), n_rows)]
    (tmp_path / "table.jsonl").write_text(json.dumps(dict.fromkeys(frame.columns)) + "\n")
    monkeypatch.setattr(scoring, "read_chunks", lambda *_: iter(chunks))
    for out in ("out.csv", "out.parquet"):
        try:
            scored = score_table(version, TOY, str(tmp_path / "table.jsonl"), str(tmp_path / out))
        except DataRejected as refusal:
            # A key of more than 64 bits: the file's type is settled before the rows are seen.
            if out == "out.csv" or "cannot be written to Parquet" not in refusal.what:
                raise
            continue
        found = read(tmp_path / out)
        assert scored.rows == len(found) == len(rows)
        assert (found["prediction"].isna() == found["reason"].notna()).all()


@pytest.mark.parametrize("out", ["out.csv", "out.parquet"])
def test_keys_and_classes_keep_their_types(tmp_path, version, out):
    table = ROWS.assign(id=[2**60 + number for number in range(8)])
    table.loc[3, "plan"] = "gold"
    score_table(version, TOY, write_as(table, tmp_path / "table.parquet"), str(tmp_path / out))
    found = read(tmp_path / out)
    assert found["id"].tolist() == table["id"].tolist()
    if out == "out.parquet":
        kind = {"binary": pa.bool_(), "multiclass": pa.int64(), "regression": pa.float64()}
        assert pq.read_schema(tmp_path / out).field("prediction").type == kind[version.record.coding.problem]
    elif CLASSES[version.record.coding.problem]:
        assert set(found["prediction"].dropna().astype(str)) <= {"True", "False", "0", "1", "2", "0.0", "1.0", "2.0"}
        assert ",1.0," not in (tmp_path / out).read_text()


def test_rows_are_counted_where_there_is_no_key(tmp_path, binary):
    spec = parse_spec(SPEC.replace("key: [id], ", ""), "toy.yaml")
    source = write_as(broken_table(), tmp_path / "table.csv")
    score_table(binary, spec, source, str(tmp_path / "out.parquet"), Way(n_rows=5))
    assert read(tmp_path / "out.parquet")["row"].tolist() == list(range(1, 25))


def test_key_in_a_csv_is_as_it_was_written(tmp_path, binary):
    spec = parse_spec(SPEC.replace("id: {type: int", "id: {type: text"), "toy.yaml")
    (tmp_path / "t.csv").write_text('id,age,plan\n007,20,basic\n7,21,plus\n"a,""b",22,plus\n')
    score_table(binary, spec, str(tmp_path / "t.csv"), str(tmp_path / "out.csv"))
    assert pd.read_csv(tmp_path / "out.csv", dtype=str)["id"].tolist() == ["007", "7", 'a,"b']


def test_other_format_than_the_models_own_is_read(tmp_path, binary):
    spec = parse_spec(SPEC.replace("key: [id]", "key: [id], format: {delimiter: ',', decimal: '.'}"), "toy.yaml")
    ROWS.to_csv(tmp_path / "a.csv", index=False)
    ROWS.to_csv(tmp_path / "b.csv", index=False, sep=";", decimal=",")
    for name in ("a", "b"):
        score_table(binary, spec, str(tmp_path / f"{name}.csv"), str(tmp_path / f"{name}.parquet"))
    pd.testing.assert_frame_equal(read(tmp_path / "a.parquet"), read(tmp_path / "b.parquet"))


def files_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("fault", [KeyboardInterrupt(), DataRejected("a", "b", "c"), OSError("gone")])
@pytest.mark.parametrize("out", ["out.csv", "out.parquet"])
def test_failure_in_the_middle_leaves_nothing(tmp_path, binary, monkeypatch, fault, out):
    source, real = write_as(ROWS, tmp_path / "table.csv"), scoring.read_chunks

    def failing(*given):
        yield next(real(*given))
        raise fault

    monkeypatch.setattr(scoring, "read_chunks", failing)
    (tmp_path / out).write_text("what was there before")
    with pytest.raises(type(fault)):
        score_table(binary, TOY, source, str(tmp_path / out), Way(n_rows=2))
    assert files_in(tmp_path) == [out, "table.csv"]
    assert (tmp_path / out).read_text() == "what was there before"


def test_file_that_breaks_in_the_middle_is_told_and_leaves_nothing(tmp_path, binary):
    (tmp_path / "t.csv").write_text(ROWS.to_csv(index=False) * 1 + "9,30,basic\n" * 5000 + "1,2,3,4,5\n")
    with pytest.raises(DataRejected, match=r"cannot read .*t\.csv"):
        score_table(binary, TOY, str(tmp_path / "t.csv"), str(tmp_path / "out.csv"), Way(n_rows=10))
    assert files_in(tmp_path) == ["t.csv"]


@pytest.mark.parametrize(
    "case",
    [
        (lambda t: t.drop(columns="age"), "out.csv", DataMissing, "no column 'age'"),
        (lambda t: t.drop(columns=["id", "plan"]), "out.csv", DataMissing, "'id', 'plan'"),
        (lambda t: t.head(0), "out.csv", DataError, "no rows"),
        (lambda t: t, "out.xlsx", SpecError, r"(?s)out\.xlsx.*\.csv or \.parquet"),
        (lambda t: t, "out", SpecError, r"(?s)no ending.*\.csv or \.parquet"),
        (lambda t: t, "no/such/out.csv", SpecError, "there is no folder"),
        (lambda t: t, "table.csv", SpecError, "it is read"),
    ],
)
def test_wrong_request_is_told_and_leaves_nothing(tmp_path, binary, case):
    change, out, error, told = case
    source = write_as(change(ROWS), tmp_path / "table.csv")
    before = (tmp_path / "table.csv").read_text()
    with pytest.raises(error, match=told):
        score_table(binary, TOY, source, str(tmp_path / out))
    assert files_in(tmp_path) == ["table.csv"]
    assert (tmp_path / "table.csv").read_text() == before


@pytest.mark.parametrize("name", ["prediction", "probability", "reason"])
def test_key_that_the_answer_would_hide_is_refused(tmp_path, binary, name):
    spec = parse_spec(SPEC.replace("key: [id]", f"key: [{name}]"), "toy.yaml")
    with pytest.raises(SpecError, match=f"'{name}' cannot be handed through"):
        score_table(binary, spec, write_as(ROWS, tmp_path / "t.csv"), str(tmp_path / "out.csv"))


def test_columns_that_nobody_asked_for_are_ignored_and_the_target_need_not_be_there(tmp_path, binary):
    source = write_as(ROWS[["plan", "age", "id"]].assign(other="x", y="no number"), tmp_path / "t.csv")
    assert score_table(binary, TOY, source, str(tmp_path / "out.csv")).broken == 0


def test_column_that_cannot_be_read_at_all_gives_every_row_its_reason(tmp_path, binary):
    source = write_as(ROWS.assign(age="young"), tmp_path / "t.csv")
    assert score_table(binary, TOY, source, str(tmp_path / "out.csv")).broken == len(ROWS)


def test_answer_is_written_to_an_address(tmp_path, binary):
    import fsspec

    score_table(binary, TOY, write_as(ROWS, tmp_path / "t.csv"), "memory://answers/out.csv")
    with fsspec.open("memory://answers/out.csv", "rt") as file:
        assert len(file.readlines()) == 1 + len(ROWS)
