"""The loop on a small table: train, release, check, retrain. Each test goes on where the one before stopped."""

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from prefect.artifacts import Artifact
from prefect.client.orchestration import get_client

from adapters import journal, page_log, registry
from core.errors import DataRejected, StorageUnavailable
from core.page import plain
from tests.conftest import TOY, Project, toy_table


@pytest.fixture(scope="module")
def landed(shared_project: Project) -> Project:
    shared_project.land(toy_table())
    return shared_project


@pytest.fixture(scope="module")
def trained(landed: Project) -> Any:
    from flows.training import train

    return train("toy")


@pytest.fixture(scope="module")
def released(trained: Any) -> Any:
    from flows.release import release

    return release("toy", trained.version, approved_by=None)


def test_check_before_the_first_release_has_nothing_to_compare_with(landed: Project) -> None:
    from flows.check_drift import check_drift

    assert check_drift("toy", return_state=True).name == "NoChampion"
    shown = Artifact.get("summary-check-drift-toy")
    assert shown is not None
    assert "toy has no champion yet" in shown.data


def test_first_training_registers_a_model_that_has_learned_something(trained: Any) -> None:
    assert (trained.verdict, trained.version) == ("registered", 1)
    assert trained.metrics["test"]["roc_auc"] > 0.8
    assert trained.metrics["baselines"]["dummy"]["roc_auc"] == 0.5


def test_training_tells_the_members_of_its_model_and_where_its_learning_curve_is(trained: Any) -> None:
    import mlflow

    assert trained.members[0] == trained.best
    curves = mlflow.artifacts.load_dict(trained.learning_curve)["members"]
    assert [{"family": each["family"], "params": each["params"]} for each in curves] == trained.members


def test_stages_are_told_in_the_order_of_the_flowchart(trained: Any) -> None:
    names = [stage["name"] for stage in trained.stages]
    assert names == [
        "ingest", "validate", "split", "sentinel", "build_features", "tune", "fit", "evaluate", "gate", "register",
        "announce",
    ]  # fmt: skip


def test_training_shows_a_summary_tables_pictures_and_tags(trained: Any) -> None:
    summary = Artifact.get("summary-training-toy")
    assert summary is not None
    assert f"# toy: training registered\n\n{plain(trained.reason)}" in summary.data
    assert "models:/toy/1" in summary.data
    shown = {key: Artifact.get(f"{key}-toy") for key in ("trials", "baselines", "slices", "roc", "calibration")}
    assert [key for key, artifact in shown.items() if artifact is None] == []
    assert shown["roc"].data.startswith("data:image/svg+xml;base64,")
    assert max(len(json.dumps(artifact.data)) for artifact in (summary, *shown.values())) <= 1_000_000
    with get_client(sync_client=True) as client:
        run = client.read_flow_run(trained.flow_run_id)
    assert set(run.tags) == {"model:toy", "verdict:registered", "cause:person"}
    assert run.name == "train-toy-until-2026-03-31"


def test_page_of_a_new_version_is_in_the_store_and_in_mlflow(trained: Any, landed: Project) -> None:
    with registry.answering() as client:
        run = client.get_run(trained.mlflow_run_id).info
        found = {each.path for each in client.list_artifacts(run.run_id, "everfit")}
        description = client.get_model_version("toy", "1").description
    assert {page_log.PAGE, page_log.CARD} <= found
    assert f"#/experiments/{run.experiment_id}/runs/{run.run_id}/artifacts/{page_log.PAGE}" in description
    html = (landed.home / "store" / "pages" / "toy" / "v1.html").read_text()
    assert f"{trained.metrics['test']['roc_auc']:.4f} [" in html
    assert "It was never released." in html


