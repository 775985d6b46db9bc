"""`predict` with lags and the user's own step: the same features as at training, however the table is cut."""

import sqlite3
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from adapters import registry, scoring
from adapters.scoring import Way, score_table
from core.errors import DataMissing, DataRejected
from core.features import FeatureColumns
from core.lags import LagPlan, add_lags
from core.preparation import CustomCode, Preparation, WithStep
from core.records import Version
from core.source_spec import SqlSource
from core.spec_reading import parse_spec
from core.target import TargetCoding
from tests.adapters.conftest import ROWS, pipeline_of, record_of

SPEC = parse_spec(
    """
name: toy
target: {column: y}
data: {source: nowhere.csv, key: [id], time: at}
contract: {columns: {price: {type: float, max: 1000}}}
""",
    "toy.yaml",
)
LAGS = LagPlan(("price",), "shop", (1, 2), "at")
MADE = tuple(LAGS.made)
N = 40
RNG = np.random.default_rng(0)
# In no order of time, and with two rows at one moment of a shop.
SALES = pd.DataFrame(
    {
        "id": range(N),
        "shop": RNG.choice(["a", "b", "c"], N),
        "at": pd.Timestamp("2026-01-01") + pd.to_timedelta(RNG.integers(0, 25, N), unit="D"),
        "price": np.round(RNG.uniform(0, 100, N), 2),
    }
)


class Shown:
    """A model that shows what it read: its prediction is one of its columns."""

    def __init__(self, column: str) -> None:
        self.column, self.read = column, list[pd.DataFrame]()

    def predict(self, rows: pd.DataFrame) -> np.ndarray:
        self.read.append(rows)
        return rows[self.column].fillna(-1.0).to_numpy(float)


def version_with(
    monkeypatch: pytest.MonkeyPatch,
    model: object,
    columns: FeatureColumns,
    preparation: Preparation,
    held: dict[str, str],
) -> Version:
    monkeypatch.setattr(registry, "load_pipeline", lambda _: model)
    monkeypatch.setattr(scoring, "column_types", lambda _: held)
    record = record_of(pipeline_of("dummy", "binary"))
    coding = TargetCoding("regression", ())
    return Version(1, "run", "nowhere", replace(record, coding=coding, columns=columns, preparation=preparation), "")


@pytest.fixture
def lagged(monkeypatch: pytest.MonkeyPatch) -> Version:
    columns = FeatureColumns(("price", *MADE), ())
    return version_with(monkeypatch, Shown(MADE[1]), columns, Preparation(lags=LAGS, made=MADE), {"at": "datetime"})


def answered(version: Version, source: object, out: Path, n_rows: int | None = None) -> tuple[list[float], int]:
    scored = score_table(version, SPEC, source, str(out), Way(n_rows))
    return pd.read_csv(out)["prediction"].tolist(), scored.without_past


@pytest.mark.parametrize("n_rows", [1, 7, 1000])
def test_lag_reads_the_past_of_the_whole_table_however_it_is_cut(tmp_path, lagged, n_rows):
    SALES.to_csv(tmp_path / "t.csv", index=False)
    lags = add_lags(SALES, LAGS)[list(MADE)]
    found, without_past = answered(lagged, str(tmp_path / "t.csv"), tmp_path / "out.csv", n_rows)
    np.testing.assert_allclose(found, lags[MADE[1]].fillna(-1.0))
    assert without_past == lags.isna().all(axis=1).sum() > 0


def test_lag_of_a_query_is_that_of_its_rows_though_it_is_asked_once(tmp_path, lagged):
    with sqlite3.connect(tmp_path / "t.db") as database:
        SALES.to_sql("t", database, index=False)
    source = SqlSource(sql="select * from t order by random()", url=f"sqlite:///{tmp_path / 't.db'}")
    score_table(lagged, SPEC, source, str(tmp_path / "out.csv"), Way(7))
    found = pd.read_csv(tmp_path / "out.csv").set_index("id")["prediction"].sort_index()
    np.testing.assert_allclose(found, add_lags(SALES, LAGS)[MADE[1]].fillna(-1.0))


def test_lags_that_the_table_brings_are_read(tmp_path, lagged):
    SALES.assign(**dict.fromkeys(MADE, 5.0)).drop(columns=["shop", "at"]).to_csv(tmp_path / "t.csv", index=False)
    assert answered(lagged, str(tmp_path / "t.csv"), tmp_path / "out.csv") == ([5.0] * N, 0)


def test_row_that_breaks_the_contract_is_in_the_past_as_at_training(tmp_path, lagged):
    rows = SALES.assign(price=SALES["price"].where(SALES["id"] > 4, 2000.0))
    rows.to_csv(tmp_path / "t.csv", index=False)
    found, _ = answered(lagged, str(tmp_path / "t.csv"), tmp_path / "out.csv", 3)
    expected = add_lags(rows, LAGS)[MADE[1]].fillna(-1.0)
    np.testing.assert_allclose(found[5:], expected[5:])
    assert np.isnan(found[:5]).all()


def test_table_without_what_lags_read_is_refused(tmp_path, lagged):
    SALES.drop(columns="shop").to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(DataMissing, match="no column 'shop'"):
        answered(lagged, str(tmp_path / "t.csv"), tmp_path / "out.csv")


def own_step(frame: pd.DataFrame) -> pd.DataFrame:
    # Of a moment a number, under the same name; and what a whole number looks like as text.
    return frame.assign(at=frame["at"].dt.day * 1.0, length=frame["code"].astype(str).str.len() * 1.0)


