from collections.abc import Callable

import pytest

from adapters.studies import StoredStudy
from core.choices import with_choices
from core.learning_spec import SearchSpec
from core.search import Job, Plan, Start, Trial, Tried, Watch, search
from tests.conftest import Project

FAMILY_NAMES = ("hist_gradient_boosting", "random_forest")
PLAN = Plan(SearchSpec(trials=30, metric="roc_auc"), with_choices(FAMILY_NAMES, ()), seed=0, shares=(1 / 9, 1.0))


class Killed(BaseException):
    """What a dying process stands for."""


def fit(job: Job) -> Tried:
    return Tried(0.1 / 3 + sum(value % 1 for _, value in job.candidate.params) * job.share, 0.25)


def counting(fitted: list[Job], dies_at: int | None = None) -> Start:
    def start(job: Job) -> Callable[[], Tried]:
        def wait() -> Tried:
            fitted.append(job)
            if len(fitted) == dies_at:
                raise Killed
            return fit(job)

        return wait

    return start


def run(start: Start, key: str = "data and code") -> list[Trial]:
    study = StoredStudy(PLAN, key)
    return search(PLAN, study.answering(start), Watch(told=study.add))


def outcomes(trials: list[Trial]) -> list[tuple]:
    return [(trial.number, trial.candidate, trial.curve, trial.value) for trial in trials]


@pytest.mark.usefixtures("project")
def test_killed_search_goes_on_and_ends_as_if_nobody_had_killed_it():
    whole, before, after = [], [], []
    expected = run(counting(whole), "another")
    with pytest.raises(Killed):
        run(counting(before, dies_at=20))
    assert outcomes(run(counting(after))) == outcomes(expected)
    assert len(after) < len(whole) - 12


@pytest.mark.usefixtures("project")
def test_search_that_is_done_is_answered_without_a_fit():
    run(counting([]))
    again: list[Job] = []
    run(counting(again))
    assert again == []


@pytest.mark.usefixtures("project")
def test_other_data_are_another_study():
    run(counting([]))
    again: list[Job] = []
    run(counting(again), key="other data")
    assert len(again) > 30


def test_half_a_line_of_a_killed_writer_is_cut(project: Project):
    expected = run(counting([]))
    (path,) = (project.home / "store" / "studies").glob("*.log")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) - 40])
    again: list[Job] = []
    assert outcomes(run(counting(again))) == outcomes(expected)
    assert 1 <= len(again) <= 2


@pytest.mark.usefixtures("project")
def test_study_is_one_of_optuna_with_all_trials_in_their_states():
    trials = run(counting([]))
    kept = StoredStudy(PLAN, "data and code").study.trials
    assert len(kept) == len(trials)
    assert {trial.state.name for trial in kept} == {"COMPLETE", "PRUNED"}
    assert kept[0].params["family"] in PLAN.families


@pytest.mark.usefixtures("project")
def test_failed_trial_is_kept_with_its_error_and_tried_again():
    def failing(job: Job) -> Callable[[], Tried]:
        return lambda: Tried(None, 0.0, "no luck") if job.candidate.family == "random_forest" else fit(job)

    run(failing)
    kept = StoredStudy(PLAN, "data and code").study.trials
    assert {trial.user_attrs["error"] for trial in kept if trial.state.name == "FAIL"} == {"no luck"}
    again: list[Job] = []
    run(counting(again))
    assert {job.candidate.family for job in again} >= {"random_forest"}
