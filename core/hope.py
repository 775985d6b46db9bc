"""What a search may still gain: the expected improvement of the trials that are left."""

from collections.abc import Sequence

import numpy as np

# Trials that say what the next ones will be like; fewer say nothing yet.
RECENT = 20


def expected_gain(values: Sequence[float], n_left: int) -> float:
    """How much better than the best so far the best of all further trials is expected to be, at most.

    Expected improvement (Mockus, On Bayesian methods for seeking the extremum, 1975) of a trial like the recent ones,
    times the trials that are left: the gain of the best of many is below the sum of their gains. Scores crowd below
    their ceiling, so that a normal distribution rather promises too much.

    Args:
        values: Of the trials on all rows, in the order of telling; greater is better.
        n_left: Trials to come that would see all rows.

    Returns:
        Infinity while too few trials say anything.
    """
    if len(values) < RECENT:
        return float("inf")
    from scipy.special import ndtr

    recent = np.asarray(values[-RECENT:])
    spread, behind = float(recent.std(ddof=1)), max(values) - float(recent.mean())
    if spread == 0:
        return n_left * max(0.0, -behind)
    z = behind / spread
    density = float(np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi))
    return n_left * spread * (density - z * float(ndtr(-z)))
