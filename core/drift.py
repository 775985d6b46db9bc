"""What can be compared between a window and the reference, and what is told of a column apart from its distribution."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from core.decision import Finding
from core.features import FeatureColumns
from core.metrics import Floats

FEWEST_ROWS = 300
MISSING_STEP = 0.10


def comparable(reference: pd.DataFrame, current: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Both frames without infinite values and without columns that are empty in one of them."""
    frames = [frame.replace([np.inf, -np.inf], np.nan) for frame in (reference, current)]
    kept = [name for name in reference.columns if not any(frame[name].isna().all() for frame in frames)]
    return frames[0][kept], frames[1][kept]


def missing_findings(reference: pd.DataFrame, current: pd.DataFrame, importance: Mapping[str, float]) -> list[Finding]:
    """Columns whose share of missing values changed by 10 points or more; distributions are compared without them."""
    steps = (current.isna().mean() - reference.isna().mean()).abs()
    return [
        Finding(str(name), "missing", float(step), MISSING_STEP, True, importance.get(str(name), 0.0))
        for name, step in steps.items()
        if step >= MISSING_STEP
    ]


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
