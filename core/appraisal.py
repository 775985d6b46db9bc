"""What is written down of a version at its registration, so that its page never has to compute a model again."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.curves import Bar, Bin, Curve, calibration_of, confusion_of, curves_of, residuals_of
from core.data_facts import ColumnFacts, PartFacts
from core.gate import SMALLEST_SLICE
from core.metrics import METRICS, Floats, as_read, score_all

# 50 to 200 draws are enough for a standard error (Efron and Tibshirani 1993, section 6.4); of very many rows fewer are
# drawn, whose error is small anyhow.
MOST_DRAWS, FEWEST_DRAWS, ROWS_DRAWN = 100, 20, 1_500_000
Z = 1.96
MOST_VALUES = 12


@dataclass(frozen=True, slots=True)
class Interval:
    """A metric on the test rows, and where it would lie in 95 of 100 such samples (bootstrap standard error)."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Slice:
    """A group of the test rows.

    Attributes:
        held: Whether the gate holds it (`gate.slices`); others are shown only.
        predicted, realized: Means of prediction and truth; 0 for many classes.
    """

    column: str
    value: str
    n_rows: int
    metric: Interval
    predicted: float
    realized: float
    held: bool


@dataclass(frozen=True, slots=True)
class Appraisal:
    """A version on its test rows, and the data that it was made of.

    Attributes:
        metric: Of search, gate and slices.
        confusion: Rows by true class (line) and predicted class; empty for numbers.
        packages: Name and version of what was installed.
    """

    metric: str
    intervals: dict[str, Interval]
    slices: tuple[Slice, ...]
    curves: tuple[Curve, ...]
    calibration: tuple[Bin, ...]
    confusion: tuple[tuple[int, ...], ...]
    residuals: tuple[Bar, ...]
    parts: tuple[PartFacts, ...] = ()
    columns: tuple[ColumnFacts, ...] = ()
    packages: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Scored:
    """Test rows with their predictions; `blocks` are those of `core.bootstrap.Paired`."""

    problem: str
    classes: tuple[str, ...]
    y: Floats
    prediction: Floats
    threshold: float
    blocks: NDArray[np.int64] | None


def appraise(rows: Scored, metric: str, seed: int, slices: Mapping[str, tuple[pd.Series, bool]]) -> Appraisal:
    """Appraise a model by predictions that were made already.

    Args:
        rows: What was predicted and what came true.
        metric: Of the slices.
        seed: Of the bootstrap.
        slices: By column its values in the test rows, and whether the gate holds them.
    """
    drawn = _draws(rows, seed)
    values = score_all(rows.problem, rows.y, rows.prediction, rows.threshold)
    everywhere = np.ones(len(rows.y), dtype=bool)
    numbers = rows.problem == "regression"
    return Appraisal(
        metric=metric,
        intervals={name: _interval(name, rows, everywhere, drawn) for name in values},
        slices=tuple(_slices(rows, metric, slices, drawn)),
        curves=curves_of(rows.y, rows.prediction, rows.classes),
        calibration=calibration_of(rows.y, rows.prediction),
        confusion=confusion_of(rows.y, rows.prediction, rows.threshold, len(rows.classes)),
        residuals=residuals_of(rows.y, rows.prediction) if numbers else (),
    )


def _draws(rows: Scored, seed: int) -> list[Floats]:
    blocks = np.arange(len(rows.y)) if rows.blocks is None else rows.blocks
    n_blocks = int(blocks.max()) + 1
    random = np.random.default_rng(seed)
    n_draws = int(np.clip(ROWS_DRAWN // rows.prediction.size, FEWEST_DRAWS, MOST_DRAWS))
    weights = (np.bincount(random.integers(0, n_blocks, n_blocks), minlength=n_blocks) for _ in range(n_draws))
    return [drawn[blocks].astype(np.float64) for drawn in weights]


def _interval(metric: str, rows: Scored, inside: NDArray[np.bool_], drawn: list[Floats]) -> Interval:
    y, prediction = rows.y[inside], rows.prediction[inside]
    scorer = METRICS[metric].scorer(y, as_read(metric, prediction, rows.threshold))
    value = scorer(np.ones(len(y)))
    # Days of a draw may miss a slice altogether.
    weights = [weight[inside] for weight in drawn]
    values = [scorer(weight) for weight in weights if weight.any()]
    error = float(np.nanstd(values)) if np.isfinite(values).any() else float("nan")
    return Interval(value, value - Z * error, value + Z * error)


def _slices(
    rows: Scored, metric: str, slices: Mapping[str, tuple[pd.Series, bool]], drawn: list[Floats]
) -> Iterator[Slice]:
    for column, (values, held) in slices.items():
        # A missing value stays missing under astype: it is a level like the others here.
        told = np.array([str(value) for value in values], dtype=object)
        names, counts = np.unique(told, return_counts=True)
        shown = sorted(zip(-counts, names, strict=True))[:MOST_VALUES]
        for n_rows, name in ((-n, name) for n, name in shown if -n >= SMALLEST_SLICE):
            inside = np.asarray(told == name)
            if rows.problem != "regression" and len(np.unique(rows.y[inside])) < 2:
                continue
            means = (0.0, 0.0) if rows.prediction.ndim > 1 else (_mean(rows.prediction, inside), _mean(rows.y, inside))
            found = _interval(metric, rows, inside, drawn)
            yield Slice(column, str(name), int(n_rows), found, *means, held)


def _mean(values: Floats, inside: NDArray[np.bool_]) -> float:
    return float(values[inside].mean())
