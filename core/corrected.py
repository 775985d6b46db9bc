"""Fits whose predictions are put right afterwards on the validation rows, of scikit-learn's own parts only.

A fit with balanced classes predicts as if all classes were equally frequent; a fit of log(1 + y) predicts a middle of
the logarithm, which lies below the mean of y. Drift checks and people read predictions as probabilities and means.
"""

from dataclasses import replace
from typing import Any

import numpy as np

from core.families import Family
from core.metrics import Floats
from core.rows import Rows, Watched

MOST_REPEATS = 50


def class_weights(y: Floats) -> Floats:
    """The weight of each class under which all classes together weigh the same; scikit-learn's "balanced"."""
    counts = np.bincount(y.astype(int))
    return np.asarray(len(y) / (np.count_nonzero(counts) * np.maximum(counts, 1)), dtype=np.float64)


def fit_plain(family: Family, estimator: Any, rows: tuple[Rows, Rows]) -> Any:
    """Every row counts the same."""
    train, validation = rows
    watched = Watched(validation.x, validation.y, None, train)
    return estimator.fit(train.x, train.y, **family.watch(estimator, watched))


def fit_balanced(family: Family, estimator: Any, rows: tuple[Rows, Rows]) -> Any:
    """All classes weigh the same; sigmoids that are fitted on the validation rows make probabilities of the scores."""
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.frozen import FrozenEstimator

    train, validation = rows
    weights = class_weights(train.y)
    of_train, of_validation = weights[train.y.astype(int)], weights[validation.y.astype(int)]
    watched = Watched(validation.x, validation.y, of_validation, train)
    if family.weighable:
        estimator.fit(train.x, train.y, sample_weight=of_train, **family.watch(estimator, watched))
    else:
        # Neighbours know no weights: a row of a rare class stands there as often as it would weigh.
        often = np.repeat(
            np.arange(len(train.y)), np.minimum(np.rint(of_train / of_train.min()), MOST_REPEATS).astype(int)
        )
        repeated = replace(train, x=train.x[often], y=train.y[often])
        estimator.fit(repeated.x, repeated.y, **family.watch(estimator, replace(watched, train=repeated)))
    x, y = _with_every_class(train, validation)
    return CalibratedClassifierCV(FrozenEstimator(estimator), method="sigmoid").fit(x, y)


def _with_every_class(train: Rows, validation: Rows) -> tuple[Floats, Floats]:
    # A class that no validation row holds would have no sigmoid; one training row keeps its place among the others.
    absent = np.setdiff1d(train.y, validation.y)
    lent = [int(np.flatnonzero(train.y == code)[0]) for code in absent]
    return np.concatenate([validation.x, train.x[lent]]), np.concatenate([validation.y, train.y[lent]])


def fit_log(family: Family, estimator: Any, rows: tuple[Rows, Rows]) -> Any:
    """Learns log(1 + y); predictions have the mean of the target on the validation rows.

    The factor that this takes is Duan's smearing estimate (Smearing estimate: a nonparametric retransformation method,
    1983) as a ratio of means, which one odd residual cannot blow up. It stands in the transformer as a shift.

    Raises:
        ValueError: A target is not above -1.
    """
    from sklearn.base import clone
    from sklearn.compose import TransformedTargetRegressor
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import FunctionTransformer, StandardScaler

    train, validation = rows
    smallest = min(train.y.min(), validation.y.min())
    if smallest <= -1:
        raise ValueError(f"the target holds {smallest:g}, which has no log(1 + y)")
    logarithm, centre = FunctionTransformer(np.log1p, np.expm1), StandardScaler(with_std=False)
    y = np.log1p(validation.y) - np.log1p(train.y).mean()
    extra = family.watch(estimator, Watched(validation.x, y, None, train))
    model = TransformedTargetRegressor(estimator, transformer=Pipeline([("log", logarithm), ("centre", centre)]))
    model.fit(train.x, train.y, **extra)
    # What was fitted may be plainer than what it was made from.
    model.set_params(regressor=clone(model.regressor_))
    factor = np.mean(1 + validation.y) / np.mean(1 + model.predict(validation.x))
    if np.isfinite(factor) and factor > 0:
        model.transformer_.named_steps["centre"].mean_ += np.log(factor)
    return model
