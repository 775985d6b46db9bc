"""From the sums of a model to what it answers."""

import numpy as np
from scipy.special import expit

from core.metrics import Floats


def answers(sums: Floats, problem: str) -> Floats:
    """Numbers, or the probability of each class.

    Args:
        sums: Shape (n, n_outputs); of two classes, one output is that of the second.
        problem: regression gives shape (n,), else (n, n_classes).
    """
    if problem == "regression":
        return np.asarray(sums[:, 0])
    if problem == "multiclass":
        from sklearn.utils.extmath import softmax

        return np.asarray(softmax(sums, copy=False))
    positive = expit(sums[:, 0])
    return np.column_stack([1 - positive, positive])
