"""Which arrangement of a hash split suits a table: the one whose parts are most alike, or the first that works.

A salt is chosen once, on labels and sizes only, and frozen in the YAML: rows that come later keep their side, and
those that were there keep theirs, which no split that is stratified anew each time can promise.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.metrics import Floats
from core.places import SIDES, Hashes, salted, side_numbers

FEWEST_SALTS, MOST_SALTS = 64, 1000
# About how many rows all salts together may place: a second of work.
ROWS_TO_PLACE = 4_000_000
MOST_BINS, ROWS_A_BIN = 5, 10


@dataclass(frozen=True, slots=True)
class Arrangement:
    """What a hash split has to arrange.

    Attributes:
        hashes: Of the rows' keys or groups, shape (n,).
        strata: Class or quantile bin of each row, 0..n_strata-1, shape (n,).
        needed: How many strata validation and test rows must hold; all of them must be in the training rows.
        test, validation: Shares of the parts.
    """

    hashes: Hashes
    strata: NDArray[np.int64]
    needed: int
    test: float
    validation: float

    def counts(self, salt: int) -> NDArray[np.int64]:
        """Rows of each stratum on each side, shape (3, n_strata)."""
        sides = side_numbers(salted(self.hashes, salt) / np.float64(2**64), self.test, self.validation)
        n_strata = int(self.strata.max()) + 1
        return np.bincount(sides * n_strata + self.strata, minlength=len(SIDES) * n_strata).reshape(-1, n_strata)

    def works(self, counts: NDArray[np.int64]) -> bool:
        """Whether parts of these counts can train, tune and test a model."""
        kept = (counts > 0).sum(axis=1)
        n_train = counts.shape[1] if self.needed > 1 else 1
        return bool(kept[0] >= n_train and (kept[1:] >= self.needed).all())


def best_salt(arrangement: Arrangement) -> int:
    """The salt whose parts have sizes and shares of each stratum nearest to the whole's; of equals the smallest."""
    shares = np.array([[1 - arrangement.test - arrangement.validation], [arrangement.validation], [arrangement.test]])
    expected = shares * arrangement.counts(0).sum(axis=0)

    def distance(salt: int) -> tuple[bool, int, float]:
        counts = arrangement.counts(salt)
        total, wanted = counts.sum(axis=1), expected.sum(axis=1)
        chi2 = (np.square(counts - expected) / expected).sum() + (np.square(total - wanted) / wanted).sum()
        return not arrangement.works(counts), int((counts == 0).sum()), float(chi2)

    return min(_salts(arrangement), key=distance)


def first_salt_that_works(arrangement: Arrangement) -> int | None:
    """The smallest salt whose parts can be worked with, if a bounded search finds one."""
    return next((salt for salt in _salts(arrangement) if arrangement.works(arrangement.counts(salt))), None)


def _salts(arrangement: Arrangement) -> Iterator[int]:
    yield from range(min(MOST_SALTS, max(FEWEST_SALTS, ROWS_TO_PLACE // len(arrangement.hashes))))


def strata_of(values: pd.Series, classes: bool) -> NDArray[np.int64]:
    """What a split should keep in proportion: each class, or numbers in bins of equal size, shape (n,)."""
    if classes:
        return np.asarray(pd.factorize(values, use_na_sentinel=False)[0], dtype=np.int64)
    numbers: Floats = pd.to_numeric(values, errors="coerce").to_numpy(float, na_value=np.nan)
    n_bins = int(np.clip(len(numbers) // ROWS_A_BIN, 1, MOST_BINS))
    # By rank: equal numbers may fall into two bins, but no bin is empty.
    return np.argsort(np.argsort(numbers, kind="stable"), kind="stable") * n_bins // len(numbers)
