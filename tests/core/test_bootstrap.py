import numpy as np
import pytest

from core import bootstrap
from core.bootstrap import Paired, paired_difference

N = 400


def rows_that_err_together(n_blocks: int = 40, per_block: int = 10, seed: int = 1) -> tuple[np.ndarray, Paired]:
    """Both models are equally good on average; which is better changes from block to block."""
    random = np.random.default_rng(seed)
    blocks = np.repeat(np.arange(n_blocks), per_block)
    swing = random.normal(size=n_blocks)[blocks]
    y = np.zeros(len(blocks))
    return blocks, Paired(y, 10 + swing, np.full(len(blocks), 10.0), blocks)


def two_models(gain: float, seed: int = 0, n: int = N) -> Paired:
    random = np.random.default_rng(seed)
    y = random.normal(size=n)
    return Paired(y, y + random.normal(size=n) * (1 - gain), y + random.normal(size=n))


def test_value_is_the_difference_on_all_rows():
    rows = two_models(0.3)
    expected = np.abs(rows.champion - rows.y).mean() - np.abs(rows.challenger - rows.y).mean()
    assert paired_difference(rows, "mae", 0.95, 0).value == pytest.approx(expected)


def test_interval_covers_zero_about_as_often_as_it_says_when_both_models_are_equal(monkeypatch):
    monkeypatch.setattr(bootstrap, "N_RESAMPLES", 150)
    found = [paired_difference(two_models(0.0, seed), "mae", 0.90, seed) for seed in range(120)]
    assert 0.82 <= np.mean([each.low <= 0 <= each.high for each in found]) <= 0.98


def test_interval_of_blocks_covers_zero_about_as_often_as_it_says(monkeypatch):
    monkeypatch.setattr(bootstrap, "N_RESAMPLES", 150)
    found = [paired_difference(rows_that_err_together(seed=s)[1], "mae", 0.90, s) for s in range(120)]
    assert 0.82 <= np.mean([each.low <= 0 <= each.high for each in found]) <= 0.98


def test_interval_lies_above_zero_for_a_much_better_challenger():
    assert paired_difference(two_models(0.5), "rmse", 0.95, 0).low > 0


def test_interval_lies_below_zero_for_a_much_worse_challenger():
    assert paired_difference(two_models(-0.5), "rmse", 0.95, 0).high < 0


def test_two_models_that_predict_the_same_differ_by_nothing():
    y = (np.arange(50) % 2).astype(float)
    prediction = np.linspace(0, 1, 50)
    found = paired_difference(Paired(y, prediction, prediction), "roc_auc", 0.95, 0)
    assert (found.value, found.low, found.high) == (0, 0, 0)


def test_interval_is_wider_when_rows_of_a_block_err_together():
    _, rows = rows_that_err_together()
    alone = paired_difference(Paired(rows.y, rows.challenger, rows.champion), "mae", 0.95, 0)
    together = paired_difference(rows, "mae", 0.95, 0)
    assert together.high - together.low > 2 * (alone.high - alone.low)


def test_interval_is_wider_for_more_confidence():
    rows = two_models(0.1)
    sure, bold = paired_difference(rows, "mae", 0.99, 0), paired_difference(rows, "mae", 0.8, 0)
    assert sure.high - sure.low > bold.high - bold.low


def test_same_seed_gives_the_same_interval():
    assert paired_difference(two_models(0.1), "mae", 0.95, 5) == paired_difference(two_models(0.1), "mae", 0.95, 5)


def test_another_seed_gives_another_interval():
    assert paired_difference(two_models(0.1), "mae", 0.95, 5) != paired_difference(two_models(0.1), "mae", 0.95, 6)


def test_resamples_without_one_class_do_not_spoil_the_interval():
    y = np.array([1.0] + [0.0] * 30)
    found = paired_difference(Paired(y, y * 0.5 + 0.2, np.linspace(0, 1, 31)), "roc_auc", 0.95, 0)
    assert np.isfinite([found.low, found.high]).all()


def test_taking_rows_keeps_them_paired():
    rows = Paired(np.arange(4.0), np.arange(4.0) + 10, np.arange(4.0) + 20)
    taken = rows.take(np.array([True, False, False, True]))
    assert (taken.y.tolist(), taken.challenger.tolist(), taken.champion.tolist()) == ([0, 3], [10, 13], [20, 23])


def test_taking_rows_numbers_the_blocks_that_are_left_from_zero():
    blocks = np.array([0, 1, 1, 3])
    taken = Paired(np.zeros(4), np.zeros(4), np.zeros(4), blocks).take(np.array([False, True, True, True]))
    assert taken.blocks is not None
    assert taken.blocks.tolist() == [0, 0, 1]


def test_each_model_decides_by_its_own_threshold():
    y = np.repeat([0.0, 1.0], 50)
    # The champion's probabilities are a fifth of the challenger's, and so is its threshold: the decisions are the same.
    prediction = np.random.default_rng(0).uniform(size=100)
    rows = Paired(y, prediction, prediction / 5, thresholds=(0.5, 0.1))
    found = paired_difference(rows, "f1", 0.95, seed=0)
    assert (found.value, found.low, found.high) == (0, 0, 0)
    assert paired_difference(Paired(y, prediction, prediction / 5), "f1", 0.95, seed=0).value > 0.3
    kept = rows.take(np.arange(100) % 2 == 0)
    assert kept.thresholds == rows.thresholds
