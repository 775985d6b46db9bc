"""Predictions as a client reads them: one object a row, with the columns that `everfit predict` writes."""

from collections.abc import Callable
from typing import Any

import numpy as np

from core.metrics import Floats
from core.records import prediction_columns
from core.target import TargetCoding

Answers = list[dict[str, Any]]
N_COMPARED = 2001


def answering(coding: TargetCoding, threshold: float) -> Callable[[Floats], Answers]:
    """From predictions to answers: without a data frame where that says the same as `prediction_columns`."""

    def slowly(prediction: Floats) -> Answers:
        return [
            {str(name): _plain(value) for name, value in row.items()}
            for row in prediction_columns(coding, prediction, threshold).to_dict("records")
        ]

    quickly = _quick(coding, threshold)
    some = _some(coding, threshold)
    return quickly if quickly(some) == slowly(some) else slowly


def _quick(coding: TargetCoding, threshold: float) -> Callable[[Floats], Answers]:
    if coding.problem == "regression":
        return lambda prediction: [{"prediction": value} for value in prediction.tolist()]
    classes = [_plain(each) for each in coding.classes]
    if coding.problem == "binary":
        low, high = classes
        return lambda prediction: [
            {"prediction": high if value > threshold else low, "probability": value} for value in prediction.tolist()
        ]
    names = [f"probability_{name}" for name in coding.classes]
    return lambda prediction: [
        {"prediction": classes[best], **dict(zip(names, row, strict=True))}
        for row, best in zip(prediction.tolist(), prediction.argmax(axis=1).tolist(), strict=True)
    ]


def _some(coding: TargetCoding, threshold: float) -> Floats:
    # Close enough to each other that no threshold lies between two of them unseen, and the one that is known itself.
    spread = np.append(np.linspace(0.0, 1.0, N_COMPARED), threshold)
    if coding.problem != "multiclass":
        return spread
    turned = np.array([np.roll(spread, 97 * code) for code in range(len(coding.classes))]).T + 1e-6
    return np.asarray(turned / turned.sum(axis=1, keepdims=True))


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value
