"""The search as a task: the same answer from any number of workers, interrupted or not."""

from typing import Any

import numpy as np
import pytest

from adapters import journal
from adapters.specs import read_spec
from adapters.storage import write_array
from core.errors import TrainingError
from core.features import FeatureColumns
from core.fitting import Candidate, Learning, try_candidate
from core.learning_spec import SearchSpec
from core.refs import DatasetRef, EncodedRef, FeaturesRef
from tasks.tuning import Crew, earlier_best, tune
from tests.conftest import Project

LEARNING = Learning("y", "binary", "roc_auc", seed=0)


def features(n: int = 600, n_validation: int = 300) -> FeaturesRef:
    random = np.random.default_rng(0)
    x = random.normal(size=(n + n_validation, 4))
    y = (x[:, 0] + random.normal(size=len(x)) > 0).astype(float)
    encoded = [EncodedRef(recipe, "", write_array(x[:n]), write_array(x[n:]), ()) for recipe in ("linear", "trees")]
    return FeaturesRef(tuple(encoded), write_array(y[:n]), write_array(y[n:]), FeatureColumns(tuple("abcd"), ()))


def search(**spec: Any) -> SearchSpec:
    families = ["logistic_regression", "hist_gradient_boosting"]
    return SearchSpec.model_validate({"families": families, "trials": 8, "metric": "roc_auc"} | spec)


def forget(project: Project) -> None:
    for path in (project.home / "store" / "studies").glob("*.log*"):
        path.unlink()


def test_one_two_and_four_workers_find_the_same(project: Project):
    found = []
    for workers in (1, 2, 4):
        found.append(tune.fn(features(), search(), LEARNING, (), Crew("toy", workers)))
        forget(project)
    assert found[0] == found[1] == found[2]


def test_processes_find_what_threads_find(project: Project, monkeypatch: pytest.MonkeyPatch):
    from adapters.settings import settings

    threads = tune.fn(features(), search(), LEARNING, (), Crew("toy", 2))
    forget(project)
    monkeypatch.setenv("EVERFIT_WORKERS", "processes")
    settings.cache_clear()
    assert tune.fn(features(), search(), LEARNING, (), Crew("toy", 2)) == threads


@pytest.mark.usefixtures("project")
def test_larger_budget_goes_on_where_the_smaller_one_ended(monkeypatch: pytest.MonkeyPatch):
    tune.fn(features(), search(), LEARNING, (), Crew("toy", 1))
    fitted: list[Candidate] = []

    def counted(candidate: Candidate, *rest: Any) -> Any:
        fitted.append(candidate)
        return try_candidate(candidate, *rest)

    monkeypatch.setattr("adapters.trials.try_candidate", counted)
    assert tune.fn(features(), search(trials=10), LEARNING, (), Crew("toy", 1)).n_trials == 10
    assert len(fitted) == 2


@pytest.mark.usefixtures("project")
def test_baselines_are_scored_on_the_same_rows():
    found = tune.fn(features(), search(), LEARNING, (), Crew("toy", 1))
    assert dict(found.baselines)["dummy"] == 0.5
    assert 0.5 < dict(found.baselines)["linear"] <= found.value + 0.05


@pytest.mark.usefixtures("project")
def test_table_larger_than_the_memory_is_refused_with_its_bytes(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("adapters.cluster.free_bytes", lambda: 1_000_000)
    with pytest.raises(TrainingError, match=r"needs [\d,]+ bytes, 1,000,000 are free"):
        tune.fn(features(), search(), LEARNING, (), Crew("toy", 1))


@pytest.mark.usefixtures("project")
def test_candidates_see_no_more_rows_than_allowed(monkeypatch: pytest.MonkeyPatch):
    seen: list[int] = []

    def scored(candidate: Candidate, learning: Learning, train: Any, validation: Any) -> Any:
        seen.append(len(train.y))
        return validation.y / 2, 0.5

    monkeypatch.setattr("adapters.trials.try_candidate", scored)
    tune.fn(features(4000), search(max_rows=1000), LEARNING, (), Crew("toy", 1))
    assert set(seen) <= set(range(995, 1006))


@pytest.mark.usefixtures("project")
def test_tuning_that_cannot_fit_anything_says_why(monkeypatch: pytest.MonkeyPatch):
    def broken(*_: Any) -> float:
        raise ValueError("the rows are no good")

    monkeypatch.setattr("adapters.trials.try_candidate", broken)
    with pytest.raises(TrainingError, match=r"(?s)all 8 trials failed.*the rows are no good"):
        tune.fn(features(), search(), LEARNING, (), Crew("toy", 1))


def trained(c: float, data: str) -> dict[str, Any]:
    return {"best": {"family": "logistic_regression", "params": {"C": c}}, "data_digest": data}


@pytest.mark.usefixtures("project")
def test_search_begins_with_what_was_best_before_on_other_data():
    for c, data in ((0.1, "january"), (0.2, "february"), (0.3, "march"), (0.4, "march")):
        journal.append("toy", "training", trained(c, data))
    journal.append("toy", "training", {"verdict": "failed", "reason": "no memory"})
    spec = read_spec("toy")
    by_data = {
        data: [dict(candidate.params)["C"] for candidate in earlier_best(spec, DatasetRef("", data, 0))]
        for data in ("january", "march", "april")
    }
    assert by_data == {"january": [], "march": [0.2, 0.1], "april": [0.4, 0.3, 0.2]}


@pytest.mark.usefixtures("project")
def test_search_can_begin_from_nothing():
    journal.append("toy", "training", trained(0.1, "january"))
    spec = read_spec("toy", ("search.warm_start=false",))
    assert earlier_best(spec, DatasetRef("", "february", 0)) == ()