def test_training_stands_where_it_cannot_be_shown(trained: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from flows.training import train
    from tasks import artifacts

    def full(*_: Any) -> None:
        raise StorageUnavailable("no page", "the disk is full", "free some space")

    monkeypatch.setattr(artifacts, "_show", full)
    assert train("toy").version == trained.version


def test_second_training_takes_every_computation_from_the_cache_and_registers_nothing_new(trained: Any) -> None:
    from flows.training import train

    again = train("toy")
    cached = {stage["name"] for stage in again.stages if stage["cached"]}
    assert cached == {"validate", "split", "sentinel", "build_features", "tune", "fit", "evaluate", "gate"}
    assert (again.version, again.model_digest) == (trained.version, trained.model_digest)


def test_number_of_workers_and_a_cold_cache_change_nothing(trained: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from flows.training import train
    from tasks import policies

    monkeypatch.setattr(policies, "code_digest", lambda: "another version of the code")
    again = train("toy", workers=4)
    assert not any(stage["cached"] for stage in again.stages)
    assert (again.best, again.metrics["test"], again.model_digest) == (
        trained.best, trained.metrics["test"], trained.model_digest,
    )  # fmt: skip


def test_new_gate_threshold_recomputes_no_stage_before_the_gate(trained: Any) -> None:
    from flows.training import train

    again = train("toy", overrides=("gate.minimum={roc_auc: 0.999}",))
    assert {stage["name"] for stage in again.stages if not stage["cached"]} == {"ingest", "gate", "announce"}
    assert again.verdict == "refused"
    assert "0.999" in again.reason
    assert again.version is None


def test_one_cause_starts_one_training(trained: Any) -> None:
    from flows.training import train

    first = train("toy", cause="event-1", return_state=True)
    second = train("toy", cause="event-1", return_state=True)
    assert (first.name, second.name) == ("Registered", "Duplicate")


def test_release_moves_the_champion_and_writes_the_journal(released: Any) -> None:
    assert released.verdict == "released", released.reason
    champion = registry.find_champion("toy")
    assert champion is not None
    assert champion.number == 1
    assert journal.entries("toy", "release")[0]["to_version"] == 1


def test_release_of_the_champion_changes_nothing(released: Any) -> None:
    from flows.release import release

    assert release("toy", 1, return_state=True).name == "Unchanged"
    assert len(journal.entries("toy", "release")) == 1


def test_window_like_the_training_data_leads_to_nothing_and_no_report(
    released: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from flows.check_drift import check_drift

    # An import of it would raise: a check that finds nothing does not pay for it.
    monkeypatch.setitem(sys.modules, "evidently", None)
    outcome = check_drift("toy")
    assert (outcome.decision, outcome.severity, outcome.report) == ("nothing", "none", None), outcome.reason


def test_turned_world_leads_to_an_event_that_asks_for_retraining(landed: Project, released: Any) -> None:
    from flows.check_drift import check_drift

    landed.land(toy_table(seed=1, shift=1.0), "second")
    outcome = check_drift("toy")
    assert (outcome.decision, outcome.severity) == ("retrain", "decay"), outcome.reason
    assert outcome.event_id
    assert outcome.report.endswith(".html")
    shown = Artifact.get("decision-toy")
    assert shown is not None
    assert outcome.reason in shown.description
    assert any(finding["column"] == "age" and finding["drifted"] for finding in outcome.findings)
    assert journal.entries("toy", "check")[0]["event_id"] == outcome.event_id


def test_same_window_checked_twice_is_one_event(released: Any) -> None:
    from flows.check_drift import check_drift

    first, second = check_drift("toy"), check_drift("toy")
    assert first.decision != "nothing"
    assert first.event_id
    assert first.event_id == second.event_id


def test_challenger_of_the_turned_world_replaces_the_champion(released: Any) -> None:
    from flows.release import release
    from flows.training import train

    cause = next(entry["event_id"] for entry in journal.entries("toy", "check") if entry["decision"] == "retrain")
    outcome = train("toy", cause=cause)
    assert outcome.verdict == "registered", outcome.reason
    assert outcome.metrics["difference"]["low"] > 0
    assert release("toy", outcome.version).verdict == "released"
    assert registry.find_champion("toy").number == outcome.version


def test_right_after_a_training_nothing_is_retrained(released: Any) -> None:
    from flows.check_drift import check_drift

    outcome = check_drift("toy", overrides=("monitor.min_new_rows=0",))
    assert outcome.decision != "retrain", outcome.reason


def test_version_waits_for_a_person_where_the_policy_says_always(released: Any, landed: Project) -> None:
    from flows.release import release

    landed.write_spec(TOY.replace("release: {", "release: {approval: always, "))
    try:
        assert release("toy", 1, return_state=True).name == "AwaitingApproval"
        assert release("toy", 1, approved_by="ada").approved_by == "ada"
    finally:
        landed.write_spec(TOY)


def test_broken_window_alerts_and_never_retrains(landed: Project, released: Any) -> None:
    from flows.check_drift import check_drift

    broken = toy_table(seed=2, shift=1.0)
    broken["day"] += pd.Timedelta(days=90)
    path = landed.land(broken.assign(age=-5.0), "third")
    try:
        outcome = check_drift("toy")
    finally:
        path.unlink()
    assert (outcome.decision, outcome.severity) == ("alert", "broken_data")
    assert "age: min 0 broken by 2000 rows" in outcome.reason


def test_broken_data_are_refused_in_words_and_nothing_is_registered(landed: Project, released: Any) -> None:
    from flows.training import train

    before = registry.list_versions("toy")
    path = landed.land(toy_table(seed=3).assign(plan="gold"), "broken")
    try:
        with pytest.raises(DataRejected) as refused:
            train("toy")
    finally:
        path.unlink()
    assert "plan: values broken by 4000 rows, such as gold" in refused.value.why
    shown = Artifact.get("summary-train-toy")
    assert shown is not None
    assert "such as gold" in shown.data
    assert "| fix | correct the data" in shown.data
    assert registry.list_versions("toy") == before


def test_rollback_goes_to_the_champion_before_and_is_journalled(released: Any, landed: Project) -> None:
    from flows.release import release
    from flows.rollback import rollback

    release("toy", 2, approved_by="ada")
    outcome = rollback("toy", by="ada", why="complaints from the shop")
    assert (outcome.verdict, outcome.from_version, outcome.to_version) == ("rolled_back", 2, 1), outcome.reason
    assert "complaints from the shop" in outcome.reason
    assert registry.champion_number("toy") == 1
    assert journal.entries("toy", "rollback")[0]["event_id"] == outcome.event_id


def test_version_that_was_rolled_back_is_not_released_again_by_itself(released: Any) -> None:
    from flows.release import release

    state = release("toy", 2, return_state=True)
    assert (state.name, "it was rolled back on" in state.message) == ("AwaitingApproval", True)


def test_move_without_its_entry_in_the_journal_is_told_by_the_next_run(
    released: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from flows.release import release
    from tasks import releases

    with monkeypatch.context() as patch:
        patch.setattr(releases.journal, "append", lambda *_: (_ for _ in ()).throw(RuntimeError("killed")))
        assert release("toy", 2, approved_by="ada", return_state=True).is_failed()
    # What the killed run had not done either is done with it: nobody had watched the version yet.
    assert release("toy", 2, return_state=True).name == "Released"
    assert release("toy", 2, return_state=True).name == "Unchanged"
    told = journal.entries("toy", "release")[0]
    assert (told["to_version"], told["approved_by"], bool(told["event_id"])) == (2, "ada", True)


def test_history_agrees_with_the_alias(released: Any) -> None:
    from tasks.lineage import history_of

    history = history_of("toy")
    assert history[-1]["to_version"] == registry.champion_number("toy")
    assert [row["until"] for row in history[:-1]] == [row["at"] for row in history[1:]]


def test_page_tells_who_approved_without_computing_a_model(released: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from tasks.lineage import version_of
    from tasks.pages import write_page

    monkeypatch.setattr(registry, "load_pipeline", lambda _: pytest.fail("the page loads a model"))
    written = write_page(version_of("toy:2"))
    assert dict(written.page.facts)["approved by"] == "ada"
    journal_of = next(each for each in written.page.sections if each.title == "Approvals and journal")
    assert {row[1] for row in journal_of.tables[0].rows} == {"release", "rollback"}


def test_evidence_is_whole_until_any_of_its_files_is_changed(released: Any, tmp_path: Path) -> None:
    from adapters.packs import pack, unpack
    from core.evidence import MANIFEST, manifest_of
    from tasks.evidence import make_pack, verify_pack
    from tasks.lineage import version_of

    place = tmp_path / "pack.zip"
    place.write_bytes(make_pack(version_of("toy:2")).content)
    whole = verify_pack(place)
    assert (whole["changed"], whole["written_here"], whole["version"]) == ([], True, 2)
    files = unpack(place)
    assert {"card.md", "data_card.json", "spec.yaml", "contract.json", "metrics.json", "verdict.json", "journal.json",
            "lineage.json", "sbom.cdx.json", "page.html", MANIFEST} == set(files)  # fmt: skip
    for name in sorted(set(files) - {MANIFEST}):
        place.write_bytes(pack(files | {name: files[name] + b" "}))
        assert [line.partition(":")[0] for line in verify_pack(place)["changed"]] == [name]
    better = files | {"metrics.json": files["metrics.json"].replace(b'"roc_auc": 0.', b'"roc_auc": 1.', 1)}
    better |= {
        MANIFEST: manifest_of({k: v for k, v in better.items() if k != MANIFEST}, {"model": "toy", "version": 2})
    }
    place.write_bytes(pack(better))
    assert [line.partition(":")[0] for line in verify_pack(place)["changed"]] == [MANIFEST]


def test_evidence_of_one_version_is_written_twice_as_the_same_bytes(released: Any) -> None:
    from tasks.evidence import make_pack
    from tasks.lineage import version_of

    assert make_pack(version_of("toy:2")).content == make_pack(version_of("toy:2")).content
    assert len(journal.entries("toy", "evidence")) == 1


def test_lineage_of_the_champion_is_whole(released: Any) -> None:
    from tasks.lineage import lineage_of, version_of

    found = lineage_of(version_of("toy@champion"))
    assert found["broken"] == []
    assert (found["version"], found["approved_by"]) == (2, "ada")
    assert found["data"][0]["source"] == "lake://toy/*.parquet"
    assert found["environment"]["python"]


def test_spec_and_commit_that_were_replaced_are_named(released: Any) -> None:
    from tasks.lineage import lineage_of, version_of

    version = version_of("toy:2")
    record = replace(version.record, spec=version.record.spec | {"seed": 99}, git_commit="0" * 40)
    links = {told.partition(":")[0] for told in lineage_of(replace(version, record=record))["broken"]}
    assert links == {"spec", "git_commit"}


def test_snapshot_leads_forward_to_the_version_and_to_the_check_that_looked_at_it(released: Any) -> None:
    from tasks.descent import descent_of
    from tasks.lineage import lineage_of, version_of

    found = lineage_of(version_of("toy:2"))
    made = descent_of(found["data"][0]["digest"][:12])
    assert found["version"] in [row["version"] for row in made["versions"]]
    assert (made["there"], made["data"]) == (True, found["data"][0]["digest"])
    window = descent_of(found["cause"]["window"]["digest"])
    assert found["cause"]["event"] in [row["event_id"] for row in window["checks"]]
