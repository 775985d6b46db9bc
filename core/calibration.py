"""Probabilities put right on the validation rows, where that is shown to lower the log loss of rows it has not seen."""

from typing import Any

import numpy as np

from core.metrics import METRICS, Floats, score
from core.rows import Rows

METHODS = ("sigmoid", "isotonic")
# Less than this share of the log loss is luck, and every correction is one more thing that can break.
LEAST_GAIN = 0.002
# An isotonic step makes ties, which cost the metric of the search a little; not more than this.
MOST_LOSS = 0.001
FEWEST_ROWS = 200


def calibrated(estimator: Any, validation: Rows, problem: str, metric: str) -> tuple[Any, str]:
    """The estimator, and how its probabilities were put right: sigmoid, isotonic, or not at all (empty).

    Each method is fitted on one half of the rows and judged on the other, both ways; what wins is fitted on all.

    Args:
        estimator: Fitted.
        validation: Encoded rows.
        problem: Only binary problems are put right.
        metric: Of the search.
    """
    if problem != "binary" or _is_calibrated(estimator) or len(validation.y) < FEWEST_ROWS:
        return estimator, ""
    before = estimator.predict_proba(validation.x)[:, 1]
    loss = score("log_loss", validation.y, before)
    losses = {}
    for method in METHODS:
        after = _cross_fitted(estimator, validation, method)
        # Where decisions count, the threshold is chosen afterwards.
        if after is not None and (METRICS[metric].thresholded or _keeps(metric, validation.y, before, after)):
            losses[method] = score("log_loss", validation.y, after)
    best = min(losses, key=lambda method: losses[method], default="")
    if not best or losses[best] > loss * (1 - LEAST_GAIN):
        return estimator, ""
    return _fitted(estimator, validation.x, validation.y, best), best


def _keeps(metric: str, y: Floats, before: Floats, after: Floats) -> bool:
    # Half by half: the two have corrections of their own, and are not to be ranked against each other.
    halves = np.array_split(np.arange(len(y)), [len(y) // 2])
    gains = [METRICS[metric].gain(score(metric, y[h], after[h]), score(metric, y[h], before[h])) for h in halves]
    return float(np.mean(gains)) >= -MOST_LOSS


def _is_calibrated(estimator: Any) -> bool:
    from sklearn.calibration import CalibratedClassifierCV

    members = getattr(estimator, "estimators_", [])
    inner = [getattr(member, "estimator", member) for member in members] if isinstance(members, list) else []
    return any(isinstance(each, CalibratedClassifierCV) for each in (estimator, *inner))


def _cross_fitted(estimator: Any, rows: Rows, method: str) -> Floats | None:
    first_half = np.arange(len(rows.y)) < len(rows.y) // 2
    after = np.empty(len(rows.y))
    for learned_on in (first_half, ~first_half):
        if len(np.unique(rows.y[learned_on])) < 2:
            return None
        fitted = _fitted(estimator, rows.x[learned_on], rows.y[learned_on], method)
        after[~learned_on] = fitted.predict_proba(rows.x[~learned_on])[:, 1]
    return after


def _fitted(estimator: Any, x: Floats, y: Floats, method: str) -> Any:
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.frozen import FrozenEstimator

    return CalibratedClassifierCV(FrozenEstimator(estimator), method=method).fit(x, y)
