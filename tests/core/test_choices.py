import numpy as np
import pytest

from core.choices import BALANCED, LOG_TARGET, is_imbalanced, is_skewed, open_choices, settled, with_choices
from core.families import FAMILIES

RARE = np.array([1.0] * 5 + [0.0] * 95)
EVEN = np.array([1.0] * 40 + [0.0] * 60)
SKEWED = np.exp(np.random.default_rng(0).normal(3, 1, 500))


def test_classes_are_imbalanced_when_one_has_far_less_than_an_even_share():
    assert is_imbalanced(RARE)
    assert not is_imbalanced(EVEN)
    assert not is_imbalanced(np.repeat(np.arange(10.0), 10))


def test_numbers_are_skewed_when_a_logarithm_takes_a_long_tail_away():
    assert is_skewed(SKEWED)
    assert not is_skewed(-SKEWED)
    assert not is_skewed(np.linspace(0, 100, 500))
    # So small that log(1 + y) is y.
    assert not is_skewed(SKEWED / 1e6)
    assert not is_skewed(np.full(9, 3.0))


@pytest.mark.parametrize(
    ("problem", "weights", "log", "y", "opened"),
    [
        ("binary", "auto", "auto", RARE, (BALANCED,)),
        ("binary", "auto", "auto", EVEN, ()),
        ("binary", "none", "auto", RARE, ()),
        ("binary", "balanced", "auto", RARE, ()),
        ("regression", "auto", "auto", SKEWED, (LOG_TARGET,)),
        ("regression", "auto", False, SKEWED, ()),
        ("regression", "auto", True, SKEWED, ()),
    ],
)
def test_search_decides_what_the_yaml_leaves_open_and_the_data_suggest(problem, weights, log, y, opened):
    assert open_choices(problem, weights, log, y) == opened


def test_what_the_yaml_decides_holds_for_every_candidate():
    assert settled("binary", "balanced", "auto") == {BALANCED: 1}
    assert settled("regression", "auto", log=True) == {LOG_TARGET: 1}
    assert settled("binary", "auto", "auto") == settled("regression", "none", log=False) == {}


def test_first_candidate_of_a_family_does_not_use_its_choices():
    (family,) = with_choices(("random_forest",), (BALANCED,)).values()
    assert family.start == {**FAMILIES["random_forest"].start, BALANCED: 0}
    assert set(family.space) == {*FAMILIES["random_forest"].space, BALANCED}
    assert BALANCED not in FAMILIES["random_forest"].space
