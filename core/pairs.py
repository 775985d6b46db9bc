"""Which pairs of encoded columns say more together than apart.

FAST, of Lou, Caruana, Gehrke and Hooker (Accurate intelligible models with pairwise interactions, KDD 2013, section 4):
a model without interactions is fitted, and for each pair it is asked how much a table of its cells would take from what
that model leaves. Cells are filled on one half of the rows and judged on the other, so that a pair which says nothing
gains nothing: many cells alone fit noise.
"""

from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.metrics import Floats
from core.rows import Rows
from core.rungs import thinned

ENOUGH_ROWS = 40_000
# Columns that are paired, and pairs that are told, at most.
MOST_COLUMNS, MOST_PAIRS = 64, 256
N_BINS, MOST_CODES = 32, 128
ROUNDS = 100
# Rows, in units of a row's weight, that a cell is shrunk by towards no effect.
SHRINK = 5.0
Codes = NDArray[np.intp]


def interacting(rows: Rows, problem: str, seed: int) -> tuple[tuple[int, int], ...]:
    """Pairs of columns that interact, the most telling first.

    Args:
        rows: Encoded training rows, codes and holes as trees read them.
        problem: binary, multiclass or regression.
        seed: Of the rows that are looked at, and of the halves.
    """
    from threadpoolctl import threadpool_limits

    few = thinned(rows, min(1.0, ENOUGH_ROWS / len(rows.y)), seed, by_class=problem != "regression")
    if few.x.shape[1] < 2:
        return ()
    # The first half and the second are drawn at random.
    order = np.random.default_rng(seed).permutation(len(few.y))
    few = replace(few, x=few.x[order], y=few.y[order])
    # One thread: sums must not depend on the machine's cores, and waking others takes longer than these do.
    with threadpool_limits(limits=1):
        gains = _gains(few, problem, seed)
    found = sorted((pair for pair, gain in gains.items() if gain > 0), key=lambda pair: (-gains[pair], pair))
    return tuple(found[:MOST_PAIRS])


def _gains(rows: Rows, problem: str, seed: int) -> dict[tuple[int, int], float]:
    model = _alone(rows, problem, seed)
    left, weight = _left(model, rows, problem)
    codes = {column: _cells(rows.x[:, column]) for column in _telling(model, rows.x.shape[1])}
    # What the model has left of a column alone is no interaction.
    alone = {column: max(0.0, _gain(*cells, left, weight)) for column, cells in codes.items()}
    return {
        (i, j): _gain(*_crossed(codes[i], codes[j]), left, weight) - alone[i] - alone[j]
        for i, j in combinations(codes, 2)
    }


def _alone(rows: Rows, problem: str, seed: int) -> Any:
    from sklearn import ensemble

    kind = (
        ensemble.HistGradientBoostingRegressor if problem == "regression" else ensemble.HistGradientBoostingClassifier
    )
    model = kind(max_iter=ROUNDS, early_stopping=False, interaction_cst="no_interactions", random_state=seed)
    return model.fit(rows.x, rows.y)


def _left(model: Any, rows: Rows, problem: str) -> tuple[Floats, Floats]:
    """What the model leaves, and the weight of each row, shape (n_outputs, n): gradients and Hessians of its loss."""
    if problem == "regression":
        left = rows.y - model.predict(rows.x)
        return left[np.newaxis], np.ones((1, len(left)))
    probability, classes = model.predict_proba(rows.x).T, model.classes_
    if len(classes) == 2:
        probability, classes = probability[1:], classes[1:]
    probability = np.ascontiguousarray(probability)
    return (rows.y == classes[:, np.newaxis]) - probability, probability * (1 - probability)


def _telling(model: Any, n_columns: int) -> list[int]:
    """The columns that the model cuts, those with the greatest gain first, in the order of the table."""
    gains = np.zeros(n_columns)
    for trees in model._predictors:
        for tree in trees:
            cuts = tree.nodes[tree.nodes["is_leaf"] == 0]
            np.add.at(gains, cuts["feature_idx"], np.maximum(cuts["gain"], 0))
    return sorted(np.argsort(-gains, kind="stable")[:MOST_COLUMNS].tolist())


def _cells(values: Floats) -> tuple[Codes, int]:
    """The bin of each value, the last one for holes, and how many there are."""
    known = np.unique(values[~np.isnan(values)])
    if len(known) > MOST_CODES:
        known = np.unique(np.quantile(values[~np.isnan(values)], np.linspace(0, 1, N_BINS + 1)[1:-1]))
    place = np.searchsorted(known, values)
    place[np.isnan(values)] = len(known) + 1
    return place.astype(np.intp), len(known) + 2


def _crossed(first: tuple[Codes, int], second: tuple[Codes, int]) -> tuple[Codes, int]:
    return first[0] * second[1] + second[0], first[1] * second[1]


def _gain(cells: Codes, n_cells: int, left: Floats, weight: Floats) -> float:
    """How much loss a table of the cells takes away from the half of the rows that it was not filled by, summed."""
    first, second = slice(0, len(cells) // 2), slice(len(cells) // 2, None)
    total = 0.0
    for output in range(len(left)):
        for filled, judged in ((first, second), (second, first)):
            height = np.bincount(cells[filled], left[output, filled], n_cells)
            step = height / (np.bincount(cells[filled], weight[output, filled], n_cells) + SHRINK)
            taken = step[cells[judged]]
            total += float(left[output, judged] @ taken - 0.5 * (weight[output, judged] @ (taken * taken)))
    return total
