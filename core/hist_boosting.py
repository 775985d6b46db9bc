"""Gradient boosting of histograms by scikit-learn, stopped early on the validation rows: free, or of chosen pairs."""

from typing import TYPE_CHECKING, Any

from core.boosters import MOST_ROUNDS

if TYPE_CHECKING:
    from core.families import Params
    from core.rows import Watched

# Category codes are cut like numbers, not in sets: that fits less, and often predicts better.
ORDERED = "ordered"
# Of champions that chose before `pairwise_boosting` was a family whether branches read two columns: no longer a choice.
RETIRED = "pairwise"
# How many pairs of columns may interact.
PAIRS = "pairs"


def build_hist(params: "Params", problem: str, seed: int) -> Any:
    """An unfitted estimator; candidates of before `ordered` was a choice read codes in sets."""
    from sklearn import ensemble

    kind = (
        ensemble.HistGradientBoostingRegressor if problem == "regression" else ensemble.HistGradientBoostingClassifier
    )
    rest = {name: value for name, value in params.items() if name not in (ORDERED, RETIRED)}
    codes = None if params.get(ORDERED) else "from_dtype"
    fixed = {"early_stopping": True, "n_iter_no_change": 10, "random_state": seed}
    return kind(max_iter=MOST_ROUNDS, categorical_features=codes, **fixed, **rest)


def watch_hist(estimator: Any, rows: "Watched") -> dict[str, Any]:
    """What `fit` is given so that it stops early; which columns are codes is told where it matters."""
    if estimator.categorical_features is not None:
        estimator.set_params(categorical_features=list(rows.categorical) or None)
    weights = {} if rows.weights is None else {"sample_weight_val": rows.weights}
    return {"X_val": rows.x, "y_val": rows.y, **weights}


def build_pairwise(params: "Params", problem: str, seed: int) -> Any:
    """An unfitted generalized additive model with interactions (GA2M): each column alone, and the most telling pairs.

    Lou, Caruana, Gehrke and Hooker, Accurate intelligible models with pairwise interactions, KDD 2013. What cannot
    interact cannot be fitted by chance; on rows of a time to come that counts.
    """
    rest = {name: value for name, value in params.items() if name != PAIRS}
    # How many, until `watch_pairwise` knows which.
    return build_hist({**rest, ORDERED: 1, "interaction_cst": params[PAIRS]}, problem, seed)


def watch_pairwise(estimator: Any, rows: "Watched") -> dict[str, Any]:
    """As `watch_hist`, with the pairs."""
    chosen = rows.train.pairs[: estimator.interaction_cst]
    alone = [(column,) for column in range(rows.x.shape[1])]
    estimator.set_params(interaction_cst=[*alone, *chosen])
    return watch_hist(estimator, rows)
