import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import auc, confusion_matrix

from core.appraisal import Scored, appraise
from core.card_quality import gaps_of
from core.curves import N_BINS, calibration_of, confusion_of, curves_of, residuals_of
from core.data_facts import FEWEST_OF_A_VALUE, column_facts, part_facts
from core.metrics import score

N = 3000
RANDOM = np.random.default_rng(5)
SCORE = RANDOM.uniform(size=N)
Y = (RANDOM.uniform(size=N) < SCORE).astype(float)
PLACE = pd.Series(np.where(np.arange(N) % 3 == 0, "north", "south"))
BINARY = Scored("binary", ("no", "yes"), Y, SCORE, 0.5, None)


def test_interval_holds_the_value_and_shrinks_with_the_root_of_the_rows():
    told = appraise(BINARY, "roc_auc", 0, {})
    few = appraise(Scored("binary", ("no", "yes"), Y[:300], SCORE[:300], 0.5, None), "roc_auc", 0, {})
    found = told.intervals["roc_auc"]
    assert found.low < found.value == score("roc_auc", Y, SCORE) < found.high
    ratio = (few.intervals["roc_auc"].high - few.intervals["roc_auc"].low) / (found.high - found.low)
    assert 2.2 < ratio < 4.5


def test_rows_that_err_together_make_the_interval_wider():
    y, blocks = np.repeat(Y[:100], 30), np.repeat(np.arange(100), 30)
    alone = appraise(Scored("binary", ("no", "yes"), y, np.repeat(SCORE[:100], 30), 0.5, None), "roc_auc", 0, {})
    days = appraise(Scored("binary", ("no", "yes"), y, np.repeat(SCORE[:100], 30), 0.5, blocks), "roc_auc", 0, {})
    widths = [each.intervals["roc_auc"].high - each.intervals["roc_auc"].low for each in (alone, days)]
    assert widths[1] > 3 * widths[0]


def test_slice_has_the_metric_of_its_own_rows_and_small_ones_are_left_out():
    values = PLACE.mask(np.arange(N) < 50, "few rows")
    told = appraise(BINARY, "roc_auc", 0, {"place": (values, True)})
    assert {each.value for each in told.slices} == {"north", "south"}
    for each in told.slices:
        inside = (values == each.value).to_numpy()
        assert each.metric.value == score("roc_auc", Y[inside], SCORE[inside])
        assert (each.n_rows, each.held) == (inside.sum(), True)
        assert each.realized == pytest.approx(Y[inside].mean())


def test_gap_is_between_the_worst_and_the_best_group():
    broken = np.where(PLACE == "north", 1 - SCORE, SCORE)
    told = appraise(Scored("binary", ("no", "yes"), Y, broken, 0.5, None), "roc_auc", 0, {"place": (PLACE, False)})
    ((column, worst, best, gap),) = gaps_of(told)
    assert (column, worst.value, best.value) == ("place", "north", "south")
    assert gap == pytest.approx(best.metric.value - worst.metric.value)


def test_worst_group_by_an_error_is_the_one_with_the_larger_error():
    y = Y * 10
    off = np.where(PLACE == "north", y + RANDOM.normal(size=N) * 3, y)
    told = appraise(Scored("regression", (), y, off, 0.5, None), "rmse", 0, {"place": (PLACE, False)})
    ((_, worst, _, _),) = gaps_of(told)
    assert worst.value == "north"


def test_area_under_the_drawn_curve_is_the_metric():
    roc, precision = curves_of(Y, SCORE, ("no", "yes"))
    assert auc(roc.x, roc.y) == pytest.approx(score("roc_auc", Y, SCORE), abs=0.005)
    assert (roc.x[0], roc.y[0], roc.x[-1], roc.y[-1]) == (0.0, 0.0, 1.0, 1.0)
    assert precision.y[-1] == pytest.approx(Y.mean(), abs=1e-4)


def test_equal_scores_are_one_point_of_a_curve():
    roc, _ = curves_of(np.array([1.0, 0.0, 1.0, 0.0]), np.full(4, 0.5), ("no", "yes"))
    assert (roc.x, roc.y) == ((0.0, 1.0), (0.0, 1.0))


def test_many_classes_have_a_curve_each_and_too_many_none():
    codes = RANDOM.integers(0, 3, 300)
    shares = RANDOM.dirichlet(np.ones(3), 300)
    assert [curve.name for curve in curves_of(codes.astype(float), shares, tuple("abc"))] == list("aabbcc")
    assert curves_of(codes.astype(float), RANDOM.dirichlet(np.ones(9), 300), tuple("abcdefghi")) == ()


def test_calibration_counts_every_row_once():
    bins = calibration_of(Y, SCORE)
    assert (len(bins), sum(each.n_rows for each in bins)) == (N_BINS, N)
    assert all(abs(each.predicted - each.realized) < 0.1 for each in bins)
    assert max(abs(each.predicted - each.realized) for each in calibration_of(Y, SCORE**3)) > 0.1


def test_confusion_is_by_true_class_and_by_the_models_own_threshold():
    found = np.array(confusion_of(Y, SCORE, 0.8, 2))
    np.testing.assert_array_equal(found, confusion_matrix(Y, SCORE > 0.8))


def test_residuals_count_every_row_also_where_all_are_equal():
    assert sum(bar.n_rows for bar in residuals_of(Y, SCORE)) == N
    assert [bar.n_rows for bar in residuals_of(Y, Y)] == [N]


def test_facts_of_a_column_name_no_value_that_few_rows_hold():
    frame = pd.DataFrame({"who": ["Ada Lovelace"] * (FEWEST_OF_A_VALUE - 1) + ["guest"] * 50, "n": [None, *range(68)]})
    who, n = column_facts(frame)
    assert "guest" in who.told
    assert "Ada" not in who.told
    assert (n.kind, n.missing, n.told) == ("number", round(1 / 69, 5), "0 / 33.5 / 67")


def test_part_without_time_has_no_dates():
    assert part_facts("test", pd.DataFrame({"a": [1]}), None).start == ""
