import numpy as np
import pytest

from core.rows import Rows
from core.rungs import ENOUGH_TO_RANK, climbs, judges, shares_of, thinned


def rows(n: int = 9000, rare: int = 30) -> Rows:
    y = np.zeros(n)
    y[:rare] = 1
    return Rows(np.arange(n, dtype=float)[:, np.newaxis], y, (0,))


@pytest.mark.parametrize(
    ("n_rows", "expected"), [(500, (1,)), (17_999, (1,)), (18_000, (1 / 9, 1)), (10**7, (1 / 81, 1 / 9, 1))]
)
def test_large_tables_are_climbed_in_rungs(n_rows, expected):
    assert shares_of(n_rows) == pytest.approx(expected)


def test_share_of_the_rows_keeps_their_order_and_their_targets():
    few = thinned(rows(), 1 / 9, 0, by_class=True)
    assert len(few.y) == pytest.approx(1000, abs=25)
    assert (np.diff(few.x[:, 0]) > 0).all()
    assert (few.y == (few.x[:, 0] < 30)).all()


def test_rare_class_stays_in_a_small_share():
    assert thinned(rows(), 1 / 81, 0, by_class=True).y.sum() == 20


def test_larger_share_holds_the_smaller_one():
    small, large = (set(thinned(rows(), share, 0, by_class=False).x[:, 0]) for share in (1 / 81, 1 / 9))
    assert small < large


def test_all_rows_are_the_rows_themselves():
    every = rows()
    assert thinned(every, 1.0, 0, by_class=True) is every


def test_best_so_far_climbs_and_the_middle_does_not():
    others = [float(value) for value in range(20)]
    assert climbs(20.0, others)
    assert not climbs(10.0, others)


def test_about_a_quarter_climbs_in_the_long_run():
    values = np.random.default_rng(0).normal(size=400)
    n_climbed = sum(climbs(v, list(values[:i])) for i, v in enumerate(values))
    assert 80 < n_climbed < 130


def test_fit_on_few_rows_is_ranked_by_enough_validation_rows_and_the_last_by_all():
    validation = rows(50_000, rare=500)
    few = judges(validation, 1 / 9, seed=0, by_class=True)
    assert len(few.y) == ENOUGH_TO_RANK
    assert few.y.mean() == pytest.approx(validation.y.mean(), rel=0.02)
    assert judges(validation, 1.0, seed=0, by_class=True) is validation
    assert len(judges(rows(5000), 1 / 9, seed=0, by_class=True).y) == 5000
