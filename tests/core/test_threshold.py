import numpy as np
import pytest

from core.metrics import score
from core.threshold import HALF, choose_threshold

RANDOM = np.random.default_rng(0)
N = 2000


def rows(share: float, n: int = N) -> tuple[np.ndarray, np.ndarray]:
    """Targets and honest probabilities of them."""
    logit = RANDOM.normal(np.log(share / (1 - share)), 1.5, n)
    prediction = 1 / (1 + np.exp(-logit))
    return (RANDOM.uniform(size=n) < prediction).astype(float), prediction


@pytest.mark.parametrize("metric", ["f1", "accuracy", "balanced_accuracy"])
@pytest.mark.parametrize("share", [0.05, 0.5])
def test_threshold_is_the_best_that_there_is_for_the_metric(metric, share):
    y, prediction = rows(share)
    found = score(metric, y, prediction, choose_threshold(metric, y, prediction))
    others = [0.0, *np.unique(prediction), 1.0]
    assert found == pytest.approx(max(score(metric, y, prediction, each) for each in others))


@pytest.mark.parametrize("metric", ["roc_auc", "log_loss", "average_precision"])
def test_metric_of_probabilities_leaves_balanced_classes_at_one_half(metric):
    assert choose_threshold(metric, *rows(0.5)) == HALF


def test_metric_of_probabilities_chooses_by_f1_for_imbalanced_classes():
    y, prediction = rows(0.03)
    assert choose_threshold("roc_auc", y, prediction) == choose_threshold("f1", y, prediction) < HALF


def test_few_rows_of_a_class_leave_the_threshold_at_one_half():
    y, prediction = np.zeros(100), np.linspace(0, 1, 100)
    y[-9:] = 1
    assert choose_threshold("f1", y, prediction) == HALF


def test_equal_probabilities_are_decided_alike():
    y = np.repeat([0.0, 1.0], 20)
    threshold = choose_threshold("accuracy", y, np.repeat([0.1, 0.2], 20))
    assert 0.1 < threshold < 0.2
    assert 0 < choose_threshold("f1", y, np.full(40, 0.3)) < 0.3
