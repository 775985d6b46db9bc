from dataclasses import replace

from core.outcomes import CheckOutcome, ReleaseOutcome, ScoringOutcome, TrainingOutcome
from core.page import Link
from core.summary import (
    baseline_rows,
    check_summary,
    finding_rows,
    release_summary,
    scoring_summary,
    summary_markdown,
    training_summary,
)

METRICS = {
    "test": {"roc_auc": 0.9},
    "baselines": {"dummy": {"roc_auc": 0.5}, "linear": {"roc_auc": 0.8}},
    "champion": {"roc_auc": 0.85},
    "challenger": {"roc_auc": 0.88},
    "difference": {"value": 0.03, "low": 0.01, "high": 0.05},
}
TRAINING = TrainingOutcome(
    model="toy", verdict="registered", reason="gain +0.03", version=3, metrics=METRICS,
    best={"family": "forest", "params": {}}, trials=8, model_digest="m", data_digest="d", spec_digest="s",
    cause="e1", event_id="e2", data_until="2026-03-31", rows=100, snapshot_rows=100, window=None, warnings=[],
    features=[], quarantined=None, stages=[], seconds=3.25, flow_run_id="r", mlflow_run_id="m", classes=[],
    weights="none", threshold=0.5, log_target=False, members=[], calibration=None, learning_curve=None,
)  # fmt: skip
FINDINGS = [
    {"column": "b", "kind": "number", "effect": 0.1, "threshold": 0.2, "drifted": False, "importance": 0.9},
    {"column": "c", "kind": "number", "effect": 0.9, "threshold": 0.2, "drifted": True, "importance": 0.1},
    {"column": "a", "kind": "number", "effect": 0.5, "threshold": 0.2, "drifted": True, "importance": 0.4},
]
CHECK = CheckOutcome(
    model="toy", window={"start": "2026-01-01", "end": "2026-02-01", "rows": 50, "digest": "d" * 64, "new_rows": 9},
    findings=FINDINGS, drifted_share=0.5, severity="decay", decision="retrain", reason="loss up",
    performance={"realized": {"metrics": {"roc_auc": 0.7}, "n_rows": 40}, "estimated": {"loss": 0.4}},
    event_id="e", report="r.html", quarantined=None, champion=2, cause=None, matters=True, seconds=1.0, flow_run_id="r",
)  # fmt: skip
RELEASE = ReleaseOutcome(
    model="toy", from_version=1, to_version=2, verdict="refused", reason="too slow",
    checks=[{"name": "a", "passed": True, "detail": ""}, {"name": "b", "passed": False, "detail": ""}],
    journal_entry=None, cause=None, event_id=None, approved_by=None, move=None, seconds=1.0, flow_run_id="r",
)  # fmt: skip


def test_summary_starts_with_the_verdict_and_why():
    text = summary_markdown(training_summary(TRAINING, (Link("page", "file:///a b.html"),)))
    assert text.startswith("# toy: training registered\n\ngain +0.03\n")
    assert "- [page](<file:///a b.html>)" in text


def test_training_tells_its_gain_with_the_interval_and_its_tags():
    told = training_summary(TRAINING, ())
    assert dict(told.numbers)["gain over the champion"] == "+0.0300 [+0.0100, +0.0500]"
    assert dict(told.numbers)["roc_auc"] == "0.9000 (linear 0.8000)"
    assert told.tags == ("model:toy", "verdict:registered", "cause:event")


def test_training_without_a_champion_tells_no_gain():
    first = replace(TRAINING, metrics=METRICS | {"champion": None, "challenger": None, "difference": None})
    assert "gain over the champion" not in dict(training_summary(first, ()).numbers)
    assert set(baseline_rows(first.metrics)[0]) == {"metric", "this model", "dummy baseline", "linear baseline"}


def test_champion_stands_beside_the_model_on_the_same_rows():
    assert baseline_rows(METRICS)[0]["champion, same rows"] == 0.85


def test_check_tells_realized_performance_only_where_labels_have_arrived():
    assert dict(check_summary(CHECK, ()).numbers)["realized roc_auc"] == "0.7000"
    blind = replace(CHECK, performance={"realized": None, "estimated": {}})
    assert [name for name, _ in check_summary(blind, ()).numbers if name.startswith("realized")] == []


def test_findings_that_matter_come_first():
    assert [row["column"] for row in finding_rows(FINDINGS)] == ["a", "c", "b"]


def test_release_that_was_refused_says_that_the_champion_stays():
    told = release_summary(RELEASE, ())
    assert (dict(told.numbers)["champion"], dict(told.numbers)["checks"]) == ("stays", "1 of 2 passed")


def test_batch_tells_how_many_rows_have_no_prediction():
    outcome = ScoringOutcome("toy", 2, "in.csv", "out.csv", 10, 8, 2, [], 1.0, "r")
    assert dict(scoring_summary(outcome, ()).numbers)["without a prediction"] == "2"
