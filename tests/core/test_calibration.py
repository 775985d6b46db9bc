from typing import Any

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin

from core.calibration import calibrated
from core.metrics import score
from core.rows import Rows

RANDOM = np.random.default_rng(0)


class Squashed(ClassifierMixin, BaseEstimator):
    """A model whose scores rank well; how much they are worth as probabilities is given."""

    def __init__(self, factor: float = 1.0) -> None:
        self.factor = factor
        self.classes_ = np.array([0.0, 1.0])

    def fit(self, x: Any, y: Any) -> Any:
        return self

    def predict_proba(self, x: np.ndarray) -> np.ndarray:
        up = 1 / (1 + np.exp(-self.factor * x[:, 0]))
        return np.column_stack([1 - up, up])

    def predict(self, x: np.ndarray) -> np.ndarray:
        return (x[:, 0] > 0).astype(float)


def rows(n: int = 4000) -> Rows:
    x = RANDOM.normal(size=(n, 1)) * 2
    return Rows(x, (RANDOM.uniform(size=n) < 1 / (1 + np.exp(-x[:, 0]))).astype(float))


def test_overconfident_model_is_put_right():
    model, method = calibrated(Squashed(3.0), rows(), "binary", "roc_auc")
    unseen = rows()
    before, after = (m.predict_proba(unseen.x)[:, 1] for m in (Squashed(3.0), model))
    assert method in ("sigmoid", "isotonic")
    assert score("log_loss", unseen.y, after) < 0.9 * score("log_loss", unseen.y, before)
    assert score("roc_auc", unseen.y, after) == pytest.approx(score("roc_auc", unseen.y, before), abs=0.002)


def test_calibrated_model_is_left_alone():
    model = Squashed(1.0)
    assert calibrated(model, rows(), "binary", "roc_auc") == (model, "")


def test_model_that_was_put_right_already_is_left_alone():
    model, _ = calibrated(Squashed(3.0), rows(), "binary", "roc_auc")
    assert calibrated(model, rows(), "binary", "roc_auc") == (model, "")


def test_few_rows_are_too_few_to_tell():
    model = Squashed(3.0)
    assert calibrated(model, rows(150), "binary", "roc_auc") == (model, "")


@pytest.mark.parametrize("problem", ["multiclass", "regression"])
def test_other_problems_are_left_alone(problem):
    model = Squashed(3.0)
    assert calibrated(model, rows(), problem, "log_loss") == (model, "")
