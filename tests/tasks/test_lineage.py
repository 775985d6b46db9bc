"""Every link of a version's lineage, touched on the disk, is named: a registered version with all that it came from."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from adapters import journal, moves, registration
from adapters.settings import settings
from adapters.storage import store_path, write_array, write_bytes, write_content, write_frame
from cli.status_command import _text
from core.appraisal import Scored, appraise
from core.moves import Move
from core.records import Version
from core.spec import spec_digest
from tasks.descent import descent_of
from tasks.lineage import lineage_of
from tasks.standing import standing_of
from tests.adapters.conftest import ROWS, TARGETS, pipeline_of, record_of

REPORT = b"<html>drifted</html>"
MOVE = Move(0, "toy", "release", None, 1, "passed 6 checks", None, "ada", "r-3", "")


@pytest.fixture(scope="module")
def registered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Version]:
    with pytest.MonkeyPatch.context() as patch:
        home = tmp_path_factory.mktemp("home")
        patch.setenv("EVERFIT_HOME", str(home))
        (home / "models").mkdir()
        (home / "models" / "toy.yaml").write_text("name: toy\n")
        patch.setenv("EVERFIT_MODELS", str(home / "models"))
        settings.cache_clear()
        yield register()
    settings.cache_clear()


def register() -> Version:
    pipeline = pipeline_of("logistic_regression", "binary")
    data, golden = write_frame(ROWS), write_frame(ROWS.head(5), "golden")
    window = write_frame(ROWS.tail(20), "windows")
    report = store_path("reports", "toy", "1.html")
    write_bytes(report, REPORT)
    told = {"decision": "retrain", "severity": "drift", "reason": "age drifted", "flow_run_id": "r-1", "champion": 1}
    digest = hashlib.sha256(REPORT).hexdigest()
    seen = {"report": report, "report_digest": digest, "window": {"digest": window.sha256, "rows": 20}}
    journal.append("toy", "check", told | seen | {"event_id": "e-1"})
    digests = {"data_digest": data.sha256, "model_digest": "d1"}
    journal.append("toy", "training", {"flow_run_id": "r-2", "rows": len(ROWS)} | digests)
    # Something follows in every life; it holds what came before.
    journal.append("toy", "watch", {"version": 1, "requests": 0})
    spec = {"name": "toy", "seed": 0, "data": {"source": "lake://toy"}}
    made, prediction = record_of(pipeline), pipeline.predict_proba(ROWS)[:, 1]
    scored = Scored("binary", ("False", "True"), TARGETS["binary"], prediction, 0.5, None)
    record = replace(
        made,
        data=data,
        report=replace(made.report, predictions=write_array(prediction)),
        profile=write_content(b"a profile", "references", ".json.gz"),
        reference=write_frame(ROWS.head(50), "reference"),
        golden=golden,
        spec=spec,
        spec_digest=spec_digest(spec),
        cause="e-1",
        flow_run="r-2",
        environment={"python": "3.11"},
    )
    version = registration.register(record, pipeline, ROWS.head(5), (), appraise(scored, "roc_auc", 0, {}))
    move = moves.make(replace(MOVE, to_version=version.number))
    journal.append("toy", "release", {"to_version": version.number, "move": move.number, "approved_by": move.by})
    return version


def edited(path: Path, old: str, new: str) -> tuple[Path, bytes]:
    content = path.read_text()
    assert old in content
    return path, content.replace(old, new).encode()


def touched(link: str, version: Version, found: dict[str, Any]) -> tuple[Path, bytes | None]:
    """The file behind a link, and what somebody makes of it; None: it is gone."""
    store, data = Path(store_path()), {row["role"]: Path(row["uri"]) for row in found["data"]}
    artifacts = settings().home / "mlartifacts" / "toy"
    (model_file,) = artifacts.rglob("model.skops")
    check, training, release = (
        min((store / "journal" / "toy").glob(f"*-{kind}-*.json")) for kind in ("check", "training", "release")
    )
    record = artifacts / version.run_id / "artifacts" / "everfit" / "record.json"
    history = store / "moves" / "toy" / "000001.move.json"
    files: dict[str, tuple[Path, bytes | None]] = {
        "snapshot": (data["snapshot"], b"other rows"),
        "reference": (data["reference"], None),
        "golden": (data["golden"], b"other rows"),
        "profile": (Path(str(version.record.profile)), b"another profile"),
        "predictions": (Path(version.record.report.predictions), None),
        "record": (record, b"{}"),
        "appraisal": edited(record.with_name("appraisal.json"), "roc_auc", "auc"),
        "appraisal that is gone": (record.with_name("appraisal.json"), None),
        "event": edited(record, "e-1", "e-9"),
        "source": edited(record, "lake://toy", "lake://other"),
        "environment": edited(record, "3.11", "2.7"),
        "flow_run": (training, None),
        "another flow run": edited(training, "r-2", "r-9"),
        "training on other data": edited(training, version.record.data.sha256, "0" * 64),
        "training of another model": edited(training, '"d1"', '"d2"'),
        "cause": (check, None),
        "decision": edited(check, "retrain", "note"),
        "report": (Path(found["cause"]["report"]), b"<html>all is well</html>"),
        "window": (store / "windows" / f"{found['cause']['window']['digest']}.parquet", None),
        "model_file": (model_file, b"another model"),
        "approval": edited(history, "ada", "eve"),
        "approval of nobody": (history, None),
        "approval in the journal": edited(release, "ada", "eve"),
    }
    return files[link]


@pytest.mark.parametrize(
    ("link", "named"),
    [
        *((link, {link}) for link in ("snapshot", "reference", "golden", "record", "report", "window", "model_file")),
        *((link, {link}) for link in ("profile", "predictions", "appraisal")),
        ("appraisal that is gone", {"appraisal"}),
        ("training on other data", {"training", "journal"}),
        ("training of another model", {"training", "journal"}),
        # What the record says is held by the record's digest, what the journal says by the journal's chain.
        ("event", {"record"}),
        ("source", {"record"}),
        ("environment", {"record"}),
        ("flow_run", {"flow_run", "journal"}),
        ("another flow run", {"flow_run", "journal"}),
        ("cause", {"cause", "journal"}),
        ("decision", {"journal"}),
        ("approval", {"approval"}),
        ("approval of nobody", {"approval"}),
        ("approval in the journal", {"approval", "journal"}),
    ],
)
def test_link_that_is_touched_is_named_and_no_other(registered: Version, link: str, named: set[str]) -> None:
    found = lineage_of(registered)
    assert found["broken"] == []
    assert (found["approved_by"], found["cause"]["decision"]) == ("ada", "retrain")
    path, content = touched(link, registered, found)
    kept = path.read_bytes()
    try:
        path.unlink() if content is None else path.write_bytes(content)
        broken = {told.partition(":")[0] for told in lineage_of(registered)["broken"]}
    finally:
        path.write_bytes(kept)
    assert broken == named


@pytest.mark.parametrize("content", [b"", b'{"id": "2026'], ids=["empty", "cut"])
def test_journal_entry_that_cannot_be_read_breaks_no_reader_and_is_named_by_lineage_and_status(
    registered: Version, content: bytes
) -> None:
    (training,) = (Path(store_path()) / "journal" / "toy").glob("*-training-*.json")
    kept = training.read_bytes()
    training.write_bytes(content)
    try:
        broken, standing = lineage_of(registered)["broken"], standing_of("toy")
    finally:
        training.write_bytes(kept)
    named = f"journal: {training.stem} cannot be read: it is no JSON"
    assert [told.startswith(named) for told in (*standing["broken"], broken[-1])] == [True, True]
    assert f"  BROKEN  {named}" in _text(standing)
    assert [decision["decision"] for decision in standing["decisions"]] == ["retrain"]
    assert standing["champion"]["version"] == registered.number
    assert standing_of("toy")["broken"] == []


def test_commit_that_this_checkout_does_not_hold_is_named(registered: Version) -> None:
    elsewhere = replace(registered, record=replace(registered.record, git_commit="0" * 40))
    assert [told.partition(":")[0] for told in lineage_of(elsewhere)["broken"]] == ["git_commit"]


def test_spec_that_was_replaced_is_named(registered: Version) -> None:
    spec = registered.record.spec | {"seed": 99}
    broken = lineage_of(replace(registered, record=replace(registered.record, spec=spec)))["broken"]
    assert [told.partition(":")[0] for told in broken] == ["spec"]


def test_record_that_was_rewritten_together_with_its_digest_is_told_by_the_journal(registered: Version) -> None:
    report = replace(registered.record.report, digest="of a better model")
    broken = lineage_of(replace(registered, record=replace(registered.record, report=report)))["broken"]
    assert [told.partition(":")[0] for told in broken] == ["training"]


def test_champion_that_nobody_moved_is_named(registered: Version) -> None:
    history = Path(store_path()) / "moves" / "toy"
    kept = history.rename(history.with_name("elsewhere"))
    try:
        broken = lineage_of(registered)["broken"]
    finally:
        kept.rename(history)
    assert "approval: version 1 is champion, and no move of the history made it so" in broken


def test_snapshot_and_window_lead_forward(registered: Version) -> None:
    found = descent_of(registered.record.data.sha256[:10])
    assert [(row["model"], row["version"]) for row in found["versions"]] == [("toy", 1)]
    window = lineage_of(registered)["cause"]["window"]["digest"]
    (check,) = descent_of(window)["checks"]
    assert check["event_id"] == "e-1"
