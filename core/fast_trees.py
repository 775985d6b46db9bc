"""Fitted forests and gradient boosting as direct numpy steps: their own trees, in their own order."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.metrics import Floats
from core.walked_trees import MOST_NODES, members, of_boosting, of_forest, walk

Transform = Callable[[Floats], Floats]


@dataclass(frozen=True, slots=True)
class Forest:
    """The mean of trees, one after the other as scikit-learn sums them; without classes each gives a number.

    Attributes:
        walked: The same trees for single rows, where they are not too large for that.
    """

    trees: tuple[Any, ...]
    n_classes: int | None
    walked: tuple[Any, ...] | None

    def __call__(self, x: Floats) -> Floats:
        narrow = np.ascontiguousarray(x, dtype=np.float32)
        if self.walked is not None and len(x) == 1:
            return self._walk(self.walked, narrow[0].tolist())
        if self.n_classes is None:
            total = np.zeros(len(x))
            for tree in self.trees:
                total += tree.predict(narrow)[:, 0]
        else:
            total = np.zeros((len(x), self.n_classes))
            for tree in self.trees:
                total += tree.predict(narrow)[:, : self.n_classes]
        total /= len(self.trees)
        return total

    def _walk(self, walked: tuple[Any, ...], row: list[float]) -> Floats:
        if self.n_classes is None:
            number = 0.0
            for tree in walked:
                number += walk(tree, row)
            return np.array([number / len(walked)])
        shares = [0.0] * self.n_classes
        for tree in walked:
            for k, share in enumerate(walk(tree, row)):
                shares[k] += share
        return np.array([shares]) / len(walked)


def forest(model: Any, problem: str) -> Forest | None:
    """A fitted forest of one target."""
    if model.n_outputs_ != 1:
        return None
    n_classes = None if problem == "regression" else int(model.n_classes_)
    trees = tuple(tree.tree_ for tree in model.estimators_)
    small = sum(tree.node_count for tree in trees) <= MOST_NODES
    return Forest(trees, n_classes, tuple(of_forest(tree, n_classes) for tree in trees) if small else None)


@dataclass(frozen=True, slots=True)
class Boosting:
    """A baseline and the sum of trees.

    Attributes:
        rounds: The trees of each round, one a column of the raw predictions.
        known, places: The categories that each categorical column knows, as scikit-learn's trees read them.
        end: From raw predictions to what is answered.
        walked: The same trees for single rows, where they are not too large for that.
    """

    prepare: Transform
    baseline: Floats
    rounds: tuple[tuple[Any, ...], ...]
    known: NDArray[np.uint32]
    places: NDArray[np.uint32]
    end: Transform
    walked: tuple[tuple[Any, ...], ...] | None

    def __call__(self, x: Floats) -> Floats:
        ready = self.prepare(x)
        if self.walked is not None and len(ready) == 1:
            return self._walk(self.walked, ready[0].tolist())
        raw = np.zeros((len(ready), self.baseline.shape[1]), order="F")
        raw += self.baseline
        for trees in self.rounds:
            for k, tree in enumerate(trees):
                # One thread: for few rows, waking others takes longer than all the trees.
                raw[:, k] += tree.predict(ready, self.known, self.places, 1)
        return self.end(raw)

    def _walk(self, walked: tuple[tuple[Any, ...], ...], row: list[float]) -> Floats:
        raw = self.baseline[0].tolist()
        for trees in walked:
            for k, tree in enumerate(trees):
                raw[k] += walk(tree, row)
        return self.end(np.array([raw]))


@dataclass(frozen=True, slots=True)
class Recoded:
    """Columns in the order in which boosting reads them, category codes as its own encoder numbers them."""

    order: NDArray[np.intp]
    tables: tuple[Floats, ...]

    def __call__(self, x: Floats) -> Floats:
        ready = x[:, self.order]
        for column, table in enumerate(self.tables):
            codes = ready[:, column]
            # The first place is that of missing and unseen categories.
            ready[:, column] = table[np.where(np.isnan(codes), 0, codes + 1).astype(np.intp)]
        return ready


def boosting(model: Any, problem: str) -> Boosting:
    """A fitted gradient boosting of histograms."""
    known, places = model._bin_mapper.make_known_categories_bitsets()
    loss = model._loss

    def end(raw: Floats) -> Floats:
        return np.asarray(loss.link.inverse(raw.ravel()) if problem == "regression" else loss.predict_proba(raw))

    baseline = np.asarray(model._baseline_prediction, dtype=np.float64).reshape(1, -1)
    rounds = tuple(tuple(each) for each in model._predictors)
    small = sum(len(tree.nodes) for trees in rounds for tree in trees) <= MOST_NODES
    codes = members(known) if small else []
    walked = tuple(tuple(of_boosting(tree, codes, places) for tree in trees) for trees in rounds) if small else None
    return Boosting(_recoded(model), baseline, rounds, known, places, end, walked)


def _recoded(model: Any) -> Transform:
    if model._preprocessor is None:
        return np.ascontiguousarray
    categorical = np.flatnonzero(model.is_categorical_)
    order = np.concatenate([categorical, np.flatnonzero(~model.is_categorical_)])
    tables = []
    for place, column in enumerate(categorical):
        categories = model._preprocessor.named_transformers_["encoder"].categories_[place]
        codes = np.append(np.nan, np.arange(0.0, np.nanmax(categories, initial=0) + 1))
        asked = np.zeros((len(codes), len(order)))
        asked[:, column] = codes
        tables.append(np.asarray(model._preprocessor.transform(asked)[:, place], dtype=np.float64))
    return Recoded(order, tuple(tables))
