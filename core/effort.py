"""About how long a fit takes on one core, from its parameters and the size of its table alone.

No measured time: what a search does must be the same on every machine. Factors are seconds of one core, from fits on
four tables of 5 to 120 columns; they hold within a factor of two or three, which is enough to tell the order of ends.
"""

from collections.abc import Callable, Mapping
from math import log2
from types import MappingProxyType

from core.boosters import MOST_ROUNDS
from core.estimators import MOST_FOR_A_TREE, N_TREES
from core.families import Params
from core.fitting import Candidate
from core.hist_boosting import PAIRS

# Rounds after which a learning rate of 1 would stop early.
ROUNDS = 15.0
# After which a network stops, more or less.
EPOCHS = 12
LEAST = 0.01


def effort(candidate: Candidate, n_rows: float, n_columns: int) -> float:
    """Seconds of one core, roughly.

    Args:
        candidate: What is fitted.
        n_rows: Training rows that it sees.
        n_columns: Of the encoded table that it reads.
    """
    return LEAST + EFFORTS[candidate.family](dict(candidate.params), n_rows, n_columns)


def _boosting(params: Params, n_rows: float, n_columns: float) -> float:
    n_leaves = params.get("max_leaf_nodes") or params.get("num_leaves") or 2 ** params["max_depth"]
    n_seen = n_columns * params.get("max_features", params.get("colsample_bytree", 1.0))
    a_round = 3.2e-9 * n_rows * n_seen * log2(n_leaves) + 8.8e-6 * n_leaves * n_seen
    return float(min(MOST_ROUNDS, ROUNDS / params["learning_rate"]) * a_round)


def _forest(factor: float) -> Callable[[Params, float, float], float]:
    def of(params: Params, n_rows: float, n_columns: float) -> float:
        n_drawn = min(max(2.0, n_rows * params["max_samples"]), MOST_FOR_A_TREE)
        return float(N_TREES * factor * n_drawn * log2(n_drawn) * n_columns * params["max_features"])

    return of


def _crossed(params: Params, n_rows: float, n_columns: float) -> float:
    # What a row is made of: each column as it is and as a cell, and a cell for each pair, of which there may be fewer.
    n_made = 2 * n_columns + min(params[PAIRS], n_columns * (n_columns - 1) / 2)
    return float(250e-9 * n_rows * n_made)


def _network(params: Params, n_rows: float, n_columns: float) -> float:
    return float(EPOCHS * 1e-9 * n_rows * params["width"] * (n_columns + params["width"]))


EFFORTS: Mapping[str, Callable[[Params, float, float], float]] = MappingProxyType(
    {
        "hist_gradient_boosting": _boosting,
        "pairwise_boosting": _boosting,
        "lightgbm": _boosting,
        "xgboost": _boosting,
        "random_forest": _forest(80e-9),
        "extra_trees": _forest(12e-9),
        "crossed_linear": _crossed,
        "neural_network": _network,
        "nearest_neighbors": lambda params, n_rows, n_columns: 0.2e-9 * n_rows * n_rows * n_columns,
        "logistic_regression": lambda params, n_rows, n_columns: 80e-9 * n_rows * n_columns,
        "linear_regression": lambda params, n_rows, n_columns: 4e-9 * n_rows * n_columns**2,
    }
)
