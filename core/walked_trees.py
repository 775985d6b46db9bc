"""Fitted trees as nested tuples, walked in plain Python: for one row several times quicker than a call a tree.

A node is (feature, threshold, left, right, missing, categories); what is no tuple is a leaf's value. Comparisons and
sums are those of scikit-learn's trees, in their order, so that the answers are the same to the last bit.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Node = Any
# More would fill the memory; such models are left to scikit-learn's own trees.
MOST_NODES = 200_000
BITS = 32


def walk(node: Node, row: Sequence[float]) -> Any:
    """The value of the leaf that a row falls into."""
    while type(node) is tuple:
        feature, threshold, left, right, missing, categories = node
        value = row[feature]
        # Only NaN differs from itself; asking so is the quickest way here.
        if value != value:  # noqa: PLR0124
            node = missing
        elif categories is not None:
            node = categories.get(value, missing)
        elif value <= threshold:
            node = left
        else:
            node = right
    return node


def of_boosting(predictor: Any, known: NDArray[np.uint32], places: NDArray[np.uint32]) -> Node:
    """A tree of histogram gradient boosting.

    Args:
        predictor: scikit-learn's TreePredictor.
        known: Bit sets of the categories that each categorical column knows.
        places: From a column to its row in them.
    """
    nodes, bits = predictor.nodes, predictor.raw_left_cat_bitsets
    built: dict[int, Node] = {}
    for i in _children_first(nodes["left"], nodes["right"], nodes["is_leaf"]):
        node = nodes[i]
        if node["is_leaf"]:
            built[i] = float(node["value"])
            continue
        left, right = built.pop(int(node["left"])), built.pop(int(node["right"]))
        missing, feature = left if node["missing_go_to_left"] else right, int(node["feature_idx"])
        categories: Mapping[float, Node] | None = None
        if node["is_categorical"]:
            # Categories that no split has seen go where missing values go.
            goes_left = _members(bits[node["bitset_idx"]])
            known_here = _members(known[places[feature]])
            categories = {**dict.fromkeys(known_here, right), **dict.fromkeys(goes_left, left)}
        built[i] = (feature, float(node["num_threshold"]), left, right, missing, categories)
    return built[0]


def of_forest(tree: Any, n_values: int | None) -> Node:
    """A tree of a forest; its leaves hold a number, or a list of `n_values` shares."""
    lefts, rights = tree.children_left, tree.children_right
    values = tree.value[:, 0, :]
    to_left = tree.missing_go_to_left
    built: dict[int, Node] = {}
    for i in _children_first(lefts, rights, lefts == rights):
        if lefts[i] == rights[i]:
            built[i] = float(values[i, 0]) if n_values is None else values[i, :n_values].tolist()
            continue
        left, right = built.pop(int(lefts[i])), built.pop(int(rights[i]))
        missing = left if to_left[i] else right
        built[i] = (int(tree.feature[i]), float(tree.threshold[i]), left, right, missing, None)
    return built[0]


def _children_first(lefts: Any, rights: Any, is_leaf: Any) -> list[int]:
    order, stack = [], [0]
    while stack:
        i = stack.pop()
        order.append(i)
        if not is_leaf[i]:
            stack += [int(lefts[i]), int(rights[i])]
    return order[::-1]


def _members(bits: NDArray[np.uint32]) -> list[float]:
    return [float(i) for i in range(len(bits) * BITS) if bits[i // BITS] >> (i % BITS) & 1]
