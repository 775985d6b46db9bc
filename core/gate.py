"""The gate: may the challenger replace the champion? Both are scored on rows that neither saw."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from core.bootstrap import Difference, Paired, paired_difference
from core.gate_spec import ComparisonSpec, SliceSpec
from core.learning_spec import Metric
from core.metrics import METRICS

SMALLEST_SLICE = 200


@dataclass(frozen=True, slots=True)
class Verdict:
    """promote, keep the champion, or undecided (a person decides), with its reason.

    Attributes:
        difference: The gain in the compared metric.
        challenger, champion: All metrics of both on the same rows, which neither saw.
    """

    verdict: Literal["promote", "keep", "undecided"]
    reason: str
    difference: Difference | None = None
    challenger: dict[str, float] | None = None
    champion: dict[str, float] | None = None


def below_minimum(metrics: Mapping[str, float], minimum: Mapping[Metric, float]) -> str | None:
    """Why the challenger is not good enough on its own, or None."""
    for name, bound in minimum.items():
        value = metrics.get(name, math.nan)
        if not METRICS[name].gain(value, bound) >= 0:
            return f"{name} {value:.4f} on the test rows, the gate's minimum is {bound:g}"
    return None


def too_slow(row_ms: float | None, limit_ms: float) -> str | None:
    """Why the challenger takes too long, or None; half of its answers count, since a busy machine slows single ones."""
    if row_ms is None or row_ms <= limit_ms:
        return None
    return f"half of single rows take more than {row_ms:.1f} ms to predict, release.max_latency_ms is {limit_ms:g}"


def versus_simpler(rows: Paired, name: str, metric: str, spec: ComparisonSpec, was_tried: bool = False) -> Verdict:
    """What a simpler model of the same training rows says of the challenger.

    Learning anything must be shown: against a constant the interval has to lie above zero. A linear model is a model
    that could be released instead: who is shown to be worse is refused. Who does no better is a person's choice where
    no linear model was among the candidates; where it was, the validation rows have preferred the challenger already,
    and test rows that cannot tell the two apart do not overrule them.

    Args:
        rows: Targets, and the challenger's and the simpler model's predictions; neither saw them.
        name: dummy or linear.
        metric: Of the search.
        spec: Coverage of the interval.
        was_tried: Whether the simpler kind of model was among the candidates.
    """
    found = paired_difference(rows, metric, spec.confidence, seed=0)
    told = f"{found.value:+.4f} {metric} [{found.low:+.4f}, {found.high:+.4f}] on {len(rows.y)} test rows"
    return _versus_constant(found, told) if name == "dummy" else _versus_linear(found, told, was_tried)


def _versus_constant(found: Difference, told: str) -> Verdict:
    if not found.value > 0:
        return Verdict("keep", f"it is no better than a constant prediction: {told}", found)
    if not found.low > 0:
        return Verdict("undecided", f"not shown to be better than a constant prediction: {told}", found)
    return Verdict("promote", f"over a constant prediction {told}", found)


def _versus_linear(found: Difference, told: str, was_tried: bool) -> Verdict:
    if found.high < 0:
        return Verdict("keep", f"a linear model of the same rows is better: {told}", found)
    if found.value > 0:
        return Verdict("promote", f"over a linear model {told}", found)
    if was_tried:
        return Verdict("promote", f"a linear model is as good there, and was worse on validation rows: {told}", found)
    why = f"a linear model of the same rows is as good, and none was tried (search.families): {told}"
    return Verdict("undecided", why, found)


def strictest(verdicts: Sequence[Verdict]) -> Verdict | None:
    """The verdict that stands in the way most: keep before undecided; None where all would promote."""
    for wanted in ("keep", "undecided"):
        found = next((each for each in verdicts if each.verdict == wanted), None)
        if found is not None:
            return found
    return None


def compare(rows: Paired, spec: ComparisonSpec, metric: str, seed: int) -> Verdict:
    """The verdict on unseen rows that both models scored.

    Promote when the gain reaches the margin and its interval lies above zero; keep when the whole interval lies below
    the margin; else nobody can tell yet.
    """
    name = spec.metric or metric
    found = paired_difference(rows, name, spec.confidence, seed)
    told = (
        f"gain {found.value:+.4f} {name} [{found.low:+.4f}, {found.high:+.4f}] "
        f"on {len(rows.y)} rows that neither model saw, wanted {spec.margin:+.4f}"
    )
    if found.value >= spec.margin and found.low > 0:
        return Verdict("promote", told, found)
    return Verdict("keep" if found.high < spec.margin else "undecided", told, found)


def worse_slice(
    rows: Paired, columns: Mapping[str, NDArray[np.object_]], spec: SliceSpec, compared: tuple[str, float]
) -> str | None:
    """Why a group of rows would suffer, or None.

    Args:
        rows: Targets and both predictions.
        columns: Values of each slice column, shape (n,).
        spec: Largest drop.
        compared: Metric and coverage of the interval; the latter is corrected for the number of slices (Bonferroni).
    """
    metric, confidence = compared
    slices = list(_slices(columns))
    for name, inside in slices:
        part = rows.take(inside)
        if METRICS[metric].problems >= {"binary"} and len(np.unique(part.y)) < 2:
            continue
        drop = paired_difference(part, metric, 1 - (1 - confidence) / len(slices), seed=0)
        if -drop.value > spec.max_drop and drop.high < 0:
            return (
                f"{name}: {metric} drops by {-drop.value:.4f} [{-drop.high:.4f}, {-drop.low:.4f}] "
                f"on {len(part.y)} rows, at most {spec.max_drop:g} is allowed"
            )
    return None


def _slices(columns: Mapping[str, NDArray[np.object_]]) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    for column, values in columns.items():
        for value, count in zip(*np.unique(values.astype(str), return_counts=True), strict=True):
            if count >= SMALLEST_SLICE:
                yield f"{column}={value}", np.asarray(values.astype(str) == value)


def first_reason(reasons: Sequence[str | None]) -> str | None:
    """The first objection, if any."""
    return next((reason for reason in reasons if reason), None)
