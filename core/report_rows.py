"""Rows in the form in which a report of two tables can draw them."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from core.features import FeatureColumns
from core.metrics import Floats


def comparable(reference: pd.DataFrame, current: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Both frames without infinite values and without columns that are empty in one of them."""
    frames = [frame.replace([np.inf, -np.inf], np.nan) for frame in (reference, current)]
    kept = [name for name in reference.columns if not any(frame[name].isna().all() for frame in frames)]
    return frames[0][kept], frames[1][kept]


def with_prediction(frame: pd.DataFrame, prediction: Floats, seed: int) -> pd.DataFrame:
    """The frame and a column `prediction`: the number, the probability, or the most probable class.

    Predictions of other rows than the frame's are drawn with replacement, to be compared as a distribution.
    """
    told = prediction if prediction.ndim == 1 else prediction.argmax(axis=1).astype(str)
    if len(told) != len(frame):
        told = np.random.default_rng(seed).choice(told, size=len(frame))
    return frame.assign(prediction=told)


def column_kinds(columns: FeatureColumns, kept: Sequence[str], n_classes: int) -> tuple[list[str], list[str]]:
    """Names of the kept columns that hold numbers and categories, the prediction among them."""
    numbers, categories = [*columns.numbers, *columns.dates], list(columns.categories)
    (categories if n_classes > 2 else numbers).append("prediction")
    return [name for name in numbers if name in kept], [name for name in categories if name in kept]
