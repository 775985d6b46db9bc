"""Fit one candidate on encoded rows, predict with it, and pack it into a pipeline that reads raw rows."""

import inspect
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from core.families import DUMMY, FAMILIES, Family, Params
from core.metrics import METRICS, Floats, score


@dataclass(frozen=True, slots=True)
class Candidate:
    """A family with its parameters, as name and value pairs in a fixed order."""

    family: str
    params: tuple[tuple[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Learning:
    """What is to be learned: target column, problem, metric of the search, and the seed of everything random."""

    target: str
    problem: str
    metric: str
    seed: int


@dataclass(frozen=True, slots=True)
class Rows:
    """Encoded rows, shape (n, n_encoded), their target, shape (n,), and which encoded columns are category codes."""

    x: Floats
    y: Floats
    categorical: tuple[int, ...] = ()


def fit_candidate(candidate: Candidate, learning: Learning, train: Rows, validation: Rows) -> Any:
    """A fitted estimator; boosting stops early on the validation rows.

    One thread: the order of floating point sums, and so the model, must not depend on the machine's cores.
    """
    return fit_family(FAMILIES[candidate.family], dict(candidate.params), learning, (train, validation))


def fit_family(family: Family, params: Params, learning: Learning, rows: tuple[Rows, Rows]) -> Any:
    """A fitted estimator of a family, from training and validation rows."""
    from threadpoolctl import threadpool_limits

    train, validation = rows
    if learning.problem != "regression":
        check_classes(train.y, validation.y)
    estimator = family.build(params, learning.problem, learning.seed)
    with threadpool_limits(limits=1):
        if "X_val" not in inspect.signature(estimator.fit).parameters:
            return estimator.fit(train.x, train.y)
        estimator.set_params(categorical_features=list(train.categorical) or None)
        return estimator.fit(train.x, train.y, X_val=validation.x, y_val=validation.y)


def check_classes(train: Floats, validation: Floats) -> None:
    """Make sure that each class has training rows; without them a probability would stand in another class's place.

    Raises:
        ValueError: A class has none.
    """
    n_classes = int(max(train.max(), validation.max(), 1)) + 1
    absent = sorted(set(range(n_classes)) - set(train.astype(int)))
    if absent:
        raise ValueError(f"the training rows hold no row of class number {absent[0]}")


def predict(estimator: Any, x: Any, problem: str) -> Floats:
    """Predictions in the form that `core.metrics` reads.

    Args:
        estimator: A fitted estimator or pipeline.
        x: What it reads: encoded or raw rows.
        problem: binary gives shape (n,), multiclass (n, n_classes), regression (n,).
    """
    if problem == "regression":
        return np.asarray(estimator.predict(x), dtype=np.float64)
    probabilities = np.asarray(estimator.predict_proba(x), dtype=np.float64)
    return probabilities[:, 1] if problem == "binary" else probabilities


def score_candidate(candidate: Candidate, learning: Learning, train: Rows, validation: Rows) -> float:
    """The search metric on the validation rows."""
    fitted = fit_candidate(candidate, learning, train, validation)
    return score(learning.metric, validation.y, predict(fitted, validation.x, learning.problem))


def pack(encoder: Any, estimator: Any) -> Any:
    """One plain scikit-learn pipeline of a fitted encoder and a fitted estimator."""
    from sklearn.pipeline import Pipeline

    return Pipeline([("prepare", encoder), ("model", estimator)])


def recipe_of(family: str) -> str:
    """How rows are encoded for a family or a baseline."""
    return DUMMY.recipe if family == "dummy" else FAMILIES[family].recipe


def better_first(metric: str) -> Literal["maximize", "minimize"]:
    """Optuna's word for the direction of a metric."""
    return "maximize" if METRICS[metric].greater_is_better else "minimize"