CUSTOM = Preparation(custom=CustomCode("mine:own_step", "d"), target="y", kept=("id",), made=("length",))
HELD = {"id": "int", "at": "datetime", "code": "int", "y": "float"}


@pytest.mark.parametrize(("column", "expected"), [("at", [3.0, 4.0]), ("length", [1.0, 3.0])])
@pytest.mark.parametrize("n_rows", [1, 2])
def test_step_reads_the_columns_of_training_in_their_types_and_makes_its_own(
    tmp_path, monkeypatch, column, expected, n_rows
):
    model = WithStep(Shown(column), own_step)
    version = version_with(monkeypatch, model, FeatureColumns(("at", "length"), ()), CUSTOM, HELD)
    (tmp_path / "t.csv").write_text("id,at,code,y\n1,2026-01-03,7,odd\n2,2026-02-04,123,\n")
    assert answered(version, str(tmp_path / "t.csv"), tmp_path / "out.csv", n_rows) == (expected, 0)


def test_row_that_the_step_cannot_read_has_a_reason_and_costs_no_other(tmp_path, monkeypatch):
    model = WithStep(Shown("length"), own_step)
    version = version_with(monkeypatch, model, FeatureColumns(("at", "length"), ()), CUSTOM, HELD)
    (tmp_path / "t.csv").write_text("id,at,code\n1,2026-01-03,7\n2,soon,8\n3,2026-02-04,\n")
    scored = score_table(version, SPEC, str(tmp_path / "t.csv"), str(tmp_path / "out.csv"))
    found = pd.read_csv(tmp_path / "out.csv")
    assert found["reason"].fillna("").str.contains("at: type datetime").tolist() == [False, True, False]
    assert (scored.predicted, found["prediction"].isna().tolist()) == (2, [False, True, False])


class Sure:
    """A binary model that is 0.3 sure of every row."""

    def predict_proba(self, rows: pd.DataFrame) -> np.ndarray:
        return np.tile([0.7, 0.3], (len(rows), 1))


@pytest.mark.parametrize(("threshold", "expected"), [(0.2, True), (0.3, False), (0.5, False)])
def test_row_is_positive_above_the_models_own_threshold(tmp_path, monkeypatch, threshold, expected):
    monkeypatch.setattr(registry, "load_pipeline", lambda _: Sure())
    record = record_of(pipeline_of("dummy", "binary"))
    record = replace(record, columns=FeatureColumns(("price",), ()), report=replace(record.report, threshold=threshold))
    SALES.to_csv(tmp_path / "t.csv", index=False)
    score_table(Version(1, "run", "nowhere", record, ""), SPEC, str(tmp_path / "t.csv"), str(tmp_path / "out.csv"))
    found = pd.read_csv(tmp_path / "out.csv")
    assert (set(found["prediction"]), set(found["probability"])) == ({expected}, {0.3})


@pytest.mark.parametrize("problem", ["multiclass", "regression"])
@pytest.mark.parametrize("family", ["hist_gradient_boosting", "linear"])
def test_prediction_is_the_same_alone_and_among_others(tmp_path, monkeypatch, problem, family):
    linear = "linear_regression" if problem == "regression" else "logistic_regression"
    pipeline = pipeline_of(linear if family == "linear" else family, problem)
    monkeypatch.setattr(registry, "load_pipeline", lambda _: pipeline)
    coding = TargetCoding(problem, (0, 1, 2) if problem == "multiclass" else ())
    version = Version(1, "run", "nowhere", replace(record_of(pipeline_of("dummy", "binary")), coding=coding), "")
    ROWS.head(25).assign(id=range(25)).to_csv(tmp_path / "t.csv", index=False)
    found = []
    for n_rows in (1, 1000):
        score_table(version, SPEC, str(tmp_path / "t.csv"), str(tmp_path / "out.csv"), Way(n_rows))
        found.append(pd.read_csv(tmp_path / "out.csv"))
    assert found[0]["prediction"].notna().all()
    # A linear model's sums are taken in another order; trees only compare.
    tolerance = 1e-12 if family == "linear" else 0
    pd.testing.assert_frame_equal(*found, rtol=tolerance, atol=tolerance)


def test_blank_line_of_a_single_column_is_a_row(tmp_path, monkeypatch):
    version = version_with(monkeypatch, Shown("price"), FeatureColumns(("price",), ()), Preparation(), {})
    spec = parse_spec("{name: toy, target: {column: y}, data: {source: nowhere.csv}}", "toy.yaml")
    (tmp_path / "t.csv").write_text("price\n1.5\n\n2.5\n")
    score_table(version, spec, str(tmp_path / "t.csv"), str(tmp_path / "out.csv"))
    assert pd.read_csv(tmp_path / "out.csv")["prediction"].tolist() == [1.5, -1.0, 2.5]


def test_key_that_parquet_cannot_hold_is_told_and_a_csv_holds_it(tmp_path, monkeypatch):
    version = version_with(monkeypatch, Shown("price"), FeatureColumns(("price",), ()), Preparation(), {"id": "int"})
    SALES.assign(id=[2**63 + i for i in range(N)]).to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(DataRejected, match="the key 9223372036854775808 cannot be written"):
        score_table(version, SPEC, str(tmp_path / "t.csv"), str(tmp_path / "out.parquet"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["t.csv"]
    score_table(version, SPEC, str(tmp_path / "t.csv"), str(tmp_path / "out.csv"))
    assert pd.read_csv(tmp_path / "out.csv", dtype=str)["id"].iloc[-1] == str(2**63 + N - 1)
