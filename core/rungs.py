"""Successive halving: most candidates see a small share of the training rows, and only good ones see all of them."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from core.rows import Rows

Places = NDArray[np.int64]

# Each rung has this many times the rows of the one below. On real tables a ninth of the rows told good from bad as well
# as a third did, at a third of the cost.
ROWS_FACTOR = 9
# About one candidate in so many climbs.
ONE_IN = 4
MOST_RUNGS = 3
# Below so many rows a candidate says little about itself, and its fit costs little.
FEWEST_ROWS = 2000
# Validation rows that tell who climbs: more would cost a small fit most of its time, and hardly change the order.
ENOUGH_TO_RANK = 8000
# Of each class, where there are so many.
FEWEST_OF_A_CLASS = 20


def shares_of(n_rows: int) -> tuple[float, ...]:
    """Shares of the training rows that a candidate is fitted on, ascending; the last is 1."""
    n_rungs = 1
    while n_rungs < MOST_RUNGS and n_rows >= FEWEST_ROWS * ROWS_FACTOR**n_rungs:
        n_rungs += 1
    return tuple(1 / ROWS_FACTOR**below for below in reversed(range(n_rungs)))


def thinned(rows: Rows, share: float, seed: int, by_class: bool) -> Rows:
    """A share of the rows, drawn at random, in their order.

    Args:
        rows: All rows; they may be mapped into memory, only the share is read.
        share: 0 to 1.
        seed: Of the draw; a larger share with the same seed holds the smaller one.
        by_class: Draw from each class of the target apart, so that none is lost.
    """
    if share >= 1:
        return rows
    place = np.random.default_rng(seed).permutation(len(rows.y))
    groups = [np.flatnonzero(rows.y == value) for value in np.unique(rows.y)] if by_class else [np.arange(len(rows.y))]
    kept = np.sort(np.concatenate([_first(group, place, share) for group in groups]))
    return replace(rows, x=rows.x[kept], y=rows.y[kept])


def judges(validation: Rows, share: float, seed: int, by_class: bool) -> Rows:
    """The validation rows that stop and score a fit on a share of the training rows: all, or enough to rank it."""
    enough = min(1.0, ENOUGH_TO_RANK / len(validation.y))
    return validation if share >= 1 else thinned(validation, enough, seed, by_class)


def _first(group: Places, place: Places, share: float) -> Places:
    n_kept = min(len(group), max(FEWEST_OF_A_CLASS, round(len(group) * share)))
    return np.asarray(group[np.argsort(place[group], kind="stable")[:n_kept]])


def climbs(value: float, others: Sequence[float]) -> bool:
    """Whether a candidate sees more rows.

    Args:
        value: What it promises on all rows, greater is better.
        others: What candidates before it promised on this rung.
    """
    n_better = sum(other >= value for other in others)
    return n_better < max(1, round((len(others) + 1) / ONE_IN))
