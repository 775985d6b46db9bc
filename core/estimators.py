"""Unfitted estimators of scikit-learn that stop by themselves: forests, neighbours, linear models, a constant."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from core.families import Params

N_TREES = 100
# A share of a tiny table may be a single row, of which a tree learns nothing; of a huge one, a forest that is larger
# than the table and hardly better.
FEWEST_FOR_A_TREE, MOST_FOR_A_TREE = 10, 100_000


def build_forest(params: "Params", problem: str, seed: int) -> Any:
    """An unfitted random forest."""
    from sklearn import ensemble

    kind = ensemble.RandomForestRegressor if problem == "regression" else ensemble.RandomForestClassifier
    return kind(n_estimators=N_TREES, random_state=seed, **params)


def build_extra_trees(params: "Params", problem: str, seed: int) -> Any:
    """Unfitted extremely randomized trees."""
    from sklearn import ensemble

    kind = ensemble.ExtraTreesRegressor if problem == "regression" else ensemble.ExtraTreesClassifier
    return kind(n_estimators=N_TREES, bootstrap=True, random_state=seed, **params)


def build_neighbors(params: "Params", problem: str, seed: int) -> Any:
    """Unfitted nearest neighbours."""
    from sklearn import neighbors

    kind = neighbors.KNeighborsRegressor if problem == "regression" else neighbors.KNeighborsClassifier
    return kind(weights="distance", algorithm="brute", **params)


def build_logistic(params: "Params", problem: str, seed: int) -> Any:
    """An unfitted logistic regression."""
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(max_iter=300, random_state=seed, **params)


def build_ridge(params: "Params", problem: str, seed: int) -> Any:
    """An unfitted ridge regression."""
    from sklearn.linear_model import Ridge

    return Ridge(random_state=seed, **params)


def build_dummy(params: "Params", problem: str, seed: int) -> Any:
    """What predicts the same for every row."""
    from sklearn.dummy import DummyClassifier, DummyRegressor

    return DummyRegressor() if problem == "regression" else DummyClassifier(strategy="prior")


def fed(estimator: Any, n_rows: int) -> Any:
    """The estimator, with enough rows for each of its trees, and not too many, where it draws a share of them."""
    share = getattr(estimator, "max_samples", None)
    if not isinstance(share, float):
        return estimator
    n_drawn = share * n_rows
    bounded = min(max(n_drawn, FEWEST_FOR_A_TREE), MOST_FOR_A_TREE, n_rows)
    return estimator if bounded == n_drawn else estimator.set_params(max_samples=int(bounded))
