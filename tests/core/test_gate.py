import re

import numpy as np
import pytest

from core.bootstrap import Paired
from core.gate import (
    Verdict,
    below_minimum,
    compare,
    first_reason,
    strictest,
    too_slow,
    versus_simpler,
    worse_slice,
)
from core.gate_spec import ComparisonSpec, SliceSpec

N = 1200


def paired(challenger_noise: float, champion_noise: float, n: int = N) -> Paired:
    """Scores of both models are the truth and noise: less noise, better model."""
    random = np.random.default_rng(3)
    y = (random.uniform(size=n) < 0.5).astype(float)
    one, two = random.normal(size=n), random.normal(size=n)
    squash = lambda score: 1 / (1 + np.exp(-score))  # noqa: E731
    return Paired(y, squash(2 * y - 1 + challenger_noise * one), squash(2 * y - 1 + champion_noise * two))


def verdict_of(rows: Paired, margin: float = 0.002) -> str:
    return compare(rows, ComparisonSpec(margin=margin), "roc_auc", seed=0).verdict


def test_gate_promotes_a_challenger_that_is_clearly_better():
    assert verdict_of(paired(0.5, 3.0)) == "promote"


def test_gate_keeps_the_champion_when_the_challenger_is_clearly_worse():
    assert verdict_of(paired(3.0, 0.5)) == "keep"


def test_gate_is_undecided_when_few_rows_cannot_tell():
    assert verdict_of(paired(0.9, 1.2, n=60)) == "undecided"


def test_gate_keeps_the_champion_when_the_whole_interval_is_below_the_margin():
    assert verdict_of(paired(0.9, 1.0), margin=0.4) == "keep"


def test_gate_promotes_nobody_without_a_gain_even_at_no_margin():
    rows = paired(1.0, 1.0)
    same = Paired(rows.y, rows.champion, rows.champion)
    assert verdict_of(same, margin=0.0) != "promote"


def test_gate_is_undecided_when_the_metric_is_undefined():
    rows = Paired(np.zeros(50), np.linspace(0, 1, 50), np.linspace(1, 0, 50))
    with pytest.warns(RuntimeWarning):
        assert verdict_of(rows) == "undecided"


def test_gate_compares_in_the_metric_of_its_own_when_one_is_named():
    found = compare(paired(0.5, 3.0), ComparisonSpec(metric="accuracy"), "roc_auc", seed=0)
    assert "accuracy" in found.reason


def test_gate_tells_gain_interval_rows_and_margin():
    found = compare(paired(0.5, 3.0), ComparisonSpec(), "roc_auc", seed=0)
    assert found.reason.endswith(f"on {N} rows that neither model saw, wanted +0.0020")


@pytest.mark.parametrize(
    ("metrics", "minimum"),
    [
        ({"roc_auc": 0.6}, {"roc_auc": 0.65}),
        ({"rmse": 2.0}, {"rmse": 1.5}),
        ({"roc_auc": float("nan")}, {"roc_auc": 0.5}),
    ],
    ids=["too small", "too large an error", "undefined"],
)
def test_metric_that_misses_the_minimum_is_an_objection(metrics, minimum):
    assert below_minimum(metrics, minimum) is not None


def test_metric_that_nobody_measured_is_an_objection():
    assert below_minimum({}, {"f1": 0.1}) is not None


def test_metric_on_the_minimum_is_good_enough():
    assert below_minimum({"roc_auc": 0.65, "rmse": 1.0}, {"roc_auc": 0.65, "rmse": 1.0}) is None


def against(rows: Paired, name: str) -> tuple[str, str]:
    found = versus_simpler(rows, name, "roc_auc", ComparisonSpec())
    return found.verdict, found.reason


def constant(rows: Paired) -> Paired:
    return Paired(rows.y, rows.challenger, np.full(len(rows.y), 0.5))


def test_model_that_equals_a_constant_has_learned_nothing():
    rows = constant(paired(1.0, 1.0))
    assert against(Paired(rows.y, rows.champion, rows.champion), "dummy")[0] == "keep"


