"""Above which probability a row counts as positive: chosen on the validation rows for the metric that is declared."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from core.choices import is_imbalanced
from core.metrics import METRICS, Floats

HALF = 0.5
# With fewer validation rows of a class a threshold would follow the luck of these few.
FEWEST_OF_A_CLASS = 10

# From hits, false alarms, positives and negatives to the metric, each of shape (n_thresholds,) or a number.
Of = Callable[[Floats, Floats, float, float], Floats]
OBJECTIVES: Mapping[str, Of] = MappingProxyType(
    {
        "f1": lambda hits, alarms, ups, downs: 2 * hits / (hits + alarms + ups),
        "accuracy": lambda hits, alarms, ups, downs: (hits + downs - alarms) / (ups + downs),
        "balanced_accuracy": lambda hits, alarms, ups, downs: (hits / ups + (downs - alarms) / downs) / 2,
    }
)


def choose_threshold(metric: str, y: Floats, prediction: Floats) -> float:
    """The threshold that is best on these rows.

    A metric that no threshold moves (ROC AUC, log loss) leaves it at one half, except for imbalanced classes, where one
    half would call next to nothing positive: there F1 decides.

    Args:
        metric: A key of `core.metrics.METRICS`.
        y: 0 or 1, shape (n,).
        prediction: Probabilities of the positive class, shape (n,).
    """
    ups, downs = float(y.sum()), float(len(y) - y.sum())
    if min(ups, downs) < FEWEST_OF_A_CLASS:
        return HALF
    objective = metric if METRICS[metric].thresholded else "f1" if is_imbalanced(y) else None
    return _best(OBJECTIVES[objective], y, prediction) if objective else HALF


def _best(objective: Of, y: Floats, prediction: Floats) -> float:
    order = np.argsort(-prediction, kind="stable")
    ranked = prediction[order]
    # Rows above the k-th distinct value count as positive: none of them first, all of them last.
    ends = np.append(np.flatnonzero(ranked[1:] != ranked[:-1]) + 1, len(ranked))
    hits = np.concatenate(([0.0], np.cumsum(y[order])[ends - 1]))
    alarms = np.concatenate(([0], ends)) - hits
    edges = np.concatenate(([1.0], ranked[ends - 1], [0.0]))
    thresholds = (edges[:-1] + edges[1:]) / 2
    values = objective(hits, alarms, float(y.sum()), float(len(y) - y.sum()))
    best = np.flatnonzero(values >= values.max() - 1e-12)
    return float(thresholds[best[np.abs(thresholds[best] - HALF).argmin()]])
