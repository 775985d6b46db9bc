import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution
from optuna.trial import TrialState, create_trial

from core.tpe import ENOUGH, MOST_SEEN, Excerpt

NAMES = ("boosting", "forest")
STATES = (TrialState.COMPLETE, TrialState.PRUNED)


def study_of(n_trials: int, direction: str) -> optuna.Study:
    """Every other trial was pruned; the values of the others fall by time."""
    study = optuna.create_study(direction=direction)
    span = {"x": FloatDistribution(0, n_trials)}
    for i in range(n_trials):
        ended = {"value": float(n_trials - i)} if i % 2 else {"state": TrialState.PRUNED}
        study.add_trial(create_trial(params={"x": float(i)}, distributions=span, **ended))
    return study


def numbers(study) -> list[int]:
    return [trial.number for trial in study._get_trials(deepcopy=False, states=STATES, use_cache=False)]


def test_of_a_short_study_all_is_seen():
    study = study_of(MOST_SEEN, "maximize")
    assert numbers(Excerpt(study)) == list(range(MOST_SEEN))


@pytest.mark.parametrize(("direction", "best"), [("maximize", 1), ("minimize", 339)])
def test_of_a_long_study_the_best_and_the_newest_are_seen(direction, best):
    seen = numbers(Excerpt(study_of(400, direction)))
    half = MOST_SEEN // 2
    assert seen[half:] == list(range(400 - half, 400))
    around = range(1, 2 * half, 2) if best == 1 else range(339 - 2 * half + 2, 340, 2)
    assert seen[:half] == list(around)


def families_of(n_whole: int) -> optuna.Study:
    """Of boosting some trials have seen all rows and two were stopped, among others of a forest."""
    study = optuna.create_study()
    for family, n in (("boosting", n_whole), ("forest", 12)):
        given = {"params": {"family": family}, "distributions": {"family": CategoricalDistribution(NAMES)}}
        study.add_trials([create_trial(value=0.5, **given) for _ in range(n)])
        study.add_trials([create_trial(state=TrialState.PRUNED, **given) for _ in range(2)])
    return study


def test_a_familys_trials_are_judged_among_themselves_when_enough_have_seen_all_rows():
    study = families_of(ENOUGH)
    assert numbers(Excerpt(study, "boosting")) == list(range(ENOUGH))
    assert len(numbers(Excerpt(study))) == len(study.trials)


def test_a_family_of_few_trials_is_judged_among_all():
    study = families_of(ENOUGH - 1)
    assert len(numbers(Excerpt(study, "boosting"))) == len(study.trials)


def test_of_a_trial_tpe_reads_the_same_as_in_optunas_record():
    study = study_of(3, "minimize")
    for seen, trial in zip(Excerpt(study)._get_trials(False, STATES, False), study.trials, strict=True):
        for name in seen._fields:
            assert getattr(seen, name) == getattr(trial, name)


def test_excerpt_is_else_the_study():
    study = study_of(3, "minimize")
    assert (Excerpt(study).direction, Excerpt(study).study_name) == (study.direction, study.study_name)