def test_model_that_few_rows_cannot_tell_from_a_constant_is_a_persons_choice():
    assert [against(constant(paired(5.0, 1.0, n=n)), "dummy")[0] for n in (120, N)] == ["undecided", "promote"]


def test_model_that_is_clearly_worse_than_a_linear_one_is_refused_with_the_numbers():
    verdict, reason = against(paired(3.0, 0.5), "linear")
    assert verdict == "keep"
    assert re.search(r"linear model of the same rows is better: -0\.\d{4} roc_auc \[-0\.\d+, -0\.\d+\] on 1200", reason)


def test_model_that_is_no_better_than_a_linear_one_that_was_never_tried_is_a_persons_choice():
    verdict, reason = against(paired(1.02, 1.0), "linear")
    assert verdict == "undecided"
    assert "none was tried (search.families): -0.0" in reason


def test_model_that_the_search_has_preferred_to_a_linear_one_is_not_overruled_by_rows_that_cannot_tell():
    found = versus_simpler(paired(1.02, 1.0), "linear", "roc_auc", ComparisonSpec(), was_tried=True)
    assert found.verdict == "promote"
    assert "was worse on validation rows: -0.0" in found.reason


def test_model_that_is_shown_to_be_worse_than_a_linear_one_is_refused_whatever_the_search_preferred():
    found = versus_simpler(paired(3.0, 0.5), "linear", "roc_auc", ComparisonSpec(), was_tried=True)
    assert found.verdict == "keep"


def test_model_that_is_better_than_a_linear_one_may_be_released_though_few_rows_cannot_show_it():
    rows = paired(0.9, 1.2, n=120)
    assert verdict_of(rows) == "undecided"
    assert against(rows, "linear")[0] == "promote"


def test_strictest_verdict_stands():
    verdicts = [Verdict("promote", ""), Verdict("undecided", ""), Verdict("keep", "")]
    assert [strictest(verdicts[:n]) for n in (1, 2, 3)] == [None, verdicts[1], verdicts[2]]


@pytest.mark.parametrize(("row_ms", "told"), [(60.0, True), (50.0, False), (None, False)])
def test_model_that_takes_longer_than_the_release_allows_is_an_objection(row_ms, told):
    assert (too_slow(row_ms, 50.0) is not None) == told


def sliced(n_bad: int) -> tuple[Paired, dict[str, np.ndarray]]:
    """The challenger is better everywhere but in slice `b`, where it is upside down."""
    rows = paired(0.5, 1.5)
    names = np.array(["b"] * n_bad + ["a"] * (N - n_bad), dtype=object)
    return Paired(rows.y, np.where(names == "b", 1 - rows.challenger, rows.challenger), rows.champion), {"where": names}


def test_slice_that_gets_much_worse_is_an_objection_that_names_it():
    rows, columns = sliced(300)
    assert worse_slice(rows, columns, SliceSpec(columns=("where",)), ("roc_auc", 0.95)).startswith("where=b: roc_auc")


def test_slice_of_few_rows_is_not_judged():
    rows, columns = sliced(100)
    assert worse_slice(rows, columns, SliceSpec(columns=("where",)), ("roc_auc", 0.95)) is None


def test_slices_that_all_gain_are_no_objection():
    columns = {"where": np.array(["a", "b"] * (N // 2), dtype=object)}
    assert worse_slice(paired(0.5, 1.5), columns, SliceSpec(columns=("where",)), ("roc_auc", 0.95)) is None


def test_slice_of_one_class_is_passed_over():
    rows = paired(0.5, 1.5)
    columns = {"class": rows.y.astype(object)}
    assert worse_slice(rows, columns, SliceSpec(columns=("class",)), ("roc_auc", 0.95)) is None


def test_rows_without_a_value_are_a_slice_of_their_own():
    rows, columns = sliced(300)
    columns = {"where": np.where(columns["where"] == "b", None, "a")}
    assert worse_slice(rows, columns, SliceSpec(columns=("where",)), ("roc_auc", 0.95)).startswith("where=None")


def test_first_objection_wins():
    assert first_reason((None, "too small", "too slow")) == "too small"
