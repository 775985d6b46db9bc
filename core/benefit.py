"""What a retraining could bring: what the labelled rows since the last one teach, tried on the newest of them.

A loss that has risen does not say that a new model would do better: the world may only have become harder to predict,
for a week or for good. So a small correction of the model is learned on the older rows and judged on the newer ones.
What it gains there is something that the model does not know, that can be learned, and that lasts. A training learns
it to the degree that its rows are new: among many old rows a few new ones change little.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from core.metrics import Floats, row_loss

# A correction is learned on as many windows before the one that judges it, where the model has not seen them.
WINDOWS_BEFORE = 4
N_ROWS, FEWEST_ROWS = 8000, 300
# Of the loss, what a training must promise to take away.
WORTH_SHARE, WORTH_Z = 0.003, 3.0
# A handful of small trees, learned in a fraction of a second: enough to see what a training would find.
TREES = {"max_iter": 20, "learning_rate": 0.2, "max_leaf_nodes": 6, "min_samples_leaf": 100, "max_bins": 31}
LEAST_VARIANCE, LONGEST_STEP, MOST_CLASSES = 0.01, 4.0, 10


@dataclass(frozen=True, slots=True)
class Labelled:
    """Rows that the model never saw, whose labels have arrived.

    Attributes:
        x: Feature rows, shape (n, n_features).
        y: Targets, shape (n,), without NaN.
        prediction: The model's, in the form of `core.metrics`.
    """

    x: pd.DataFrame
    y: Floats
    prediction: Floats


NOTHING_LABELLED = Labelled(pd.DataFrame(), np.zeros(0), np.zeros(0))


@dataclass(frozen=True, slots=True)
class Benefit:
    """What a correction gains.

    Attributes:
        n_learned, n_judged: Rows that it was learned and judged on.
        loss, corrected: Mean loss of the judged rows without it and with it.
        error: Standard error of the difference.
        new_share: Share of the rows of a training now that the last one did not have, 0 to 1.
    """

    n_learned: int
    n_judged: int
    loss: float
    corrected: float
    error: float
    new_share: float = 1.0

    @property
    def share(self) -> float:
        """Share of the loss that it takes away; negative where it does harm."""
        return (self.loss - self.corrected) / self.loss if self.loss > 0 else 0.0

    def worth(self, n_refused: int = 0) -> bool:
        """Whether a training promises to take away enough, and not by chance.

        Each training that was refused since the champion's doubles what the next one must promise: what the gate could
        not see with a few more rows it will not see with a few more still.
        """
        promised = self.share * self.new_share
        certain = self.loss - self.corrected >= WORTH_Z * self.error
        return certain and promised >= WORTH_SHARE * 2**n_refused

    @property
    def reason(self) -> str:
        """In words."""
        return (
            f"what {self.n_learned} labelled rows since the training teach takes the loss of the newest "
            f"{self.n_judged} from {self.loss:.3f} to {self.corrected:.3f}, "
            f"and {self.new_share:.0%} of a training's rows would be new"
        )


def benefit(problem: str, older: Labelled, newer: Labelled, new_share: float = 1.0) -> Benefit | None:
    """Learn a correction on older rows and judge it on newer ones; None where either are too few."""
    if min(len(older.y), len(newer.y)) < FEWEST_ROWS:
        return None
    older, newer = _thinned(older), _thinned(newer)
    corrected = _corrected(problem, older, newer)
    before, after = row_loss(problem, newer.y, newer.prediction), row_loss(problem, newer.y, corrected)
    error = float((before - after).std() / math.sqrt(len(before)))
    return Benefit(len(older.y), len(newer.y), float(before.mean()), float(after.mean()), error, new_share)


def _thinned(rows: Labelled) -> Labelled:
    every = slice(None, None, -(-len(rows.y) // N_ROWS))
    return Labelled(rows.x.iloc[every], rows.y[every], rows.prediction[every])


def _corrected(problem: str, older: Labelled, newer: Labelled) -> Floats:
    known, now = _encoded(older, newer)
    if problem == "regression":
        weights = np.ones(len(older.y))
        return np.asarray(newer.prediction + _step(known, older.y - older.prediction, weights).predict(now))
    if problem == "binary":
        odds = _odds(newer.prediction) + _newton_step(known, older.y, older.prediction).predict(now)
        return np.asarray(1 / (1 + np.exp(-odds)))
    scores = np.log(np.clip(newer.prediction, 1e-6, 1))
    for code in np.argsort(-older.prediction.mean(axis=0))[:MOST_CLASSES]:
        scores[:, code] += _newton_step(known, (older.y == code).astype(float), older.prediction[:, code]).predict(now)
    scores = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(scores / scores.sum(axis=1, keepdims=True))


def _newton_step(x: Floats, y: Floats, prediction: Floats) -> Any:
    """One step from the model's own odds towards those of the rows (Friedman, Greedy function approximation, 2001)."""
    variance = np.clip(prediction * (1 - prediction), LEAST_VARIANCE, None)
    return _step(x, np.clip((y - prediction) / variance, -LONGEST_STEP, LONGEST_STEP), variance)


def _step(x: Floats, wanted: Floats, weights: Floats) -> Any:
    from sklearn.ensemble import HistGradientBoostingRegressor
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1):
        return HistGradientBoostingRegressor(early_stopping=False, random_state=0, **TREES).fit(x, wanted, weights)


def _odds(prediction: Floats) -> Floats:
    inside = np.clip(prediction, 1e-6, 1 - 1e-6)
    return np.asarray(np.log(inside / (1 - inside)))


def _encoded(older: Labelled, newer: Labelled) -> tuple[Floats, Floats]:
    """Both as numbers, predictions included; a level is its rank in the older rows, one that they lack is missing."""
    columns = [(older.prediction, newer.prediction)]
    for name in older.x.columns:
        sides = (older.x[name], newer.x[name])
        if not pd.api.types.is_numeric_dtype(sides[0]):
            rank = {level: float(i) for i, level in enumerate(sides[0].value_counts().index)}
            sides = (sides[0].map(rank), sides[1].map(rank))
        columns.append((sides[0].to_numpy(np.float64), sides[1].to_numpy(np.float64)))
    known, now = (np.column_stack(side) for side in zip(*columns, strict=True))
    return known, now
