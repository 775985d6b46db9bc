"""The families of models that a search chooses from: encoding, parameters, estimator."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from core.boosters import build_lightgbm, build_xgboost, watch_lightgbm, watch_xgboost
from core.crosses import BINS, build_crossed, watch_crossed
from core.estimators import (
    build_dummy,
    build_extra_trees,
    build_forest,
    build_logistic,
    build_neighbors,
    build_ridge,
)
from core.hist_boosting import ORDERED, PAIRS, build_hist, build_pairwise, watch_hist, watch_pairwise
from core.networks import build_network, watch_network
from core.rows import Watched

Params = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Range:
    """Numbers from low to high, both included."""

    low: float
    high: float
    log: bool = False
    whole: bool = False


NO_OR_YES = Range(0, 1, whole=True)


def _watch_nothing(estimator: Any, rows: Watched) -> dict[str, Any]:
    return {}


@dataclass(frozen=True, slots=True)
class Family:
    """One kind of model.

    Attributes:
        recipe: How rows are encoded for it, a key of `core.encoding.RECIPES`.
        problems: What it can predict.
        space: Parameters to search.
        start: Parameters of the first candidate, the library's defaults or near them.
        build: From parameters, problem and seed to an unfitted estimator.
        watch: Prepares an estimator for early stopping; what it gives back goes into `fit`.
        weighable: Whether `fit` takes weights of rows.
        asks_pairs: Whether it asks which columns interact.
        most_rows: Training rows at most, since its memory grows with them; of more, so many are drawn.
    """

    recipe: str
    problems: frozenset[str]
    space: Mapping[str, Range]
    start: Params
    build: Callable[[Params, str, int], Any]
    watch: Callable[[Any, Watched], dict[str, Any]] = _watch_nothing
    weighable: bool = True
    asks_pairs: bool = False
    most_rows: int | None = None


def families_for(problem: str, chosen: tuple[str, ...]) -> tuple[str, ...]:
    """The names to search: the chosen ones that suit the problem, or the usual ones that do."""
    return tuple(name for name in chosen or USUAL if problem in FAMILIES[name].problems)


ANY = frozenset({"binary", "multiclass", "regression"})
CLASSES = frozenset({"binary", "multiclass"})
NUMBERS = frozenset({"regression"})

# Of every kind of forest: each tree sees few of many rows, which costs little accuracy and saves most of the time.
TREES_SPACE = {
    "max_features": Range(0.1, 1.0),
    "min_samples_leaf": Range(2, 100, log=True, whole=True),
    "max_samples": Range(0.05, 0.4, log=True),
}
# Of LightGBM and XGBoost, which call these the same.
BOOSTERS_SPACE = {
    "learning_rate": Range(0.02, 0.3, log=True),
    "reg_lambda": Range(1e-3, 100.0, log=True),
    "colsample_bytree": Range(0.3, 1.0),
    "subsample": Range(0.5, 1.0),
}
BOOSTERS_START = {"learning_rate": 0.1, "reg_lambda": 1.0, "colsample_bytree": 1.0, "subsample": 1.0}
FAMILIES: Mapping[str, Family] = MappingProxyType(
    {
        "hist_gradient_boosting": Family(
            recipe="trees",
            problems=ANY,
            space={
                "learning_rate": Range(0.02, 0.3, log=True),
                "max_leaf_nodes": Range(8, 512, log=True, whole=True),
                "min_samples_leaf": Range(5, 200, log=True, whole=True),
                "l2_regularization": Range(1e-3, 100.0, log=True),
                "max_features": Range(0.3, 1.0),
                ORDERED: NO_OR_YES,
            },
            # The library's defaults, but cuts that see half of the columns, and codes like numbers: better on each of
            # four tables.
            start={
                "learning_rate": 0.1,
                "max_leaf_nodes": 31,
                "min_samples_leaf": 20,
                "l2_regularization": 1.0,
                "max_features": 0.5,
                ORDERED: 1,
            },
            build=build_hist,
            watch=watch_hist,
        ),
        "pairwise_boosting": Family(
            recipe="trees",
            problems=ANY,
            space={
                "learning_rate": Range(0.05, 0.5, log=True),
                "max_leaf_nodes": Range(4, 64, log=True, whole=True),
                "min_samples_leaf": Range(5, 200, log=True, whole=True),
                "l2_regularization": Range(1e-3, 100.0, log=True),
                "max_features": Range(0.3, 1.0),
                PAIRS: Range(1, 256, log=True, whole=True),
            },
            start={
                "learning_rate": 0.2,
                "max_leaf_nodes": 31,
                "min_samples_leaf": 20,
                "l2_regularization": 1.0,
                "max_features": 0.5,
                PAIRS: 32,
            },
            build=build_pairwise,
            watch=watch_pairwise,
            asks_pairs=True,
        ),
        "logistic_regression": Family(
            "linear", CLASSES, {"C": Range(1e-3, 10.0, log=True)}, {"C": 1.0}, build_logistic
        ),
        "linear_regression": Family(
            "linear", NUMBERS, {"alpha": Range(1e-3, 1e3, log=True)}, {"alpha": 1.0}, build_ridge
        ),
        "crossed_linear": Family(
            recipe="trees",
            problems=ANY,
            space={
                "C": Range(1e-4, 10.0, log=True),
                BINS: Range(4, 32, log=True, whole=True),
                PAIRS: Range(1, 32, log=True, whole=True),
            },
            start={"C": 0.3, BINS: 12, PAIRS: 8},
            build=build_crossed,
            watch=watch_crossed,
            weighable=False,
            asks_pairs=True,
            most_rows=300_000,
        ),
        "random_forest": Family(
            "trees", ANY, TREES_SPACE, {"max_features": 0.3, "min_samples_leaf": 5, "max_samples": 0.2}, build_forest
        ),
        "extra_trees": Family(
            recipe="trees",
            problems=ANY,
            # Where a tree cuts is drawn, not sought: that is quick enough for all rows.
            space={**TREES_SPACE, "max_samples": Range(0.05, 1.0, log=True)},
            start={"max_features": 0.5, "min_samples_leaf": 3, "max_samples": 0.2},
            build=build_extra_trees,
        ),
        "nearest_neighbors": Family(
            recipe="linear",
            problems=ANY,
            space={"n_neighbors": Range(3, 200, log=True, whole=True)},
            start={"n_neighbors": 15},
            build=build_neighbors,
            weighable=False,
        ),
        "neural_network": Family(
            recipe="trees",
            problems=ANY,
            space={
                "width": Range(16, 192, log=True, whole=True),
                "alpha": Range(1e-6, 1.0, log=True),
                "learning_rate_init": Range(5e-4, 1e-2, log=True),
            },
            start={"width": 48, "alpha": 1e-2, "learning_rate_init": 3e-3},
            build=build_network,
            watch=watch_network,
            weighable=False,
        ),
        "lightgbm": Family(
            recipe="trees",
            problems=ANY,
            space={
                **BOOSTERS_SPACE,
                "num_leaves": Range(8, 128, log=True, whole=True),
                "min_child_samples": Range(5, 200, log=True, whole=True),
            },
            start={**BOOSTERS_START, "num_leaves": 31, "min_child_samples": 20},
            build=build_lightgbm,
            watch=watch_lightgbm,
        ),
        "xgboost": Family(
            recipe="trees",
            problems=ANY,
            space={
                **BOOSTERS_SPACE,
                "max_depth": Range(3, 10, whole=True),
                "min_child_weight": Range(1.0, 100.0, log=True),
            },
            start={**BOOSTERS_START, "max_depth": 6, "min_child_weight": 1.0},
            build=build_xgboost,
            watch=watch_xgboost,
        ),
    }
)
# What is searched when nobody chooses: quick on any table, and seldom beaten by the rest.
USUAL = (
    "hist_gradient_boosting",
    "logistic_regression",
    "linear_regression",
    "pairwise_boosting",
    "crossed_linear",
    "neural_network",
    "extra_trees",
)

LINEAR = ("logistic_regression", "linear_regression")
DUMMY = Family("trees", ANY, {}, {}, build_dummy)


def baselines_for(problem: str) -> dict[str, Family]:
    """What every model must beat: a constant and a linear model with its first parameters."""
    return {
        "dummy": DUMMY,
        "linear": FAMILIES["linear_regression" if problem == "regression" else "logistic_regression"],
    }
