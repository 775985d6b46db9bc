import numpy as np
import pytest

from core.hope import RECENT, expected_gain


def draws(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).normal(0.7, 0.01, shape)


@pytest.mark.parametrize("n_left", [1, 10, 100])
def test_gain_of_trials_like_the_recent_ones_stays_below_what_is_expected(n_left):
    seen = draws(RECENT)
    recent = (seen - seen.mean()) / seen.std(ddof=1) * 0.01 + 0.7
    further = np.random.default_rng(1).normal(0.7, 0.01, (200_000 // n_left, n_left)).max(axis=1)
    gain = np.maximum(further - recent.max(), 0).mean()
    expected = expected_gain(list(recent), n_left)
    assert gain <= expected * 1.05
    # It is no empty bound: for few trials it is nearly what they gain.
    assert n_left > 10 or expected < 1.5 * gain


def test_nothing_is_known_of_few_trials():
    assert expected_gain(list(draws(RECENT - 1)), 10) == float("inf")


def test_only_recent_trials_tell_what_the_next_are_like():
    steady = list(draws(RECENT))
    assert expected_gain([0.1, 0.2, 0.3, *steady], 10) == expected_gain(steady, 10)


def test_best_that_was_long_ago_is_still_to_be_beaten():
    steady = list(draws(RECENT))
    assert expected_gain([0.9, *steady], 10) < 1e-9 < expected_gain(steady, 10)


def test_equal_trials_promise_nothing():
    assert expected_gain([0.5] * RECENT, 1000) == 0


def test_no_trials_left_gain_nothing():
    assert expected_gain(list(draws(RECENT)), 0) == 0
