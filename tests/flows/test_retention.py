"""What `gc` removes is missed by nobody: lineage is whole, and the next training computes the same model again."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from adapters.registry import find_version
from adapters.storage import store_path, write_frame
from core.refs import DatasetRef
from tasks.landing import land_frame
from tasks.lineage import lineage_of
from tasks.policies import STAGE
from tasks.retention import ages_of, collect
from tests.conftest import Project, toy_table

MUCH_LATER = datetime.now(UTC) + timedelta(days=1000)


def trained(*overrides: str) -> Any:
    from flows.training import train

    return train("toy", workers=1, overrides=overrides, return_state=True).result(raise_on_failure=True)


def files_in(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_a_training_after_gc_makes_the_same_model(project: Project) -> None:
    from flows.release import release

    land_frame("toy", toy_table(), "day", tell=False)
    assert trained().version == 1
    assert release("toy", 1).verdict == "released"
    refused = trained("seed=7", "gate.versus_champion.margin=0.4")
    assert refused.verdict == "refused"
    store = Path(store_path())
    before = files_in(store)

    told = collect(None, ages_of(), apply=False, now=MUCH_LATER)
    assert told.removals
    assert files_in(store) == before

    done = collect(None, ages_of(), apply=True, now=MUCH_LATER)
    assert {each.uri for each in done.removals} == {each.uri for each in told.removals}
    gone = before - files_in(store)
    assert {f"{store}/{name}" for name in gone} == {each.uri for each in done.removals}
    assert {name.split("/")[0] for name in gone} >= {"arrays", "encoders", "models", "snapshots", "studies"}
    kept = {name.split("/")[0] for name in files_in(store)}
    assert kept >= {"lake", "journal", "moves", "snapshots", "golden", "reference", "references", "arrays"}
    assert lineage_of(find_version("toy", 1))["broken"] == []

    again = trained("seed=7", "gate.versus_champion.margin=0.4")
    assert (again.model_digest, again.metrics) == (refused.model_digest, refused.metrics)
    assert collect(None, ages_of(), apply=True).removals == ()


def test_run_of_the_deployment_removes_nothing_unless_told(project: Project) -> None:
    from flows.retention import gc

    place = project.home / "store" / "reports" / "toy" / "a.html"
    place.parent.mkdir(parents=True)
    place.write_text("old")
    os.utime(place, (0, 0))
    state = gc(return_state=True)
    assert (state.name, state.result()["bytes"]) == ("Told", 3)
    assert place.exists()
    assert gc(apply=True, return_state=True).name == "Removed"
    assert not place.exists()


def test_cached_stage_whose_file_is_gone_computes_again(project: Project) -> None:
    from prefect import flow, task

    computed = []

    @task(**STAGE)
    def stage(rows: int) -> DatasetRef:
        computed.append(rows)
        return write_frame(toy_table(rows))

    once = flow(name="once")(lambda: stage(20))
    first = once()
    os.utime(first.uri, (0, 0))
    assert (once(), computed) == (first, [20])
    # The hit has named it: it is young again.
    assert Path(first.uri).stat().st_mtime > 0
    Path(first.uri).unlink()
    assert (once(), computed, Path(first.uri).exists()) == (first, [20, 20], True)
