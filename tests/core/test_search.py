import itertools
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from core.choices import with_choices
from core.errors import TrainingError
from core.families import FAMILIES
from core.fitting import Candidate
from core.learning_spec import SearchSpec
from core.search import Evaluate, Tried, best_trial, search

FAMILY_NAMES = ("hist_gradient_boosting", "logistic_regression", "random_forest")


def value_of(candidate: Candidate) -> Tried:
    """A score that depends on family and parameters only."""
    return Tried(len(candidate.family) / 100 + sum(value % 1 for _, value in candidate.params), 0.0)


def one_by_one(batch: Sequence[Candidate]) -> list[Tried]:
    return [value_of(candidate) for candidate in batch]


def in_threads(batch: Sequence[Candidate]) -> list[Tried]:
    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(value_of, batch))


def trials_of(
    evaluate: Evaluate = one_by_one, out_of_time: Callable[[], bool] = lambda: False, seed: int = 0, **spec: object
) -> list:
    full = SearchSpec.model_validate({"trials": 12, "metric": "roc_auc"} | spec)
    return search(full, with_choices(full.families or FAMILY_NAMES, ()), seed, evaluate, out_of_time)


@pytest.mark.parametrize("sampler", ["tpe", "random", "grid"])
def test_trials_are_the_same_however_many_are_fitted_at_once(sampler):
    assert trials_of(one_by_one, sampler=sampler) == trials_of(in_threads, sampler=sampler)


@pytest.mark.parametrize("sampler", ["tpe", "random", "grid"])
def test_another_seed_gives_other_trials(sampler):
    assert trials_of(sampler=sampler) != trials_of(seed=1, sampler=sampler)


def test_first_trial_of_each_family_has_its_first_parameters():
    expected = [Candidate(name, tuple(FAMILIES[name].start.items())) for name in FAMILY_NAMES]
    assert [trial.candidate for trial in trials_of()[:3]] == expected


@pytest.mark.parametrize("sampler", ["tpe", "random"])
def test_budget_is_used_up(sampler):
    assert len(trials_of(sampler=sampler, trials=13)) == 13


@pytest.mark.parametrize("sampler", ["tpe", "random", "grid"])
def test_parameters_stay_in_their_space(sampler):
    outside = [
        (trial.candidate.family, name, value)
        for trial in trials_of(sampler=sampler, trials=40)
        for name, value in trial.candidate.params
        if not FAMILIES[trial.candidate.family].space[name].low
        <= value
        <= FAMILIES[trial.candidate.family].space[name].high
    ]
    assert outside == []


def test_grid_ends_when_it_is_done():
    found = trials_of(sampler="grid", families=["logistic_regression"], trials=50)
    assert sorted(dict(trial.candidate.params)["C"] for trial in found) == pytest.approx([0.001, 0.1, 10.0])


def test_grid_tries_nothing_twice():
    found = [trial.candidate for trial in trials_of(sampler="grid", trials=30)]
    assert len(set(found)) == len(found)


def test_no_candidates_are_started_when_the_time_is_over():
    assert len(trials_of(out_of_time=lambda: True, trials=40)) == 4


def test_search_goes_on_until_the_time_is_over():
    clock = itertools.chain([False, True], itertools.repeat(True))
    assert len(trials_of(out_of_time=lambda: next(clock), trials=40)) == 8


def failing(family: str) -> Evaluate:
    def evaluate(batch: Sequence[Candidate]) -> list[Tried]:
        return [Tried(None, 0.0, "no luck") if each.family == family else value_of(each) for each in batch]

    return evaluate


def test_failing_trial_is_recorded_with_its_error():
    found = trials_of(failing("random_forest"))
    assert {(t.value, t.error) for t in found if t.candidate.family == "random_forest"} == {(None, "no luck")}


def test_failing_trial_is_never_the_best():
    assert best_trial(trials_of(failing("random_forest")), "roc_auc").value is not None


def test_search_of_failing_trials_only_is_a_training_error_that_tells_the_first():
    with pytest.raises(TrainingError, match=r"(?s)all 12 trials failed.*no luck"):
        trials_of(lambda batch: [Tried(None, 0.0, "no luck")] * len(batch))


def test_metric_that_is_undefined_on_the_validation_rows_is_a_training_error():
    with pytest.raises(TrainingError):
        trials_of(lambda batch: [Tried(float("nan"), 0.0)] * len(batch))


def test_search_without_a_family_is_told():
    with pytest.raises(TrainingError):
        search(SearchSpec(metric="roc_auc"), {}, 0, one_by_one, lambda: False)


@pytest.mark.parametrize(("metric", "pick"), [("roc_auc", max), ("rmse", min)])
def test_best_trial_has_the_best_value(metric, pick):
    found = trials_of()
    assert best_trial(found, metric).value == pick(trial.value for trial in found)


def test_of_equal_trials_the_first_is_the_best():
    assert best_trial(trials_of(lambda batch: [Tried(0.5, 0.0)] * len(batch)), "roc_auc").number == 0
