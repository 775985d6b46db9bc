from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from core.choices import with_choices
from core.errors import TrainingError
from core.families import FAMILIES
from core.fitting import Candidate
from core.learning_spec import SearchSpec
from core.search import Job, Plan, Start, Trial, Tried, Watch, ahead, best_trial, search

FAMILY_NAMES = ("hist_gradient_boosting", "logistic_regression", "random_forest")
SAMPLERS = ("tpe", "random", "grid", "qmc", "nsgaii")


def value_of(job: Job) -> Tried:
    """A score that depends on family, parameters and share of the rows only."""
    noise = np.random.default_rng(job.number).normal() * (1 - job.share) / 10
    return Tried(len(job.candidate.family) / 100 + sum(v % 1 for _, v in job.candidate.params) + noise, 0.0)


def one_by_one(job: Job) -> Callable[[], Tried]:
    return lambda: value_of(job)


def trials_of(
    start: Start = one_by_one,
    watch: Watch | None = None,
    seed: int = 0,
    shares: tuple[float, ...] = (1.0,),
    known: tuple[Candidate, ...] = (),
    **spec: object,
) -> list[Trial]:
    full = SearchSpec.model_validate({"trials": 12, "metric": "roc_auc"} | spec)
    return search(Plan(full, with_choices(full.families or FAMILY_NAMES, ()), seed, shares, known), start, watch)


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_trials_are_the_same_however_many_are_fitted_at_once(sampler):
    rungs = {"shares": (1 / 9, 1.0), "trials": 30, "sampler": sampler}
    with ThreadPoolExecutor(8) as pool:
        assert trials_of(**rungs) == trials_of(lambda job: pool.submit(value_of, job).result, **rungs)


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_another_seed_gives_other_trials(sampler):
    assert trials_of(sampler=sampler) != trials_of(seed=1, sampler=sampler)


def test_sampler_without_its_package_is_told():
    with pytest.raises(TrainingError, match="cmaes, which is not installed"):
        trials_of(sampler="cmaes")


def test_first_trial_of_each_family_has_its_first_parameters():
    expected = [Candidate(name, tuple(FAMILIES[name].start.items())) for name in FAMILY_NAMES]
    assert [trial.candidate for trial in trials_of()[:3]] == expected


def test_what_was_good_before_is_tried_next():
    known = Candidate("logistic_regression", (("C", 0.123),))
    assert trials_of(known=(known,))[3].candidate == known


def test_what_was_good_before_is_left_out_when_its_family_is_not_searched():
    known = Candidate("neural_network", (("width", 20), ("alpha", 0.1), ("learning_rate_init", 0.001)))
    assert known not in [trial.candidate for trial in trials_of(known=(known,))]


@pytest.mark.parametrize("sampler", ["tpe", "random"])
def test_budget_is_used_up(sampler):
    assert len(trials_of(sampler=sampler, trials=13)) == 13


@pytest.mark.parametrize("sampler", SAMPLERS)
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


def test_tpe_finds_better_candidates_than_chance():
    found = {
        name: [best_trial(trials_of(trials=60, sampler=name, seed=seed), "roc_auc").value for seed in range(5)]
        for name in ("tpe", "random")
    }
    assert np.median(found["tpe"]) > np.median(found["random"])


def test_most_candidates_see_few_rows():
    found = trials_of(shares=(1 / 9, 1.0), trials=60, sampler="random")
    assert sum(trial.state == "stopped" for trial in found) > 30
    assert {trial.curve[-1][0] for trial in found if trial.state == "stopped"} == {1 / 9}


def test_what_each_family_begins_with_and_what_was_good_before_see_all_rows():
    known = Candidate("logistic_regression", (("C", 0.123),))
    found = trials_of(shares=(1 / 9, 1.0), known=(known,), trials=20)
    assert {0, 1, 2, 3} <= {trial.number for trial in found if trial.value is not None}
    assert all(len(trial.curve) == 2 for trial in found if trial.number < 4)


def hungry(job: Job) -> Callable[[], Tried]:
    """Forests gain much by more rows, the others nothing."""
    gain = 0.5 * job.share if job.candidate.family == "random_forest" else 0.3
    return lambda: Tried(gain + job.number % 7 / 1000, 0.0)


def test_family_that_gains_by_more_rows_climbs_though_it_is_behind_on_few():
    found = trials_of(hungry, shares=(1 / 9, 1.0), trials=60, sampler="random", least_gain=None)
    climbed = [trial.candidate.family for trial in found if trial.value is not None and trial.number >= 3]
    assert climbed.count("random_forest") > 2 * (len(climbed) - climbed.count("random_forest"))


def test_slow_fit_is_not_waited_for_while_others_are_done():
    full = SearchSpec.model_validate({"trials": 12, "metric": "roc_auc", "sampler": "random"})
    plan = Plan(full, with_choices(FAMILY_NAMES, ()), 0, effort=lambda job: 6.5 if job.number == 2 else 1.0)
    assert [trial.number for trial in search(plan, one_by_one)] == [0, 1, 3, 4, 5, 6, 7, 8, 2, 9, 10, 11]


def test_best_of_a_rung_climbs():
    found = trials_of(shares=(1 / 9, 1.0), trials=60, sampler="random")
    assert max(found, key=lambda trial: trial.curve[0][1]).value is not None


