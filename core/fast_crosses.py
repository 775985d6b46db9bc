"""The linear model of `core.crosses` as look-ups: the cell of each column, and the weight of each cell and pair."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.crosses import ALONE, CODES, CUT, SCALED, n_codes, places_of
from core.fast_links import answers
from core.fast_network import Numbers, numbers_of
from core.metrics import Floats

Places = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Cut:
    """A column of numbers: its place among the edges, the lowest for a hole."""

    column: int
    edges: Floats

    def __call__(self, x: Floats) -> Places:
        values = x[:, self.column]
        return np.where(np.isnan(values), 0, np.searchsorted(self.edges, values, side="right"))


@dataclass(frozen=True, slots=True)
class Looked:
    """A column of codes, or of few values: a cell for each that is known, and then for a hole, and for all others."""

    column: int
    known: Floats
    cells: Places

    def __call__(self, x: Floats) -> Places:
        values = x[:, self.column]
        if not len(self.known):
            return np.asarray(np.where(np.isnan(values), self.cells[0], self.cells[1]))
        nearest = np.minimum(np.searchsorted(self.known, values), len(self.known) - 1)
        places = np.where(self.known[nearest] == values, nearest, len(self.known) + ~np.isnan(values))
        return np.asarray(self.cells[places])


@dataclass(frozen=True, slots=True)
class Crossed:
    """The sum of the weights of all cells that a row is in.

    Attributes:
        scaled: Numbers as they are, with their weights of shape (n_scaled, n_outputs), if any.
        cells: By column, the cell of a row.
        alone: By column, the weight of each cell, shape (n_cells + 1, n_outputs); the last is of no cell.
        pairs: Two columns each, and the weights of their cells, shape (n_cells + 1, n_cells + 1, n_outputs).
    """

    scaled: tuple[Numbers, Floats] | None
    cells: dict[int, Cut | Looked]
    alone: dict[int, Floats]
    pairs: tuple[tuple[int, int, Floats], ...]
    intercept: Floats
    problem: str

    def __call__(self, x: Floats) -> Floats:
        cells = {column: cell(x) for column, cell in self.cells.items()}
        sums = np.tile(self.intercept, (len(x), 1))
        if self.scaled is not None:
            sums += self.scaled[0](x) @ self.scaled[1]
        for column, weights in self.alone.items():
            sums += weights[cells[column]]
        for first, second, table in self.pairs:
            sums += table[cells[first], cells[second]]
        return answers(sums, self.problem)


def crossed_of(model: Any, problem: str) -> Crossed:
    """A fitted pipeline of `core.crosses`."""
    cells, crosses, linear = model[0].estimator, model[1], model[2]
    weights = np.atleast_2d(linear.coef_).T
    places, _ = places_of(cells)
    found: dict[int, Cut | Looked] = {}
    scaled = None
    for name, fitted, columns in cells.transformers_:
        if name == SCALED:
            numbers = numbers_of(fitted[0], fitted[1], columns)
            scaled = numbers, weights[cells.output_indices_[name]]
        elif name == CUT:
            edges = fitted[-1].bin_edges_
            found |= {column: Cut(column, edges[place][1:-1]) for place, column in enumerate(columns)}
        elif name == CODES:
            found |= dict(zip(columns, _looked(fitted, columns), strict=True))
    alone = {column: _with_none(weights[places[column]]) for column in found}
    pairs = tuple(_pair(crosses, each, places, weights) for each in crosses.transformers_ if each[0] != ALONE)
    return Crossed(scaled, found, alone, pairs, np.atleast_1d(linear.intercept_), problem)


def _looked(encoder: Any, columns: list[int]) -> list[Looked]:
    found, start = [], 0
    for place, column in enumerate(columns):
        known = encoder.categories_[place][~np.isnan(encoder.categories_[place])].astype(float)
        rows = np.full((len(known) + 2, len(columns)), np.nan)
        rows[: len(known), place], rows[-1, place] = known, 1 + known.max(initial=0.0)
        stop = start + n_codes(encoder, place)
        made = encoder.transform(rows)[:, start:stop].toarray()
        # What nobody knows is in no cell: the last.
        cells = np.where(made.any(axis=1), made.argmax(axis=1), stop - start)
        found.append(Looked(column, known, cells))
        start = stop
    return found


def _with_none(weights: Floats) -> Floats:
    return np.pad(weights, ((0, 1), (0, 0)))


def _pair(crosses: Any, part: Any, places: dict[int, list[int]], weights: Floats) -> tuple[int, int, Floats]:
    """The table of a pair: products come in the order of the combinations of all its cells, those of one column too."""
    name, _, cells = part
    column_of = {cell: column for column, its in places.items() for cell in its}
    first, second = column_of[cells[0]], column_of[cells[-1]]
    n_first, n_all = len(places[first]), len(cells)
    i, j = np.arange(n_first)[:, np.newaxis], np.arange(n_first, n_all)[np.newaxis]
    order = i * (2 * n_all - i - 1) // 2 + (j - i - 1)
    table = weights[crosses.output_indices_[name]][order]
    return first, second, np.pad(table, ((0, 1), (0, 1), (0, 0)))
