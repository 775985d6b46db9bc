"""From which effect on a column has drifted: what the reference shows of itself when nothing is wrong.

Draws of the window's size are taken from one stretch of the reference and compared with all the others; without time,
from all of it. How large the effects become by chance and by the usual unrest of the world gives the threshold.
"""

from collections.abc import Callable

import numpy as np

from core.metrics import Floats
from core.survey import Ints

N_DRAWS = 240
# Fewer stretches than this say nothing of how stretches differ.
FEWEST_STRETCHES = 4
# Shares of drawn rows, shape (n_draws, n_cells), against shares of the reference, (n_draws, n_cells) -> (n_draws,).
Effect = Callable[[Floats, Floats], Floats]


def shares(counts: Ints | Floats) -> Floats:
    """Counts over their sum along the last axis; zeros where there are none."""
    total = counts.sum(axis=-1, keepdims=True)
    return np.asarray(np.divide(counts, total, out=np.zeros(counts.shape, dtype=np.float64), where=total > 0))


def null_draws(parts: Ints, n_rows: int, random: np.random.Generator) -> tuple[Floats, Floats, int]:
    """Windows of the reference itself, and what each is compared with.

    Args:
        parts: Counts of its stretches, shape (n_stretches, n_cells); one stretch means that no time is known.
        n_rows: Rows of the window.
        random: Where chance comes from.

    Returns:
        Drawn counts and the counts beside them, each (n_draws, n_cells), and how many stretches they come from.
    """
    whole = parts.sum(axis=0)
    filled = parts[parts.sum(axis=1) > 0]
    if len(filled) < FEWEST_STRETCHES:
        # The reference is a sample too: both together err as a window of fewer rows does against the truth.
        n_reference = max(int(whole.sum()), 1)
        n_effective = max(int(n_rows * n_reference / (n_rows + n_reference)), 1)
        drawn = random.multinomial(n_effective, _certain(whole), size=N_DRAWS)
        return drawn.astype(np.float64), np.broadcast_to(whole, drawn.shape).astype(np.float64), 0
    each = -(-N_DRAWS // len(filled))
    drawn = np.concatenate([random.multinomial(n_rows, _certain(part), size=each) for part in filled])
    beside = np.repeat(whole - filled, each, axis=0)
    return drawn.astype(np.float64), beside.astype(np.float64), len(filled)


def threshold(effects: Floats, n_stretches: int, alarm_rate: float) -> float:
    """The effect that draws exceed at this rate.

    Squares of effects are about gamma distributed, from the half-normal of a wandering mean to the narrow peak of
    pure chance. Their mean is known from few stretches only: of that, and of one more stretch, F is the distribution.
    """
    from scipy import stats

    squares = np.square(effects)
    mean, variance = float(squares.mean()), float(squares.var())
    if variance <= 0:
        return float(np.sqrt(mean))
    freedom = 2 * mean**2 / variance
    if n_stretches == 0:
        return float(np.sqrt(mean * stats.chi2.isf(alarm_rate, freedom) / freedom))
    ratio = stats.f.isf(alarm_rate, freedom, freedom * n_stretches)
    return float(np.sqrt(mean * ratio * (1 + 1 / n_stretches)))


def _certain(counts: Ints) -> Floats:
    # numpy refuses probabilities that sum to a hair above one.
    found = shares(counts)
    return found / max(float(found.sum()), 1.0)
