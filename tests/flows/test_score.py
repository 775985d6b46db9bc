"""A batch on a small table; each test goes on where the one before stopped."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from adapters.prediction_log import log_files, read_log
from core.errors import DataMissing, StorageUnavailable
from tests.conftest import Project, toy_table


@pytest.fixture(scope="module")
def landed(shared_project: Project) -> Project:
    shared_project.land(toy_table())
    return shared_project


@pytest.fixture(scope="module")
def released(landed: Project) -> Any:
    from adapters.registry import set_champion
    from flows.training import train

    trained = train("toy", overrides=("search.trials=1", "search.families=[logistic_regression]"))
    set_champion("toy", trained.version)
    return trained


def test_batch_without_a_champion_is_told(landed: Project) -> None:
    from flows.score import score

    with pytest.raises(DataMissing, match="toy has no champion"):
        score("toy")


def test_batch_writes_a_prediction_for_each_row_and_the_same_into_the_log(released: Any, tmp_path: Path) -> None:
    from flows.score import score

    table = toy_table(500, seed=3)
    table.loc[7, "age"] = -5
    table.to_parquet(tmp_path / "new.parquet")
    outcome = score("toy", source=str(tmp_path / "new.parquet"), out=str(tmp_path / "out.parquet"))
    assert (outcome.rows, outcome.predicted, outcome.broken) == (500, 499, 1)
    written, log = pd.read_parquet(tmp_path / "out.parquet"), read_log("toy")
    good = written[written["reason"].isna()].reset_index(drop=True)
    assert log["customer"].tolist() == good["customer"].tolist()
    assert log["probability"].tolist() == good["probability"].tolist()
    assert log["prediction"].tolist() == good["prediction"].tolist()
    assert set(log["request_id"]) == {outcome.flow_run_id}
    assert log["request_row"].tolist() == [row for row in range(500) if row != 7]
    assert (set(log["model_version"]), set(log["served_as"])) == ({outcome.version}, {"batch"})
    # The label was there; what was asked was without it.
    assert "bought" not in log


def test_snapshot_leads_forward_to_the_batches_and_rows_that_models_of_it_predicted(released: Any) -> None:
    from tasks.descent import descent_of

    found = descent_of(released.data_digest)
    assert [(row["model"], row["version"]) for row in found["versions"]] == [("toy", released.version)]
    (batch,) = found["batches"]
    assert (batch["rows"], batch["scored_it"], batch["version"]) == (500, False, released.version)
    assert [(row["served_as"], row["rows"]) for row in found["served"]] == [("batch", 499)]


def test_batch_on_dask_writes_the_same(released: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from adapters import scoring
    from flows.score import score

    way = scoring.Way
    monkeypatch.setattr("tasks.scoring.Way", lambda **given: way(n_rows=60, **given))
    table = pd.concat([toy_table(500, seed=3), toy_table(10, seed=3)])
    table.to_parquet(tmp_path / "new.parquet")
    for name, workers in (("one", None), ("many", 2)):
        score("toy", source=str(tmp_path / "new.parquet"), out=str(tmp_path / f"{name}.csv"), workers=workers)
    assert (tmp_path / "one.csv").read_text() == (tmp_path / "many.csv").read_text()


def test_batch_that_fails_leaves_nothing_in_the_log(
    released: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tasks import scoring

    toy_table(100, seed=4).to_parquet(tmp_path / "new.parquet")
    before, written = log_files("toy"), scoring.write_scored

    def fails_later(model: str, rows: pd.DataFrame) -> str:
        if len(log_files("toy")) > len(before):
            raise StorageUnavailable("cannot write", "the disk is full", "free some")
        return written(model, rows)

    monkeypatch.setattr(scoring, "write_scored", fails_later)
    monkeypatch.setattr(scoring, "Way", lambda way=scoring.Way, **given: way(n_rows=40, **given))
    from adapters.registry import find_champion
    from adapters.specs import read_spec

    target = (str(tmp_path / "out.csv"), "run")
    with pytest.raises(StorageUnavailable, match="the disk is full"):
        scoring.score_rows.fn(find_champion("toy"), read_spec("toy"), str(tmp_path / "new.parquet"), target, None)
    assert log_files("toy") == before
    assert not (tmp_path / "out.csv").exists()


def test_log_is_the_window_of_a_check_and_labels_join_it_later(released: Any, tmp_path: Path) -> None:
    from flows.check_drift import check_drift
    from flows.score import score

    # Later than the training, so that the model has not seen them.
    later = toy_table(400, seed=5, shift=0.01)
    later.drop(columns="bought").to_parquet(tmp_path / "later.parquet")
    score("toy", source=str(tmp_path / "later.parquet"), out=str(tmp_path / "out.csv"))
    later[["customer", "bought"]].to_parquet(tmp_path / "labels.parquet")
    joined = f"monitor.labels.source={tmp_path / 'labels.parquet'}"
    outcome = check_drift("toy", overrides=("monitor.source=log://toy", joined))
    assert outcome.window["rows"] == len(read_log("toy"))
    assert outcome.performance["realized"] is not None
    assert {finding["column"] for finding in outcome.findings} >= {"age", "plan", "visits"}
