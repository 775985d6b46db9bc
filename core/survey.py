"""A first look at a column, part by part: enough to choose the cells in which its values are counted later.

Merging is exact, associative and independent of the order, so that partitions can be looked at anywhere. Quantile
sketches (KLL, t-digest) promise only bounded errors that depend on how they were merged; the same data would then give
another reference, and with it another verdict, on another number of workers.
"""

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.metrics import Floats

Ints = NDArray[np.int64]

MOST_GROUPS = 8192


@dataclass(frozen=True, slots=True)
class NumberSurvey:
    """Values in groups of neighbours: single values while they are few, coarser where they are many.

    Attributes:
        level: Bits by which values are coarsened; 0 keeps each value apart.
        low, high: Smallest and largest value of each group, shape (n_groups,), ascending.
        counts: Values in each group, shape (n_groups,).
    """

    level: int
    low: Floats
    high: Floats
    counts: Ints

    def __add__(self, other: "NumberSurvey") -> "NumberSurvey":
        """Both together.

        The level is the lowest at which the groups of all values are few enough. A part never needs a higher one than
        the whole, so it does not matter which parts were merged first.
        """
        low, high, counts = (
            np.concatenate([getattr(self, name), getattr(other, name)]) for name in ("low", "high", "counts")
        )
        return _coarsened(max(self.level, other.level), low, high, counts)

    @property
    def n_values(self) -> int:
        return int(self.counts.sum())


def survey_numbers(values: Floats) -> NumberSurvey:
    """Look at values; what is not finite is passed over."""
    known = np.asarray(values, dtype=np.float64)
    # Adding zero makes -0.0 into 0.0: which of the two a group kept would hang on the order of the parts.
    known = known[np.isfinite(known)] + 0.0
    return _coarsened(0, known, known, np.ones(len(known), dtype=np.int64))


def survey_categories(codes: Ints, names: list[str]) -> Counter[str]:
    """How often each category occurs; code -1 is a missing value. Counters add."""
    counts = np.bincount(codes[codes >= 0], minlength=len(names))
    return Counter({name: int(count) for name, count in zip(names, counts, strict=True) if count})


def _coarsened(level: int, low: Floats, high: Floats, counts: Ints) -> NumberSurvey:
    if not len(low):
        return NumberSurvey(level, low, high, counts)
    order = np.argsort(low, kind="stable")
    low, high, counts = low[order], high[order], counts[order]
    keys = _ordered_bits(low)
    # Two neighbours are in different groups of a level as long as they differ in a bit above it.
    apart = np.sort((keys[1:] ^ keys[:-1]).view(np.uint64))
    n_groups = len(apart) - np.searchsorted(apart, np.left_shift(np.uint64(1), np.arange(64, dtype=np.uint64))) + 1
    level = max(level, int(np.argmax(n_groups <= MOST_GROUPS)))
    keys = keys >> level
    starts = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1])))
    return NumberSurvey(level, low[starts], np.maximum.reduceat(high, starts), np.add.reduceat(counts, starts))


def _ordered_bits(values: Floats) -> Ints:
    """Whole numbers in the order of the values; neighbours share their leading bits."""
    bits = np.ascontiguousarray(values + 0.0).view(np.int64)
    return np.where(bits >= 0, bits, np.int64(-(2**63)) - bits)
