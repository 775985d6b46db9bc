"""How sure is a difference between two models on the same rows? A paired bootstrap says.

Efron and Tibshirani, An Introduction to the Bootstrap (1993), section 13.3, percentile interval; whole blocks of rows
are drawn where rows of one block (a day) err together: Davison and Hinkley, Bootstrap Methods (1997), section 3.8.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.metrics import METRICS, Floats, Scorer, as_read

N_RESAMPLES = 1000
FEWEST_BLOCKS = 20


@dataclass(frozen=True, slots=True)
class Difference:
    """Gain of the challenger over the champion and its interval; positive is better, whatever the metric."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Paired:
    """Both models' predictions of the same rows, neither of which saw them.

    Attributes:
        y: Targets, shape (n,).
        challenger: Predictions in the form of `core.metrics`.
        champion: The same rows, the same form.
        blocks: Which rows err together, as 0..n_blocks-1, shape (n,); None: every row for itself.
        thresholds: Of the challenger and of the champion: each decides by its own.
    """

    y: Floats
    challenger: Floats
    champion: Floats
    blocks: NDArray[np.int64] | None = None
    thresholds: tuple[float, float] = (0.5, 0.5)

    def take(self, rows: NDArray[np.bool_]) -> "Paired":
        """The rows of a slice."""
        kept = None if self.blocks is None else np.unique(self.blocks[rows], return_inverse=True)[1]
        return Paired(self.y[rows], self.challenger[rows], self.champion[rows], kept, self.thresholds)


def paired_difference(rows: Paired, metric: str, confidence: float, seed: int) -> Difference:
    """The gain and its bootstrap interval.

    Args:
        rows: Targets and both predictions.
        metric: A key of `core.metrics.METRICS`.
        confidence: Coverage of the interval, 0 to 1.
        seed: Seed of the resampling.
    """
    info = METRICS[metric]
    challenger, champion = (
        info.scorer(rows.y, as_read(metric, prediction, threshold))
        for prediction, threshold in zip((rows.challenger, rows.champion), rows.thresholds, strict=True)
    )

    return drawn_again(lambda weights: info.gain(challenger(weights), champion(weights)), rows, confidence, seed)


def drawn_again(gain: Scorer, rows: Paired, confidence: float, seed: int) -> Difference:
    """A number that is computed from weighted rows, and its bootstrap interval.

    Args:
        gain: The number, from the weights of the rows, shape (n,).
        rows: Of which blocks are drawn.
        confidence: Coverage of the interval, 0 to 1.
        seed: Seed of the resampling.
    """
    blocks = np.arange(len(rows.y)) if rows.blocks is None else rows.blocks
    n_blocks = int(blocks.max()) + 1
    random = np.random.default_rng(seed)
    gains = np.empty(N_RESAMPLES)
    for i in range(N_RESAMPLES):
        drawn = np.bincount(random.integers(0, n_blocks, n_blocks), minlength=n_blocks)
        gains[i] = gain(drawn[blocks].astype(np.float64))
    tail = (1 - confidence) / 2
    low, high = np.nanquantile(gains, [tail, 1 - tail])
    return Difference(gain(np.ones(len(rows.y))), float(low), float(high))
