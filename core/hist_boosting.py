"""Gradient boosting of histograms by scikit-learn, stopped early on the validation rows."""

from typing import TYPE_CHECKING, Any

from core.boosters import MOST_ROUNDS

if TYPE_CHECKING:
    from core.families import Params, Watched

# Of boosting: category codes are cut like numbers, and a branch reads two columns at most. Both fit less, and often
# predict better: on flights of a season to come, and where few of many pairs matter.
ORDERED, PAIRWISE = "ordered", "pairwise"
# Pairs of more columns would take longer to list than a tree to grow.
MOST_PAIRED = 64


def build_hist(params: "Params", problem: str, seed: int) -> Any:
    """An unfitted estimator; a candidate of before these choices made none of them."""
    from sklearn import ensemble

    kind = (
        ensemble.HistGradientBoostingRegressor if problem == "regression" else ensemble.HistGradientBoostingClassifier
    )
    rest = {name: value for name, value in params.items() if name not in (ORDERED, PAIRWISE)}
    codes = None if params.get(ORDERED) else "from_dtype"
    pairs = "pairwise" if params.get(PAIRWISE) else None
    fixed = {"early_stopping": True, "n_iter_no_change": 10, "random_state": seed}
    return kind(max_iter=MOST_ROUNDS, categorical_features=codes, interaction_cst=pairs, **fixed, **rest)


def watch_hist(estimator: Any, rows: "Watched") -> dict[str, Any]:
    """What `fit` is given so that it stops early; which columns are codes is told where it matters."""
    if estimator.categorical_features is not None:
        estimator.set_params(categorical_features=list(rows.categorical) or None)
    if rows.x.shape[1] > MOST_PAIRED:
        estimator.set_params(interaction_cst=None)
    weights = {} if rows.weights is None else {"sample_weight_val": rows.weights}
    return {"X_val": rows.x, "y_val": rows.y, **weights}
