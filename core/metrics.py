"""The metrics by which models are compared, each as a function of row weights, so that a bootstrap can reweigh rows.

A prediction is, by problem: the probability of the positive class, shape (n,); the probability of each class, shape
(n, n_classes); a number, shape (n,). A target is 0/1, 0..n_classes-1, or a number. All formulas equal scikit-learn's
with `sample_weight` (multiclass: ROC AUC and average precision one-vs-rest macro, F1 macro), which the tests hold.
A metric of decided classes reads a binary prediction by a threshold; many classes are decided by the most probable.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Scorer = Callable[[Floats], float]
SMALLEST_PROBABILITY = float(np.finfo(np.float64).eps)


@dataclass(frozen=True, slots=True)
class MetricInfo:
    """What a metric is for, how it is computed, which way is better, and whether it reads decided classes."""

    problems: frozenset[str]
    greater_is_better: bool
    scorer: Callable[[Floats, Floats], Scorer]
    thresholded: bool = False

    def gain(self, challenger: float, champion: float) -> float:
        """How much better the challenger is, in units of the metric; negative when it is worse."""
        return challenger - champion if self.greater_is_better else champion - challenger


def score(metric: str, y: Floats, prediction: Floats, threshold: float = 0.5) -> float:
    """One metric over all rows; NaN where it is undefined (ROC AUC of one class)."""
    return METRICS[metric].scorer(y, as_read(metric, prediction, threshold))(np.ones(len(y)))


def score_all(problem: str, y: Floats, prediction: Floats, threshold: float = 0.5) -> dict[str, float]:
    """Every metric that fits the problem."""
    return {name: score(name, y, prediction, threshold) for name, info in METRICS.items() if problem in info.problems}


def as_read(metric: str, prediction: Floats, threshold: float) -> Floats:
    """The prediction as a metric's scorer reads it: decided by the threshold (1 or 0) where it counts decisions."""
    if METRICS[metric].thresholded and prediction.ndim == 1:
        return labels(prediction, threshold)
    return prediction


def default_metric(problem: str) -> str:
    """What is optimized when nobody says."""
    return "rmse" if problem == "regression" else "roc_auc"


def row_loss(problem: str, y: Floats, prediction: Floats) -> Floats:
    """The loss of each row, shape (n,): log loss for classes, squared error for numbers."""
    if problem == "regression":
        return np.square(y - prediction)
    truth = _probability_of_truth(y, prediction)
    return -np.log(np.clip(truth, SMALLEST_PROBABILITY, 1.0))


def labels(prediction: Floats, threshold: float = 0.5) -> Floats:
    """The predicted class of each row: above the threshold, or the most probable."""
    return (prediction > threshold).astype(float) if prediction.ndim == 1 else prediction.argmax(axis=1).astype(float)


def _probability_of_truth(y: Floats, prediction: Floats) -> Floats:
    if prediction.ndim == 1:
        return np.where(y == 1, prediction, 1 - prediction)
    return np.asarray(prediction[np.arange(len(y)), y.astype(int)])


def _mean_of(loss: Floats) -> Scorer:
    return lambda weights: float(np.dot(weights, loss) / weights.sum())


def _accuracy(y: Floats, prediction: Floats) -> Scorer:
    return _mean_of((labels(prediction) == y).astype(float))


def _balanced_accuracy(y: Floats, prediction: Floats) -> Scorer:
    right = (labels(prediction) == y).astype(float)
    members = [(y == code).astype(float) for code in np.unique(y)]

    def weighted(weights: Floats) -> float:
        totals = [np.dot(weights, member) for member in members]
        recalls = [np.dot(weights * member, right) / n for member, n in zip(members, totals, strict=True) if n > 0]
        return float(np.mean(recalls)) if recalls else float("nan")

    return weighted


def _log_loss(y: Floats, prediction: Floats) -> Scorer:
    return _mean_of(row_loss("classes", y, prediction))


def _mae(y: Floats, prediction: Floats) -> Scorer:
    return _mean_of(np.abs(y - prediction))


def _rmse(y: Floats, prediction: Floats) -> Scorer:
    mean_square = _mean_of(row_loss("regression", y, prediction))
    return lambda weights: float(np.sqrt(mean_square(weights)))


def _r2(y: Floats, prediction: Floats) -> Scorer:
    residual = np.square(y - prediction)

    def weighted(weights: Floats) -> float:
        spread = np.dot(weights, np.square(y - np.average(y, weights=weights)))
        return float(1 - np.dot(weights, residual) / spread) if spread > 0 else float("nan")

    return weighted


