"""A real registry in a file; MLflow is slow, so that one story is told in the order of the tests."""

import re
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from adapters import moves, registration, registry
from adapters.claims import create_once
from adapters.settings import settings
from core.errors import DataMissing, DataRejected, RegistryConflict, RegistryUnavailable
from core.fitting import Candidate, predict
from core.moves import Move
from core.target import TargetCoding
from tests.adapters.conftest import ROWS, pipeline_of, record_of
from tests.core.conftest import installed_pairs


@pytest.fixture(scope="module")
def registered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple]:
    """Two models, the first of them registered twice."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EVERFIT_HOME", str(tmp_path_factory.mktemp("home")))
        settings.cache_clear()
        pipeline = pipeline_of("logistic_regression", "binary")
        record = record_of(pipeline)
        first, again = (registration.register(record, pipeline, ROWS.head(5)) for _ in range(2))
        second = registration.register(replace(record, spec_digest="s2"), pipeline, ROWS.head(5))
        yield pipeline, record, first, again, second
    settings.cache_clear()


def test_same_model_of_the_same_data_and_spec_is_one_version(registered):
    _, _, first, again, _ = registered
    assert (first.number, again.number, again.run_id) == (1, 1, first.run_id)


def test_model_of_another_spec_is_another_version(registered):
    assert registered[4].number == 2


def test_record_stays_with_its_version(registered):
    assert registry.find_version("toy", 1).record == registered[1]


def test_pipeline_of_a_version_predicts_as_before(registered):
    loaded = registry.load_pipeline(registered[2])
    np.testing.assert_array_equal(predict(loaded, ROWS, "binary"), predict(registered[0], ROWS, "binary"))


def test_loss_of_each_iteration_is_kept_with_the_version(registered):
    import mlflow

    _, record, *_ = registered
    members = (Candidate("logistic_regression", (("C", 1.0),)), Candidate("random_forest", ()))
    record = replace(record, model="curved", members=members)
    version = registration.register(record, registered[0], ROWS.head(5), losses=((0.7, 0.5), ()))
    assert mlflow.artifacts.load_dict(registration.learning_curve(version))["members"] == [
        {"family": "logistic_regression", "params": {"C": 1.0}, "loss": [0.7, 0.5]},
        {"family": "random_forest", "params": {}, "loss": []},
    ]


def test_versions_are_listed_newest_first(registered):
    assert [each["version"] for each in registry.list_versions("toy")] == [2, 1]


def test_version_that_is_not_there_is_missing_data(registered):
    with pytest.raises(DataMissing, match="toy has no version 9"):
        registry.find_version("toy", 9)


def test_model_that_was_never_registered_has_no_champion(registered):
    assert registry.find_champion("other") is None


@pytest.mark.parametrize(("family", "problem"), installed_pairs([("lightgbm", "binary"), ("xgboost", "regression")]))
def test_mlflow_by_itself_loads_and_names_the_library_of_a_booster(registered, family, problem):
    import mlflow

    pipeline = pipeline_of(family, problem, **{"balanced" if problem == "binary" else "log_target": 1})
    record = replace(
        registered[1], model=family, best=Candidate(family, ()), coding=TargetCoding(problem, (False, True))
    )
    version = registration.register(record, pipeline, ROWS.head(5))
    loaded = mlflow.pyfunc.load_model(f"models:/{family}/{version.number}")
    found = np.asarray(loaded.predict(ROWS))
    np.testing.assert_allclose(found[:, 1] if problem == "binary" else found, predict(pipeline, ROWS, problem))
    written = mlflow.artifacts.load_text(f"{version.location}/requirements.txt")
    assert re.search(rf"^{family}[a-z-]*==", written, re.MULTILINE)


def test_model_without_a_version_is_missing_data(registered):
    with pytest.raises(DataMissing, match="everfit train other"):
        registry.newest_version("other")


def plan(to: int, since: int | None, kind: str = "release") -> Move:
    return Move(0, "toy", kind, since, to, "better", None, None, "run", "")


def test_champion_moves_and_goes(registered):
    told = [registry.champion_number("toy")]
    made = [moves.make(plan(1, None)), moves.make(plan(2, 1))]
    told.append(registry.champion_number("toy"))
    registry.remove_champion("toy")
    told.append(registry.champion_number("toy"))
    assert told == [None, 2, None]
    assert [move.number for move in made] == [1, 2]
    assert moves.moves_of("toy") == made


def test_champion_that_somebody_else_has_moved_is_not_moved(registered):
    with pytest.raises(RegistryConflict, match="version None, no longer 1"):
        moves.make(plan(2, 1))
    assert len(moves.moves_of("toy")) == 2


def test_of_two_moves_at_once_one_wins_and_the_other_is_told(registered, monkeypatch):
    def overtaken(planned: Move) -> None:
        monkeypatch.undo()
        moves.make(plan(1, None))

    monkeypatch.setattr(moves, "_refuse_unless_there", overtaken)
    with pytest.raises(RegistryConflict, match="another release or rollback moves it"):
        moves.make(plan(2, None))
    assert registry.champion_number("toy") == 1
    assert [move.to_version for move in moves.moves_of("toy")] == [1, 2, 1]


def killed(*_: object) -> bool:
    raise KeyboardInterrupt


def kill(monkeypatch: pytest.MonkeyPatch, planned: Move, step: str) -> None:
    """Make a move in a process that dies before the alias is set, or right after it."""
    with monkeypatch.context() as patch:
        if step == "before the alias":
            patch.setattr(registry, "set_champion", killed)
        else:
            calls = iter([create_once, killed])
            patch.setattr(moves, "create_once", lambda uri, content: next(calls)(uri, content))  # noqa: PLW0108
        with pytest.raises(KeyboardInterrupt):
            moves.make(planned)


@pytest.mark.parametrize("step", ["before the alias", "after the alias"])
def test_move_that_was_killed_half_way_is_finished_by_the_next(registered, monkeypatch, step):
    before = registry.champion_number("toy")
    kill(monkeypatch, plan(3 - before, before), step)
    finished = moves.finish("toy")
    assert (registry.champion_number("toy"), finished.to_version) == (3 - before, 3 - before)
    assert moves.finish("toy") == finished


def test_alias_that_a_person_has_moved_since_is_left_where_it_is(registered, monkeypatch):
    before = registry.champion_number("toy")
    kill(monkeypatch, plan(3 - before, before), "before the alias")
    registry.remove_champion("toy")
    n_moves = len(moves.moves_of("toy"))
    moves.finish("toy")
    assert registry.champion_number("toy") is None
    assert len(moves.moves_of("toy")) == n_moves - 1


def test_model_file_that_was_changed_is_refused(registered):
    with pytest.raises(DataRejected, match="is not the one that was registered"):
        registry.load_pipeline(replace(registered[2], file_digest="0" * 64))


def test_identity_changes_with_the_predictions(registered):
    record = registered[1]
    other = replace(record, report=replace(record.report, digest="d2"))
    assert other.identity != record.identity


def test_identity_does_not_change_with_the_run(registered):
    record = registered[1]
    assert replace(record, flow_run="run", cause="drift").identity == record.identity


def test_registry_that_does_not_answer_is_an_error_of_the_outside(store, monkeypatch):
    monkeypatch.setenv("EVERFIT_MLFLOW", "http://127.0.0.1:1")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    settings.cache_clear()
    with pytest.raises(RegistryUnavailable, match="EVERFIT_MLFLOW"):
        registry.find_champion("toy")
