import numpy as np
import pytest

from core.bootstrap import Paired
from core.gate_spec import CalibrationSpec
from core.reliability import calibration_scorer, too_far_off, worse_calibrated

N = 4000


def outcomes(seed: int = 0, n: int = N) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities that mean what they say, and what happened."""
    random = np.random.default_rng(seed)
    chance = random.uniform(size=n)
    return (random.uniform(size=n) < chance).astype(float), chance


def error(y: np.ndarray, prediction: np.ndarray) -> float:
    return calibration_scorer(y, prediction)(np.ones(len(y)))


def test_probabilities_that_mean_what_they_say_have_hardly_an_error_on_few_rows_too():
    assert np.mean([error(*outcomes(seed, n=200)) for seed in range(40)]) < 0.03


@pytest.mark.parametrize("shift", [0.05, 0.1, 0.2])
def test_probabilities_that_are_too_high_have_an_error_of_that_size(shift):
    y, chance = outcomes()
    assert error(y, chance + shift) == pytest.approx(shift, abs=0.02)


def test_overconfidence_is_an_error_though_the_mean_is_right():
    y, chance = outcomes()
    bold = np.clip(0.5 + 1.8 * (chance - 0.5), 0, 1)
    assert abs(bold.mean() - y.mean()) < 0.01
    assert error(y, bold) > 0.1


def test_numbers_err_in_spreads_of_the_target():
    random = np.random.default_rng(0)
    truth = random.normal(size=N)
    y = 100 * (truth + random.normal(size=N))
    assert error(y, 100 * truth) < 0.05
    assert error(y, 100 * truth + 0.5 * y.std()) == pytest.approx(0.5, abs=0.05)


def test_classes_count_each_by_its_probability():
    random = np.random.default_rng(0)
    chance = random.dirichlet([1, 1, 1], N)
    y = (random.uniform(size=(N, 1)) > chance.cumsum(axis=1)).sum(axis=1).astype(float)
    bold = chance**3 / (chance**3).sum(axis=1, keepdims=True)
    assert error(y, chance) < 0.02
    assert error(y, bold) > 0.08


def test_weights_count_as_repeated_rows():
    y, chance = outcomes(n=500)
    twice = np.repeat(np.arange(500), 2)
    doubled = calibration_scorer(y, chance + 0.1)(np.full(500, 2.0))
    assert doubled == pytest.approx(error(y[twice], chance[twice] + 0.1))


def test_challenger_whose_numbers_would_be_believed_less_is_an_objection_with_the_numbers():
    y, chance = outcomes()
    told = worse_calibrated(Paired(y, chance + 0.1, chance), CalibrationSpec(), 0.95, 0)
    assert "a rise of 0." in told
    assert "at most 0.02" in told


@pytest.mark.parametrize(("shift", "n"), [(0.01, N), (0.1, 100)], ids=["little", "few rows"])
def test_rise_that_is_little_or_of_few_rows_is_no_objection(shift, n):
    y, chance = outcomes(n=n)
    assert worse_calibrated(Paired(y, chance + shift, chance), CalibrationSpec(), 0.95, 0) is None


def test_error_over_the_limit_is_an_objection_where_there_is_one():
    y, chance = outcomes()
    limits = (CalibrationSpec(), CalibrationSpec(max_error=0.05), CalibrationSpec(max_error=0.2))
    assert [too_far_off(y, chance + 0.1, each) is not None for each in limits] == [False, True, False]
