"""What is wrong with data stops a training or is told with it, and what is set aside is never silent."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from adapters import journal, registry
from core.errors import DataRejected
from tests.conftest import TOY, Project, toy_table

BY_ROWS = TOY.replace("  unique: [customer]", "  unique: [customer]\n  quarantine: rows\n  max_broken_share: 0.05")


@pytest.fixture
def trained(project: Project) -> Any:
    from flows.training import train

    project.write_spec(BY_ROWS)
    frame = toy_table(1500)
    frame.loc[:9, "age"] = -5.0
    frame.loc[10:14, "plan"] = "gold"
    project.land(frame.assign(row=range(len(frame))))
    return train("toy", overrides=("search.trials=1", "search.families=[logistic_regression]"))


def test_leak_stops_the_training_before_anything_is_fitted(project: Project) -> None:
    from flows.training import train

    frame = toy_table(1500)
    project.land(frame.assign(bought_at_visit=frame.bought.map({True: "y", False: "n"})))
    with pytest.raises(DataRejected) as refused:
        train("toy")
    assert "'bought_at_visit' is the target: one value for each class" in refused.value.what
    assert "ROC AUC 1.0000 alone" in refused.value.why
    assert "`features.drop`" in refused.value.fix
    assert registry.list_versions("toy") == []
    (entry,) = journal.entries("toy", "training")
    assert (entry["verdict"], entry["kind_of_error"]) == ("refused", "data_rejected")
    assert "'bought_at_visit' is the target" in entry["reason"]
    # What was never trained on counts neither as volume nor as seen.
    assert journal.finished_trainings("toy") == []


def test_broken_rows_are_set_aside_with_their_reason_and_told(trained: Any, project: Project) -> None:
    aside = trained.quarantined
    assert (aside["n_rows"], aside["share"]) == (15, 0.01)
    assert trained.rows == 1485
    assert trained.snapshot_rows == 1500
    rows = pd.read_parquet(aside["rows"])
    assert rows["quarantine_reason"].tolist() == ["age: min 0"] * 10 + ["plan: values"] * 5
    with Path(aside["findings"]).open() as file:
        assert [rule["rule"] for rule in json.load(file)["rules"]] == ["min 0", "values"]
    assert journal.entries("toy", "training")[0]["quarantined"]["n_rows"] == 15


def test_warning_is_in_the_document_and_in_the_journal(trained: Any) -> None:
    assert [(each["column"], each["blocks"]) for each in trained.warnings] == [("row", False)]
    assert set(trained.warnings[0]) >= {"column", "what", "evidence", "blocks"}
    assert journal.entries("toy", "training")[0]["warnings"] == trained.warnings


def test_check_sets_broken_rows_aside_and_goes_on_with_the_rest(trained: Any, project: Project) -> None:
    from flows.check_drift import check_drift
    from flows.release import release

    release("toy", trained.version, approved_by=None)
    outcome = check_drift("toy", overrides=("monitor.window={rows: 1500}",))
    assert outcome.severity != "broken_data"
    assert (outcome.quarantined["n_rows"], outcome.window["rows"]) == (15, 1485)
    assert journal.entries("toy", "check")[0]["quarantined"]["n_rows"] == 15


def test_batch_with_too_many_broken_rows_is_kept_whole(project: Project) -> None:
    from flows.training import train

    project.write_spec(BY_ROWS)
    frame = toy_table(1500)
    frame.loc[:199, "age"] = -5.0
    project.land(frame)
    with pytest.raises(DataRejected) as refused:
        train("toy")
    assert "age: min 0 broken by 200 rows" in refused.value.why
    assert "max_broken_share 0.05 broken by 200 rows" in refused.value.why
    kept = list((project.home / "store" / "quarantine" / "toy").glob("*.parquet"))
    assert [len(pd.read_parquet(path)) for path in kept] == [1500]


def test_stale_data_are_refused_also_when_they_were_fresh_once(project: Project) -> None:
    from flows.training import train

    frame = toy_table(1500)
    project.land(frame)
    with pytest.raises(DataRejected) as refused:
        train("toy", overrides=("contract.freshness=1d",))
    assert "day: freshness 1d broken by 1500 rows, such as 2026-" in refused.value.why


def test_volume_is_held_against_the_trainings_before(project: Project) -> None:
    from flows.training import train

    journal.append("toy", "training", {"rows": 9000, "snapshot_rows": 9000})
    project.land(toy_table(1500))
    with pytest.raises(DataRejected) as refused:
        train("toy", overrides=("contract.volume={min_share: 0.5}",))
    assert "volume 4500 to 18000 rows" in refused.value.why
