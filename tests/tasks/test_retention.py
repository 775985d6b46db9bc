"""Old versions go with their model files, those that stand do not; a registry of another store is refused."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from adapters import journal, moves, registration, registry
from adapters.settings import settings
from adapters.storage import store_path, write_array, write_bytes, write_frame
from core.errors import DataError, RegistryConflict, SpecError
from core.moves import Move
from core.spec import spec_digest
from tasks.lineage import lineage_of
from tasks.retention import ages_of, collect
from tests.adapters.conftest import ROWS, pipeline_of, record_of
from tests.conftest import Project

MUCH_LATER = datetime.now(UTC) + timedelta(days=1000)


def registered(number: int) -> None:
    pipeline = pipeline_of("logistic_regression", "binary")
    spec = {"name": "toy", "seed": number, "data": {"source": "lake://toy"}}
    made = record_of(pipeline, f"d{number}")
    record = replace(
        made,
        report=replace(made.report, predictions=write_array(np.full(number, 0.5))),
        data=write_frame(ROWS.head(40 + number)),
        reference=write_frame(ROWS.head(50 + number), "reference"),
        golden=write_frame(ROWS.head(number), "golden"),
        spec=spec,
        spec_digest=spec_digest(spec),
        flow_run=f"r-{number}",
    )
    journal.append("toy", "training", {"flow_run_id": f"r-{number}", "rows": 40, "version": number})
    assert registration.register(record, pipeline, ROWS.head(5)).number == number


def test_version_that_nobody_comes_back_to_goes_with_its_files(project: Project) -> None:
    for number in (1, 2):
        registered(number)
    move = moves.make(Move(0, "toy", "release", None, 2, "passed", None, None, None, ""))
    journal.append("toy", "release", {"to_version": 2, "move": move.number, "approved_by": None})
    first = registry.find_version("toy", 1).record
    model_files = sorted((project.home / "mlartifacts").rglob("model.skops"))

    told = collect("toy", ages_of(), apply=False, now=MUCH_LATER)
    assert [each.uri for each in told.removals] == ["models:/toy/1"]
    assert told.removals[0].n_bytes > 1000
    assert len(registry.list_versions("toy")) == len(model_files) == 2

    done = collect(None, ages_of(), apply=True, now=MUCH_LATER)
    assert [row["version"] for row in registry.list_versions("toy")] == [2]
    assert len(list((project.home / "mlartifacts").rglob("model.skops"))) == 1
    gone = {each.uri for each in done.removals}
    assert {first.data.uri, first.reference.uri, first.golden.uri, first.report.predictions} <= gone
    assert not any(Path(uri).exists() for uri in gone)
    assert [entry["removed"] for entry in journal.entries("toy", "retention")] == [1]
    assert lineage_of(registry.find_version("toy", 2))["broken"] == []


def test_registry_that_knows_none_of_the_store_s_versions_stops_everything(project: Project) -> None:
    place = store_path("snapshots", "a.parquet")
    write_bytes(place, b"1")
    journal.append("toy", "training", {"version": 3, "rows": 1})
    with pytest.raises(RegistryConflict, match="knows none of them"):
        collect(None, ages_of(), apply=True, now=MUCH_LATER)
    assert Path(place).exists()


def test_journal_that_cannot_be_read_whole_stops_everything(project: Project) -> None:
    place = store_path("snapshots", "a.parquet")
    write_bytes(place, b"1")
    journal.append("toy", "check", {"reason": "nothing drifted"})
    write_bytes(store_path("journal", "toy", "20200101T000000000000-training-junk.json"), b"{half")
    with pytest.raises(DataError, match="cannot be read whole"):
        collect(None, ages_of(), apply=True, now=MUCH_LATER)
    assert Path(place).exists()


def test_log_that_a_training_reads_stays(project: Project) -> None:
    spec = (project.models / "toy.yaml").read_text()
    parts = [store_path("log", model, "2020-01-01", "part-1.parquet") for model in ("toy", "other")]
    for uri in parts:
        write_bytes(uri, b"1")
    project.write_spec(spec.replace("lake://toy", "log://toy"))
    found = collect(None, ages_of(), apply=False, now=MUCH_LATER)
    assert [each.uri for each in found.removals] == parts[1:]


def test_age_below_a_day_is_refused(project: Project) -> None:
    assert ages_of(timedelta(days=2)).versions == timedelta(days=2)
    assert ages_of().files == settings().keep == timedelta(days=30)
    with pytest.raises(SpecError, match="younger than a day"):
        ages_of(timedelta(hours=23))
