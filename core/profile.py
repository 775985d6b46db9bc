"""The profile of a reference: what a check needs to know of the rows that a model was trained and accepted on.

It is made in two passes over parts of any size: a survey, from which the cells are chosen, and the counting. Both add.
"""

import functools
import operator
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from core.bins import Cells, NumberCells, category_cells, number_cells
from core.blocks import Clock, clock_for
from core.metrics import Floats
from core.sketch import Sketch, counts_by_block, sketch_of
from core.survey import Ints, NumberSurvey, survey_categories, survey_numbers
from core.views import View


@dataclass(frozen=True, slots=True)
class Part:
    """Some rows: what is seen of them, and when they were in seconds since 1970, if that is known."""

    views: list[View]
    seconds: Floats | None = None


@dataclass(frozen=True, slots=True)
class Survey:
    """A first look at all columns of some rows."""

    columns: Mapping[str, NumberSurvey | Counter[str]]
    first_s: float
    last_s: float

    def __add__(self, other: "Survey") -> "Survey":
        columns: dict[str, NumberSurvey | Counter[str]] = dict(self.columns)
        for key, found in other.columns.items():
            mine = columns.get(key)
            columns[key] = found if mine is None else mine + found  # type: ignore[operator]
        return Survey(columns, min(self.first_s, other.first_s), max(self.last_s, other.last_s))


@dataclass(frozen=True, slots=True)
class Layout:
    """The cells of each column and the blocks of time, frozen before anything is counted."""

    clock: Clock
    cells: Mapping[str, Cells]


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """What is kept of one column.

    Attributes:
        sketch: Of all rows.
        blocks: Numbers of the blocks of time that hold rows, ascending, shape (n_blocks,).
        counts: Counts in each cell for each block, shape (n_blocks, n_cells).
    """

    column: str
    kind: str
    cells: Cells
    sketch: Sketch
    blocks: Ints
    counts: Ints

    def __add__(self, other: "ColumnProfile") -> "ColumnProfile":
        blocks = np.union1d(self.blocks, other.blocks)
        counts = np.zeros((len(blocks), self.cells.n_cells), dtype=np.int64)
        for part in (self, other):
            counts[np.searchsorted(blocks, part.blocks)] += part.counts
        return ColumnProfile(self.column, self.kind, self.cells, self.sketch + other.sketch, blocks, counts)


@dataclass(frozen=True, slots=True)
class Profile:
    """The columns of a reference, by the key of their view."""

    clock: Clock
    columns: Mapping[str, ColumnProfile]

    def __add__(self, other: "Profile") -> "Profile":
        both = {**self.columns, **other.columns}
        both |= {key: self.columns[key] + other.columns[key] for key in self.columns.keys() & other.columns.keys()}
        return Profile(self.clock, both)


def survey(part: Part) -> Survey:
    """Look at some rows."""
    known = part.seconds[np.isfinite(part.seconds)] if part.seconds is not None else np.array([])
    found: dict[str, NumberSurvey | Counter[str]] = {
        view.key: survey_numbers(view.numbers)
        if view.numbers is not None
        else survey_categories(view_codes(view), list(view.names))
        for view in part.views
    }
    return Survey(found, float(known.min(initial=np.inf)), float(known.max(initial=-np.inf)))


def layout(seen: Survey) -> Layout:
    """Choose the cells."""
    cells: dict[str, Cells] = {
        key: number_cells(found) if isinstance(found, NumberSurvey) else category_cells(found)
        for key, found in seen.columns.items()
    }
    return Layout(clock_for(seen.first_s, seen.last_s), cells)


def count(part: Part, frozen: Layout) -> Profile:
    """Count some rows in the cells of a reference; columns that it does not have are passed over."""
    counted: dict[str, ColumnProfile] = {}
    for view in part.views:
        cells = frozen.cells.get(view.key)
        # A column that held numbers and holds text now, or the reverse, is the contract's to refuse.
        if cells is None or isinstance(cells, NumberCells) != (view.numbers is not None):
            continue
        places = place(cells, view)
        seconds = part.seconds if part.seconds is not None else np.zeros(len(places))
        blocks, position = np.unique(frozen.clock.block_of(seconds), return_inverse=True)
        by_block = counts_by_block(cells, places, position, len(blocks))
        sketch = sketch_of(cells, places, view.numbers)
        counted[view.key] = ColumnProfile(view.column, view.kind, cells, sketch, blocks, by_block)
    return Profile(frozen.clock, counted)


def profile_of(parts: Sequence[Callable[[], Part]]) -> Profile:
    """The profile of rows that are given in parts; each is made twice, so that one at a time is in memory."""
    frozen = layout(total(survey(part()) for part in parts))
    return total(count(part(), frozen) for part in parts)


Added = TypeVar("Added", Survey, Profile)


def total(parts: Iterable[Added]) -> Added:
    """The sum of all parts."""
    return functools.reduce(operator.add, parts)


def place(cells: Cells, view: View) -> Ints:
    """The cell of each row, shape (n,)."""
    if isinstance(cells, NumberCells):
        return cells.place(view.numbers if view.numbers is not None else np.array([]))
    return cells.place(view_codes(view), list(view.names))


def view_codes(view: View) -> Ints:
    """The categories' codes; none for numbers."""
    return view.codes if view.codes is not None else np.array([], dtype=np.int64)


def layout_of(profile: Profile) -> Layout:
    """The cells in which a window is counted to be compared with this profile."""
    return Layout(Clock(None), {key: column.cells for key, column in profile.columns.items()})
