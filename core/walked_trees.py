"""Fitted trees as nested tuples, walked in plain Python: for one row several times quicker than a call a tree.

A node is (feature, threshold, left, right, missing, categories); what is no tuple is a leaf's value. Comparisons and
sums are those of scikit-learn's trees, in their order, so that the answers are the same to the last bit.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Node = Any
Codes = frozenset[int]
# More would fill the memory; such models are left to scikit-learn's own trees.
MOST_NODES = 200_000
BOOSTED = (
    "left", "right", "is_leaf", "value", "feature_idx", "num_threshold", "missing_go_to_left", "is_categorical",
    "bitset_idx",
)  # fmt: skip


def walk(node: Node, row: Sequence[float]) -> Any:
    """The value of the leaf that a row falls into."""
    while type(node) is tuple:
        feature, threshold, left, right, missing, categories = node
        value = row[feature]
        # Only NaN differs from itself; asking so is the quickest way here.
        if value != value:  # noqa: PLR0124
            node = missing
        elif categories is not None:
            goes_left, known = categories
            # Categories that training has not seen go where missing values go.
            node = left if value in goes_left else right if value in known else missing
        elif value <= threshold:
            node = left
        else:
            node = right
    return node


def of_boosting(predictor: Any, known: Sequence[Codes], places: NDArray[np.uint32]) -> Node:
    """A tree of histogram gradient boosting.

    Args:
        predictor: scikit-learn's TreePredictor.
        known: The categories that each categorical column knows, see `members`.
        places: From a column to its place among them.
    """
    nodes = {name: predictor.nodes[name].tolist() for name in BOOSTED}
    going_left = members(predictor.raw_left_cat_bitsets)
    lefts, rights, built = nodes["left"], nodes["right"], dict[int, Node]()
    for i in _children_first(lefts, rights, nodes["is_leaf"]):
        if nodes["is_leaf"][i]:
            built[i] = nodes["value"][i]
            continue
        left, right, feature = built.pop(lefts[i]), built.pop(rights[i]), nodes["feature_idx"][i]
        missing = left if nodes["missing_go_to_left"][i] else right
        is_categorical = nodes["is_categorical"][i]
        categories = (going_left[nodes["bitset_idx"][i]], known[places[feature]]) if is_categorical else None
        built[i] = (feature, nodes["num_threshold"][i], left, right, missing, categories)
    return built[0]


def of_forest(tree: Any, n_values: int | None) -> Node:
    """A tree of a forest; its leaves hold a number, or a list of `n_values` shares."""
    lefts, rights = tree.children_left.tolist(), tree.children_right.tolist()
    features, thresholds, to_left = tree.feature.tolist(), tree.threshold.tolist(), tree.missing_go_to_left.tolist()
    values = tree.value[:, 0, 0 if n_values is None else slice(n_values)].tolist()
    built: dict[int, Node] = {}
    for i in _children_first(lefts, rights, [left < 0 for left in lefts]):
        if lefts[i] < 0:
            built[i] = values[i]
            continue
        left, right = built.pop(lefts[i]), built.pop(rights[i])
        built[i] = (features[i], thresholds[i], left, right, left if to_left[i] else right, None)
    return built[0]


def members(bit_sets: NDArray[np.uint32]) -> list[Codes]:
    """The numbers in each of several bit sets, shape (n, 8) of 32 bits each."""
    bits = np.unpackbits(np.ascontiguousarray(bit_sets, dtype="<u4").view(np.uint8), axis=1, bitorder="little")
    return [frozenset(np.flatnonzero(row).tolist()) for row in bits]


def _children_first(lefts: Sequence[int], rights: Sequence[int], is_leaf: Sequence[Any]) -> list[int]:
    order, stack = [], [0]
    while stack:
        i = stack.pop()
        order.append(i)
        if not is_leaf[i]:
            stack += [lefts[i], rights[i]]
    return order[::-1]
