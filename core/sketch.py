"""What is kept of a column: counts a cell and a few sums, all whole numbers, so that adding parts is exact."""

from dataclasses import dataclass

import numpy as np

from core.bins import Cells, NumberCells
from core.metrics import Floats
from core.survey import Ints

# Sums are kept in these fractions of a scale: whole numbers add to the same total in any order, floats do not.
FRACTIONS = 2**20
SQUARE_FRACTIONS = 2**8
ROWS_AT_ONCE = 500_000


@dataclass(frozen=True, slots=True)
class Sketch:
    """Counts of values in the cells of a reference.

    Attributes:
        counts: Values in each cell, shape (n_cells,); the last one counts missing values.
        sums: Sum of the values in each cell, in fractions of a scale from the centre; zeros for categories.
        squares: Sum of squares, in its own fractions.
        low, high: Smallest and largest value; infinities where there is none.
    """

    counts: Ints
    sums: Ints
    squares: int
    low: float
    high: float

    def __add__(self, other: "Sketch") -> "Sketch":
        return Sketch(
            self.counts + other.counts,
            self.sums + other.sums,
            self.squares + other.squares,
            min(self.low, other.low),
            max(self.high, other.high),
        )

    @property
    def n_rows(self) -> int:
        return int(self.counts.sum())

    @property
    def n_values(self) -> int:
        return int(self.counts[:-1].sum())

    @property
    def missing_share(self) -> float:
        return float(self.counts[-1] / self.n_rows) if self.n_rows else 0.0

    def moments(self, cells: NumberCells) -> tuple[float, float]:
        """Mean and standard deviation, in the column's units; values far out of range are cut off."""
        n = max(self.n_values, 1)
        mean = int(self.sums.sum()) / FRACTIONS / n
        variance = max(self.squares / SQUARE_FRACTIONS / n - mean**2, 0.0)
        return cells.center + mean * cells.scale, float(np.sqrt(variance)) * cells.scale


def sketch_of(cells: Cells, places: Ints, values: Floats | None) -> Sketch:
    """Count rows.

    Args:
        cells: Of the reference.
        places: The cell of each row, shape (n,).
        values: The numbers themselves, shape (n,); None for categories.
    """
    counts = np.bincount(places, minlength=cells.n_cells).astype(np.int64)
    if values is None or not isinstance(cells, NumberCells):
        return Sketch(counts, np.zeros(cells.n_cells, np.int64), 0, np.inf, -np.inf)
    sums, squares = np.zeros(cells.n_cells, np.int64), 0
    for start in range(0, len(values), ROWS_AT_ONCE):
        part = slice(start, start + ROWS_AT_ONCE)
        units = cells.in_scales(values[part])
        # In a part of this size the sums stay below 2**53, where floats count whole numbers without error.
        sums += np.bincount(places[part], np.rint(units * FRACTIONS), cells.n_cells).astype(np.int64)
        squares += int(np.rint(np.square(units) * SQUARE_FRACTIONS).sum())
    # Adding zero makes -0.0 into 0.0: which of the two is the smallest would hang on the order of the parts.
    known = values[np.isfinite(values)] + 0.0
    return Sketch(counts, sums, squares, float(known.min(initial=np.inf)), float(known.max(initial=-np.inf)))


def counts_by_block(cells: Cells, places: Ints, blocks: Ints, n_blocks: int) -> Ints:
    """Counts in each cell for each block, shape (n_blocks, n_cells)."""
    flat = np.bincount(blocks * cells.n_cells + places, minlength=n_blocks * cells.n_cells)
    return flat.reshape(n_blocks, cells.n_cells).astype(np.int64)