@pytest.mark.parametrize("pruner", ["median", "percentile"])
def test_pruners_of_optuna_stop_candidates(pruner):
    found = trials_of(shares=(1 / 9, 1.0), trials=60, pruner=pruner)
    assert 0 < sum(trial.state == "stopped" for trial in found) < 60


def test_search_ends_when_nothing_better_was_found_for_long():
    found = trials_of(lambda job: lambda: Tried(0.5, 0.0), trials=90, patience=20, least_gain=None)
    assert 20 < len(found) <= 20 + 1 + ahead(90)


def settling(job: Job) -> Callable[[], Tried]:
    # The first is the best, all others lie far below, close together.
    return lambda: Tried(0.8 if job.number == 0 else 0.7 + job.number % 7 / 1000, 0.0)


@pytest.mark.parametrize(("metric", "sign"), [("roc_auc", 1), ("rmse", -1)])
def test_search_ends_when_the_trials_left_promise_no_gain(metric, sign):
    def start(job: Job) -> Callable[[], Tried]:
        value = settling(job)().value or 0.0
        return lambda: Tried(value if sign == 1 else 1 - value, 0.0)

    found = {limit: len(trials_of(start, metric=metric, trials=90, least_gain=limit)) for limit in (None, 0.0002)}
    assert found[None] == 90
    assert 20 <= found[0.0002] <= 20 + ahead(90)


def test_search_goes_on_while_trials_get_better():
    def rising(job: Job) -> Callable[[], Tried]:
        return lambda: Tried(0.5 + job.number / 1000, 0.0)

    # Of the last ones a single step is left to be gained.
    assert len(trials_of(rising, trials=90)) > 85


def test_grid_ends_when_it_is_done():
    found = trials_of(sampler="grid", families=["logistic_regression"], trials=50)
    assert sorted(dict(trial.candidate.params)["C"] for trial in found) == pytest.approx([0.001, 0.1, 10.0])


def test_grid_tries_nothing_twice():
    found = [trial.candidate for trial in trials_of(sampler="grid", trials=30)]
    assert len(set(found)) == len(found)


def test_search_that_is_out_of_time_ends_with_its_first_candidate():
    assert len(trials_of(watch=Watch(out_of_time=lambda: True), trials=40)) == 1


def test_search_by_time_only_goes_on_until_it_is_over():
    told: list[Trial] = []
    watch = Watch(out_of_time=lambda: len(told) >= 200, told=told.append)
    trials_of(watch=watch, trials=None, timeout="1h", patience=None, least_gain=None)
    assert len(told) == 200


def test_what_is_open_when_the_time_is_over_is_not_waited_for():
    waited: list[int] = []

    def start(job: Job) -> Callable[[], Tried]:
        def wait() -> Tried:
            waited.append(job.number)
            return value_of(job)

        return wait

    assert len(trials_of(start, watch=Watch(out_of_time=lambda: len(waited) >= 5), trials=40)) == len(waited) == 5


def test_search_that_is_out_of_time_has_a_candidate_that_saw_all_rows():
    found = trials_of(watch=Watch(out_of_time=lambda: True), shares=(1 / 9, 1.0), trials=40)
    assert any(trial.value is not None for trial in found)


def test_watch_is_told_each_trial_when_it_ends():
    told: list[Trial] = []
    assert trials_of(watch=Watch(told=told.append)) == told


def failing(family: str) -> Start:
    def start(job: Job) -> Callable[[], Tried]:
        return lambda: Tried(None, 0.0, "no luck") if job.candidate.family == family else value_of(job)

    return start


def test_failing_trial_is_recorded_with_its_error():
    found = trials_of(failing("random_forest"))
    assert {(t.value, t.error) for t in found if t.candidate.family == "random_forest"} == {(None, "no luck")}


def test_failing_trial_is_never_the_best():
    assert best_trial(trials_of(failing("random_forest")), "roc_auc").value is not None


def test_search_of_failing_trials_only_is_a_training_error_that_tells_the_first():
    with pytest.raises(TrainingError, match=r"(?s)all 12 trials failed.*no luck"):
        trials_of(lambda job: lambda: Tried(None, 0.0, "no luck"))


def test_metric_that_is_undefined_on_the_validation_rows_is_a_training_error():
    with pytest.raises(TrainingError, match="undefined on the validation rows"):
        trials_of(lambda job: lambda: Tried(float("nan"), 0.0))


def test_search_without_a_family_is_told():
    with pytest.raises(TrainingError):
        search(Plan(SearchSpec(metric="roc_auc"), {}, 0), one_by_one)


@pytest.mark.parametrize(("metric", "pick"), [("roc_auc", max), ("rmse", min)])
def test_best_trial_has_the_best_value(metric, pick):
    found = trials_of(metric=metric)
    assert best_trial(found, metric).value == pick(trial.value for trial in found)


def test_of_equal_trials_the_first_is_the_best():
    assert best_trial(trials_of(lambda job: lambda: Tried(0.5, 0.0)), "roc_auc").number == 0


def test_tail_of_the_normal_distribution_is_the_one_that_optuna_computes():
    from optuna.samplers._tpe import _truncnorm
    from scipy.special import log_ndtr, ndtr

    points = np.linspace(-30, 30, 401)
    assert log_ndtr(points) == pytest.approx([_truncnorm._log_ndtr_single(x) for x in points], rel=1e-9)
    assert ndtr(points) == pytest.approx([_truncnorm._ndtr_single(x) for x in points], rel=1e-9)