def _f1(y: Floats, prediction: Floats) -> Scorer:
    predicted = labels(prediction)
    classes = [1.0] if prediction.ndim == 1 else [float(c) for c in range(prediction.shape[1])]

    def weighted(weights: Floats) -> float:
        return float(np.mean([_f1_of_class(y == c, predicted == c, weights) for c in classes]))

    return weighted


def _f1_of_class(actual: NDArray[np.bool_], predicted: NDArray[np.bool_], weights: Floats) -> float:
    hits = weights[actual & predicted].sum()
    mentions = weights[actual].sum() + weights[predicted].sum()
    return float(2 * hits / mentions) if mentions > 0 else 0.0


def _roc_auc(y: Floats, prediction: Floats) -> Scorer:
    return _one_against_rest(auc_scorer, y, prediction)


def _average_precision(y: Floats, prediction: Floats) -> Scorer:
    return _one_against_rest(_precision_scorer, y, prediction)


def _one_against_rest(make: Callable[[Floats, Floats], Scorer], y: Floats, prediction: Floats) -> Scorer:
    if prediction.ndim == 1:
        return make((y == 1).astype(float), prediction)
    scorers = [make((y == c).astype(float), prediction[:, c]) for c in range(prediction.shape[1])]
    # A class that does not occur in the rows has no ROC AUC; the mean is of those that do.
    return lambda weights: _mean_of_known([scorer(weights) for scorer in scorers])


def _precision_scorer(positive: Floats, prediction: Floats) -> Scorer:
    order = np.argsort(-prediction, kind="stable")
    ranked, positive = prediction[order], positive[order]
    ends = np.append(np.flatnonzero(ranked[1:] != ranked[:-1]), len(ranked) - 1) if len(ranked) else np.array([], int)

    def weighted(weights: Floats) -> float:
        hits, called = np.cumsum(weights[order] * positive)[ends], np.cumsum(weights[order])[ends]
        if not len(hits) or hits[-1] <= 0:
            return float("nan")
        precision = np.divide(hits, called, out=np.zeros_like(hits), where=called > 0)
        return float(np.dot(np.diff(hits, prepend=0.0), precision) / hits[-1])

    return weighted


def _mean_of_known(values: list[float]) -> float:
    known = [value for value in values if not np.isnan(value)]
    return float(np.mean(known)) if known else float("nan")


def auc_scorer(positive: Floats, prediction: Floats) -> Scorer:
    """Weighted ROC AUC as the Mann-Whitney statistic; rows are sorted once, each call costs O(n).

    Args:
        positive: How much of each row is positive, 0 to 1, shape (n,); fractions give the expected ROC AUC.
        prediction: Scores, shape (n,).
    """
    order = np.argsort(prediction, kind="stable")
    ranked = prediction[order]
    starts = np.flatnonzero(np.concatenate(([True], ranked[1:] != ranked[:-1]))) if len(ranked) else np.array([], int)
    positive = positive[order]

    def weighted(weights: Floats) -> float:
        up, down = weights[order] * positive, weights[order] * (1 - positive)
        total = up.sum() * down.sum()
        if total <= 0:
            return float("nan")
        up_tied, down_tied = np.add.reduceat(up, starts), np.add.reduceat(down, starts)
        below = np.cumsum(down_tied) - down_tied
        return float(np.dot(up_tied, below + down_tied / 2) / total)

    return weighted


CLASSES = frozenset({"binary", "multiclass"})
NUMBERS = frozenset({"regression"})
METRICS: Mapping[str, MetricInfo] = MappingProxyType(
    {
        "accuracy": MetricInfo(CLASSES, True, _accuracy, thresholded=True),
        "balanced_accuracy": MetricInfo(CLASSES, True, _balanced_accuracy, thresholded=True),
        "roc_auc": MetricInfo(CLASSES, True, _roc_auc),
        "average_precision": MetricInfo(CLASSES, True, _average_precision),
        "f1": MetricInfo(CLASSES, True, _f1, thresholded=True),
        "log_loss": MetricInfo(CLASSES, False, _log_loss),
        "rmse": MetricInfo(NUMBERS, False, _rmse),
        "mae": MetricInfo(NUMBERS, False, _mae),
        "r2": MetricInfo(NUMBERS, True, _r2),
    }
)
