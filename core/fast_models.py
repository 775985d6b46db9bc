"""Fitted estimators as direct numpy steps on encoded rows: the same sums in the same order, without any checks."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from core import crosses, networks
from core.fast_crosses import crossed_of
from core.fast_links import answers
from core.fast_network import columns_of, layers_of
from core.fast_trees import boosting, forest
from core.metrics import Floats

Transform = Callable[[Floats], Floats]


@dataclass(frozen=True, slots=True)
class FastModel:
    """What `core.fitting.predict` asks of an estimator: numbers, or the probability of each class."""

    answer: Transform

    def predict(self, x: Floats) -> Floats:
        return self.answer(x)

    def predict_proba(self, x: Floats) -> Floats:
        return self.answer(x)


def compile_model(model: Any, problem: str) -> Any:
    """A faster stand-in for a fitted estimator, or the estimator itself where none is known."""
    kind = type(model)
    steps = STEPS.get(kind.__name__) if kind.__module__.startswith("sklearn.") else None
    answer = steps(model, problem) if steps else None
    return model if answer is None else FastModel(answer)


def _answer(model: Any, problem: str) -> Transform:
    """What a model answers, compiled or not."""
    compiled = compile_model(model, problem)
    answer: Transform = compiled.predict if problem == "regression" else compiled.predict_proba
    return answer


@dataclass(frozen=True, slots=True)
class Mean:
    """The mean of what several models answer."""

    members: tuple[Transform, ...]

    def __call__(self, x: Floats) -> Floats:
        return np.asarray(np.mean([member(x) for member in self.members], axis=0))


def _voting(model: Any, problem: str) -> Transform:
    return Mean(tuple(_answer(member, problem) for member in model.estimators_))


@dataclass(frozen=True, slots=True)
class Chained:
    """What a model answers to what a transform makes."""

    first: Transform
    last: Transform

    def __call__(self, x: Floats) -> Floats:
        return self.last(self.first(x))


@dataclass(frozen=True, slots=True)
class Transformed:
    """A regression of a transformed target, turned back."""

    inner: Any
    transformer: Any

    def __call__(self, x: Floats) -> Floats:
        return np.asarray(self.transformer.inverse_transform(self.inner.predict(x).reshape(-1, 1))[:, 0])


@dataclass(frozen=True, slots=True)
class Linear:
    """A weighted sum, and for classes its probabilities."""

    weights: Floats
    intercept: Any
    problem: str

    def __call__(self, x: Floats) -> Floats:
        return answers(x @ self.weights + self.intercept, self.problem)


def _linear(model: Any, problem: str) -> Transform:
    return Linear(np.atleast_2d(model.coef_).T.copy(), model.intercept_, problem)


def _pipeline(model: Any, problem: str) -> Transform | None:
    steps = tuple(model.named_steps)
    if steps == (networks.COLUMNS, networks.NETWORK):
        return Chained(columns_of(model[0]), _answer(model[-1], problem))
    return crossed_of(model, problem) if steps == (crosses.CELLS, crosses.CROSSES, crosses.LINEAR) else None


def _transformed(model: Any, problem: str) -> Transform:
    return Transformed(compile_model(model.regressor_, problem), model.transformer_)


# By the names of scikit-learn's classes, which are imported only where a model is of them.
STEPS: Mapping[str, Callable[[Any, str], Transform | None]] = MappingProxyType(
    {
        "HistGradientBoostingClassifier": boosting,
        "HistGradientBoostingRegressor": boosting,
        "RandomForestClassifier": forest,
        "RandomForestRegressor": forest,
        "ExtraTreesClassifier": forest,
        "ExtraTreesRegressor": forest,
        "LogisticRegression": _linear,
        "Ridge": _linear,
        "MLPClassifier": layers_of,
        "MLPRegressor": layers_of,
        "Pipeline": _pipeline,
        "TransformedTargetRegressor": _transformed,
        "VotingClassifier": _voting,
        "VotingRegressor": _voting,
        "FrozenEstimator": lambda model, problem: _answer(model.estimator, problem),
    }
)
