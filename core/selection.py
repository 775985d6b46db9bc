"""Which features to keep: those that a forest uses more than copies of them in which nothing is left to find.

After Kursa and Rudnicki, Feature Selection with the Boruta Package, 2010: shuffled copies stand beside the features,
and a feature counts a hit in each round in which it is more important than the best copy. Each round sees another
part of the rows: what stands out in one sample by chance does not in the next.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.metrics import Floats

N_ROWS = 10_000
N_ROUNDS = 15
# A feature that is no better than its copies seldom wins at all: the best copy is the best of many.
FEWEST_HITS = 5
N_TREES = 60
# Share of the rows that a round sees.
SHARE = 0.6


def count_hits(rows: pd.DataFrame, sides: Floats, seed: int) -> NDArray[np.int64]:
    """In how many of N_ROUNDS rounds each feature is more important than every shuffled copy, shape (n_features,).

    Args:
        rows: Training rows as numbers, shape (n, n_features), without missing values.
        sides: Their target as columns, shape (n, n_sides).
        seed: Of samples, copies and forests.
    """
    random = np.random.default_rng(seed)
    x = rows.to_numpy(np.float64)
    hits = np.zeros(x.shape[1], dtype=np.int64)
    for _ in range(N_ROUNDS):
        chosen = random.permutation(len(x))[: min(N_ROWS, round(SHARE * len(x)))]
        hits += _beats_copies(x[chosen], sides[chosen], random)
    return hits


def _beats_copies(x: Floats, sides: Floats, random: np.random.Generator) -> NDArray[np.bool_]:
    from sklearn.ensemble import ExtraTreesRegressor

    n, wide = x.shape[1], np.hstack([x, random.permuted(x, axis=0)])
    seed = int(random.integers(2**31 - 1))
    forest = ExtraTreesRegressor(N_TREES, min_samples_leaf=5, max_features=0.3, random_state=seed)
    forest.fit(wide, sides if sides.shape[1] > 1 else sides[:, 0])
    importance = forest.feature_importances_
    return np.asarray(importance[:n] > importance[n:].max(), dtype=bool)
