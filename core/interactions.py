"""Which pairs of numbers say together what neither says alone."""

import numpy as np
import pandas as pd

from core.metrics import Floats

N_ROWS = 20_000
# The screen costs rows times columns squared: of wider tables the columns that vary most with the target are looked at.
N_COLUMNS = 300
# Of all pairs of noise together, one in twenty thousand tables has one that stands out as much.
CERTAINTY = 4.5
RIDGE = 1e-3


def best_pairs(numbers: pd.DataFrame, sides: Floats, n_most: int, seed: int = 0) -> tuple[tuple[str, str], ...]:
    """Pairs whose product explains most of what a linear model leaves, the best first.

    Args:
        numbers: Training rows, shape (n, n_numbers); missing values are read as the median.
        sides: Their target as columns, shape (n, n_sides): a number, or a column of 0 and 1 for each class.
        n_most: At most so many; fewer where fewer stand out from chance.
        seed: Of the sample that is looked at.
    """
    rows = np.sort(np.random.default_rng(seed).permutation(len(numbers))[:N_ROWS])
    z, centred = _standard(numbers.iloc[rows].to_numpy(np.float64)), sides[rows] - sides[rows].mean(axis=0)
    names = [str(name) for name in numbers.columns]
    if z.shape[1] > N_COLUMNS:
        telling = np.abs(z.T @ centred).max(axis=1)
        chosen = np.sort(np.argsort(-telling, kind="stable")[:N_COLUMNS])
        z, names = z[:, chosen], [names[i] for i in chosen]
    if z.shape[1] < 2:
        return ()
    strength = _strength(z, _residuals(z, centred))
    first, second = np.triu_indices(len(names), k=1)
    found = strength[first, second]
    # Beyond the quantile of the largest of so many normal numbers that have nothing to say.
    limit = np.hypot(CERTAINTY, np.sqrt(2 * np.log(max(2, len(found)))))
    best = [i for i in np.argsort(-found, kind="stable")[:n_most] if found[i] > limit]
    return tuple((names[first[i]], names[second[i]]) for i in best)


def _standard(values: Floats) -> Floats:
    known = np.where(np.isnan(values).all(axis=0), 0.0, values)
    filled = np.where(np.isnan(known), np.nanmedian(known, axis=0), known)
    spread = filled.std(axis=0)
    z: Floats = (filled - filled.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    # One wild value must not carry a product by itself.
    return np.clip(z, -4, 4)


def _residuals(z: Floats, sides: Floats) -> Floats:
    gram = z.T @ z + RIDGE * len(z) * np.eye(z.shape[1])
    rest: Floats = sides - z @ np.linalg.solve(gram, z.T @ sides)
    return rest


def _strength(z: Floats, rest: Floats) -> Floats:
    """By how many standard errors the mean of product times residual is away from 0, shape (n_columns, n_columns)."""
    strongest = np.zeros((z.shape[1], z.shape[1]))
    for side in rest.T:
        squares = (np.square(z) * np.square(side)[:, None]).T @ np.square(z)
        sums = np.abs((z * side[:, None]).T @ z)
        strongest = np.maximum(strongest, sums / np.sqrt(np.where(squares > 0, squares, np.inf)))
    return strongest
