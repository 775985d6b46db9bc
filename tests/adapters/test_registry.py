"""A real registry in a file; MLflow is slow, so that one story is told in the order of the tests."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from adapters import registry
from adapters.settings import settings
from core.errors import DataMissing, RegistryConflict, RegistryUnavailable
from core.fitting import predict
from tests.adapters.conftest import ROWS, pipeline_of, record_of


@pytest.fixture(scope="module")
def registered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple]:
    """Two models, the first of them registered twice."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EVERFIT_HOME", str(tmp_path_factory.mktemp("home")))
        settings.cache_clear()
        pipeline = pipeline_of("logistic_regression", "binary")
        record = record_of(pipeline)
        first, again = (registry.register(record, pipeline, ROWS.head(5)) for _ in range(2))
        second = registry.register(replace(record, spec_digest="s2"), pipeline, ROWS.head(5))
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


def test_versions_are_listed_newest_first(registered):
    assert [each["version"] for each in registry.list_versions("toy")] == [2, 1]


def test_version_that_is_not_there_is_missing_data(registered):
    with pytest.raises(DataMissing, match="toy has no version 9"):
        registry.find_version("toy", 9)


def test_model_that_was_never_registered_has_no_champion(registered):
    assert registry.find_champion("other") is None


def test_model_without_a_version_is_missing_data(registered):
    with pytest.raises(DataMissing, match="everfit train other"):
        registry.newest_version("other")


def test_champion_moves_and_goes(registered):
    told = [registry.find_champion("toy")]
    registry.move_champion("toy", 1, expected=None)
    registry.move_champion("toy", 2, expected=1)
    told.append(registry.find_champion("toy"))
    registry.remove_champion("toy")
    told.append(registry.find_champion("toy"))
    assert [each and each.number for each in told] == [None, 2, None]


def test_champion_that_somebody_else_has_moved_is_not_moved(registered):
    with pytest.raises(RegistryConflict, match="version None, no longer 1"):
        registry.move_champion("toy", 2, expected=1)


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
