"""The cells in which a column's values are counted, frozen by the reference: then counts of parts simply add."""

from collections import Counter
from dataclasses import dataclass
from typing import Literal

import numpy as np

from core.metrics import Floats
from core.survey import Ints, NumberSurvey

N_QUANTILES = 64
MOST_LEVELS, MOST_RARE = 64, 2000
# Beyond the reference's range by more than this share of its spread a value is out of range.
MARGIN = 0.25
# A value farther than this from the centre, in spreads, counts as being there: one typing error must not be all.
FARTHEST = 1000.0
BEYOND_RANGE = 3.0


@dataclass(frozen=True, slots=True)
class NumberCells:
    """Stretches between edges: `far below | below | ... | above | far above`, and one cell for missing values.

    Attributes:
        edges: Left ends of all stretches but the first, ascending; a value that is common by itself has its own.
        center, scale: Median, and standard deviation within the middle 99 % (for a constant its size).
        low, high: Range of the reference.
    """

    kind: Literal["number"]
    edges: tuple[float, ...]
    center: float
    scale: float
    low: float
    high: float

    @property
    def n_cells(self) -> int:
        return len(self.edges) + 2

    def place(self, values: Floats) -> Ints:
        """The cell of each value, shape (n,); the last one is for what is missing or infinite."""
        found = np.searchsorted(np.asarray(self.edges), values, side="right")
        return np.where(np.isfinite(values), found, self.n_cells - 1)

    def in_scales(self, values: Floats) -> Floats:
        """Distance from the centre in scales, cut off beyond the range; 0 for missing values."""
        reach = [np.clip((end - self.center) / self.scale, -FARTHEST, FARTHEST) for end in (self.low, self.high)]
        units = np.clip((values - self.center) / self.scale, reach[0] - BEYOND_RANGE, reach[1] + BEYOND_RANGE)
        return np.where(np.isfinite(values), units, 0.0)


@dataclass(frozen=True, slots=True)
class CategoryCells:
    """One cell a common level, then `other known | never seen | missing`.

    Attributes:
        levels: Common levels, most frequent first.
        rare: Other levels that the reference holds.
        closed: Whether `levels` and `rare` are all that it holds, so that another one is new.
        new_share: Share of rows that brought a level never seen before: how many are still to come (Good and Turing).
    """

    kind: Literal["category"]
    levels: tuple[str, ...]
    rare: tuple[str, ...]
    closed: bool
    new_share: float

    @property
    def n_cells(self) -> int:
        return len(self.levels) + 3

    def place(self, codes: Ints, names: list[str]) -> Ints:
        """The cell of each row, shape (n,); code -1 is a missing value."""
        n_levels = len(self.levels)
        of_name = dict.fromkeys(self.rare, n_levels) | {name: i for i, name in enumerate(self.levels)}
        unknown = n_levels + 1 if self.closed else n_levels
        cells = np.array([*(of_name.get(name, unknown) for name in names), n_levels + 2], dtype=np.int64)
        found: Ints = cells[codes]
        return found


Cells = NumberCells | CategoryCells


def number_cells(survey: NumberSurvey) -> NumberCells:
    """Cells of about equal mass; a value that holds more than a cell's share has one of its own."""
    if not survey.n_values:
        return NumberCells("number", (), 0.0, 1.0, 0.0, 0.0)
    share = survey.counts / survey.n_values
    low, high = float(survey.low[0]), float(survey.high[-1])
    center, scale = _center_and_scale(survey)
    common = share >= 1 / N_QUANTILES
    after_common = np.concatenate(([False], common[:-1]))
    quantile = np.floor(np.cumsum(share) * N_QUANTILES)
    starts_quantile = np.concatenate(([True], quantile[1:] > quantile[:-1]))
    inner = survey.low[common | after_common | starts_quantile]
    ends = [low - MARGIN * scale, np.nextafter(high, np.inf), high + MARGIN * scale]
    edges = np.unique(np.concatenate((inner, [low], ends)))
    return NumberCells("number", tuple(map(float, edges)), center, scale, low, high)


def category_cells(seen: Counter[str]) -> CategoryCells:
    """A cell for each of the most frequent levels."""
    ordered = [name for name, _ in sorted(seen.items(), key=lambda item: (-item[1], item[0]))]
    rare = ordered[MOST_LEVELS : MOST_LEVELS + MOST_RARE]
    closed = len(ordered) <= MOST_LEVELS + MOST_RARE
    single = sum(count == 1 for count in seen.values()) / max(sum(seen.values()), 1)
    return CategoryCells("category", tuple(ordered[:MOST_LEVELS]), tuple(rare) if closed else (), closed, single)


def _center_and_scale(survey: NumberSurvey) -> tuple[float, float]:
    middle = survey.low / 2 + survey.high / 2
    below = np.cumsum(survey.counts) / survey.n_values
    cut = [middle[min(int(np.searchsorted(below, q)), len(middle) - 1)] for q in (0.005, 0.5, 0.995)]
    inside = np.clip(middle, cut[0], cut[2])
    mean = np.average(inside, weights=survey.counts)
    spread = float(np.sqrt(np.average(np.square(inside - mean), weights=survey.counts)))
    # A constant, or all but constant, is measured by its own size.
    size = max(abs(float(cut[1])), float(survey.high[-1] - survey.low[0]) / FARTHEST)
    return float(cut[1]), spread if spread > 1e-9 * size else size or 1.0
