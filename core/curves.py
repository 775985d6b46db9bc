"""What pictures of predictions are drawn from: few points each, that say where a model is right and where it is not."""

from dataclasses import dataclass

import numpy as np

from core.metrics import Floats, labels

N_POINTS, N_BINS, N_BARS = 80, 10, 30
MOST_CURVES, MOST_CLASSES = 6, 15


@dataclass(frozen=True, slots=True)
class Curve:
    """A line: ROC or precision against recall, of one class against the rest."""

    kind: str
    name: str
    x: tuple[float, ...]
    y: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Bin:
    """Rows of similar prediction: what was predicted and what came true, on average.

    For many classes that is the probability of the predicted class, and how often it was right.
    """

    predicted: float
    realized: float
    n_rows: int


@dataclass(frozen=True, slots=True)
class Bar:
    """Rows whose residual (prediction minus truth) lies between two edges."""

    low: float
    high: float
    n_rows: int


def curves_of(y: Floats, prediction: Floats, classes: tuple[str, ...]) -> tuple[Curve, ...]:
    """ROC and precision-recall curves; empty for numbers and for more classes than a picture can show."""
    if not classes or len(classes) > MOST_CURVES:
        return ()
    if prediction.ndim == 1:
        sides = [(classes[-1], y == 1, prediction)]
    else:
        sides = [(name, y == code, prediction[:, code]) for code, name in enumerate(classes)]
    return tuple(
        curve
        for name, positive, scores in sides
        if 0 < positive.sum() < len(y)
        for curve in _both(name, positive.astype(float), scores)
    )


def _both(name: str, positive: Floats, scores: Floats) -> tuple[Curve, Curve]:
    order = np.argsort(-scores, kind="stable")
    ranked, positive = scores[order], positive[order]
    # Rows of one score are called positive together: only the last of them is a point of the curve.
    ends = np.append(np.flatnonzero(ranked[1:] != ranked[:-1]), len(ranked) - 1)
    hits, called = np.cumsum(positive)[ends], ends + 1.0
    kept = np.unique(np.linspace(0, len(ends) - 1, N_POINTS).astype(int))
    recall, false = hits / hits[-1], (called - hits) / max(called[-1] - hits[-1], 1.0)
    precision = hits / called
    roc = Curve("roc", name, _points(np.append(0.0, false[kept])), _points(np.append(0.0, recall[kept])))
    return roc, Curve("precision_recall", name, _points(recall[kept]), _points(precision[kept]))


def calibration_of(y: Floats, prediction: Floats) -> tuple[Bin, ...]:
    """Rows in ten groups of equal size by what was predicted."""
    if prediction.ndim == 1:
        said, came = prediction, y
    else:
        said, came = prediction.max(axis=1), (labels(prediction) == y).astype(float)
    order = np.argsort(said, kind="stable")
    groups = [group for group in np.array_split(order, N_BINS) if len(group)]
    return tuple(Bin(_short(said[group].mean()), _short(came[group].mean()), len(group)) for group in groups)


def confusion_of(y: Floats, prediction: Floats, threshold: float, n_classes: int) -> tuple[tuple[int, ...], ...]:
    """Rows by true class (line) and predicted class (place in it); empty for numbers and for very many classes."""
    if not 0 < n_classes <= MOST_CLASSES:
        return ()
    cells = y.astype(int) * n_classes + labels(prediction, threshold).astype(int)
    counts = np.bincount(cells, minlength=n_classes**2).reshape(n_classes, n_classes)
    return tuple(tuple(int(n) for n in line) for line in counts)


def residuals_of(y: Floats, prediction: Floats) -> tuple[Bar, ...]:
    """How predictions of numbers miss: counts between the 1st and the 99th percentile, the tails in the outer bars."""
    missed = prediction - y
    low, high = np.quantile(missed, [0.01, 0.99])
    if not high > low:
        return (Bar(_short(low), _short(high), len(missed)),)
    counts, edges = np.histogram(missed.clip(low, high), bins=N_BARS, range=(low, high))
    return tuple(Bar(_short(edges[i]), _short(edges[i + 1]), int(n)) for i, n in enumerate(counts))


def _points(values: Floats) -> tuple[float, ...]:
    return tuple(_short(value) for value in values)


def _short(value: float) -> float:
    return float(f"{value:.5g}")
