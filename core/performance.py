"""How a model does on rows: measured where labels have arrived, estimated where not, compared with its holdout."""

import math
from dataclasses import dataclass

import numpy as np

from core.metrics import Floats, auc_scorer, row_loss, score_all

LOSS_Z, LOSS_RATIO = 3.0, 1.10
GAP_Z, GAP_SPREADS = 4.0, 0.15


@dataclass(frozen=True, slots=True)
class Scorecard:
    """A model's performance on labelled rows.

    Attributes:
        n_rows: Labelled rows.
        metrics: All metrics of the problem.
        loss, loss_spread: Mean and standard deviation of the row losses (log loss or squared error).
        gap: Mean prediction minus realized mean (of the class where it is largest), the calibration in the large.
        spread: Standard deviation of the target (of that class).
    """

    n_rows: int
    metrics: dict[str, float]
    loss: float
    loss_spread: float
    gap: float
    spread: float


@dataclass(frozen=True, slots=True)
class Decay:
    """Whether labelled rows show a model to be worse than it was on its holdout, and why."""

    decayed: bool
    reason: str


def scorecard(problem: str, y: Floats, prediction: Floats, threshold: float = 0.5) -> Scorecard:
    """Score labelled rows.

    Args:
        problem: binary, multiclass or regression.
        y: Targets, shape (n,), without NaN.
        prediction: In the form of `core.metrics`.
        threshold: Above which probability a row counts as positive.
    """
    loss = row_loss(problem, y, prediction)
    gap, spread = _gap(problem, y, prediction)
    metrics = score_all(problem, y, prediction, threshold)
    return Scorecard(len(y), metrics, float(loss.mean()), float(loss.std()), gap, spread)


def _gap(problem: str, y: Floats, prediction: Floats) -> tuple[float, float]:
    if problem != "multiclass":
        return float(prediction.mean() - y.mean()), float(y.std())
    realized = np.bincount(y.astype(int), minlength=prediction.shape[1]) / len(y)
    gaps = prediction.mean(axis=0) - realized
    worst = int(np.abs(gaps).argmax())
    return float(gaps[worst]), float(np.sqrt(realized[worst] * (1 - realized[worst])))


def decay(holdout: Scorecard, now: Scorecard) -> Decay:
    """Loss significantly and by 10 % over the holdout's, or mean prediction away from the realized rate.

    The two signals that were worth the most as triggers on real streams; both need size and significance.
    """
    loss_error = math.sqrt(now.loss_spread**2 / now.n_rows + holdout.loss_spread**2 / holdout.n_rows)
    loss_z = (now.loss - holdout.loss) / loss_error if loss_error > 0 else 0.0
    if loss_z > LOSS_Z and now.loss > LOSS_RATIO * holdout.loss:
        return Decay(True, f"loss {holdout.loss:.3f} -> {now.loss:.3f} on {now.n_rows} labelled rows")
    gap_z = abs(now.gap) / (now.spread / math.sqrt(now.n_rows)) if now.spread > 0 else 0.0
    if gap_z > GAP_Z and abs(now.gap) > GAP_SPREADS * now.spread:
        return Decay(
            True,
            f"predictions are {abs(now.gap):.3f} too {'high' if now.gap > 0 else 'low'} on average "
            f"over {now.n_rows} labelled rows",
        )
    return Decay(False, f"loss {holdout.loss:.3f} -> {now.loss:.3f}, mean prediction off by {now.gap:+.3f}")


def estimated_metrics(problem: str, prediction: Floats, threshold: float = 0.5) -> dict[str, float]:
    """What a calibrated classifier expects of itself, without labels; empty for numbers.

    Each row counts as positive by its own probability, as in confidence-based performance estimation (NannyML). Right
    under covariate shift, misleading under concept drift: a hint, never the only reason to retrain.
    """
    if problem == "regression":
        return {}
    if problem == "multiclass":
        return {"accuracy": float(prediction.max(axis=1).mean())}
    expected = {"accuracy": float(np.where(prediction > threshold, prediction, 1 - prediction).mean())}
    return expected | {"roc_auc": auc_scorer(prediction, prediction)(np.ones(len(prediction)))}
