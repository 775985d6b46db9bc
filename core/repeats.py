"""Which keys of a long table came before, when its rows pass in chunks."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.contract import Mask

Hashes = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class ToldBefore:
    """Of one chunk, which keys came before, told where all chunks pass; the chunk itself may be scored elsewhere."""

    known: Mask

    def repeats(self, keys: pd.DataFrame) -> Mask:
        """As of `KeysBefore`."""
        return self.known


class KeysBefore:
    """The keys that have passed, as hashes of 8 bytes each: a hundred million of them take 0.8 GB."""

    def __init__(self) -> None:
        self.sorted: list[Hashes] = []

    def repeats(self, keys: pd.DataFrame) -> Mask:
        """Rows whose key came before, in this chunk or an earlier one, shape (n,); the first does not count.

        So told, the answer for a row does not depend on how the table was cut.

        Args:
            keys: The key columns as texts.
        """
        hashes = pd.util.hash_pandas_object(keys, index=False).to_numpy(np.uint64)
        known = np.array(pd.Series(hashes).duplicated(), dtype=bool)
        for earlier in self.sorted:
            place = np.minimum(np.searchsorted(earlier, hashes), len(earlier) - 1)
            known |= earlier[place] == hashes
        self._add(np.sort(hashes[~known]))
        return known

    def _add(self, hashes: Hashes) -> None:
        # Runs of doubling length: each hash is sorted again only as often as the table doubles.
        while self.sorted and len(self.sorted[-1]) <= 2 * len(hashes):
            hashes = np.sort(np.concatenate([self.sorted.pop(), hashes]))
        if len(hashes):
            self.sorted.append(hashes)
