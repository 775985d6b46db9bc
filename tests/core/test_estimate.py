import numpy as np
import pytest

from core.estimate import error_model, estimate


def made(n: int, seed: int, low: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    score = random.uniform(low, 1, n)
    return score, (random.uniform(size=n) < score).astype(float)


def test_estimated_loss_is_near_what_labels_show_when_only_the_inputs_moved():
    score, y = made(20_000, 0)
    moved, truth = made(20_000, 1, low=0.4)
    realized = -np.log(np.where(truth == 1, moved, 1 - moved)).mean()
    found = estimate("binary", moved, error_model("binary", y, score))
    assert found["loss"] == pytest.approx(realized, abs=0.01)
    assert found["calibration_error"] < 0.03


def test_classifier_that_is_wrong_about_itself_does_not_estimate_its_own_metrics():
    score, y = made(5000, 0)
    found = estimate("binary", score, error_model("binary", y, score**4))
    assert found["calibration_error"] > 0.05
    assert "roc_auc" not in found


def test_error_of_a_number_is_estimated_by_errors_of_like_predictions():
    random = np.random.default_rng(0)
    prediction = random.uniform(0, 10, 20_000)
    y = prediction + random.normal(0, 0.1 + prediction)
    large = np.full(1000, 9.0)
    found = estimate("regression", large, error_model("regression", y, prediction))
    assert found["rmse"] == pytest.approx(9.1, rel=0.1)


def test_many_classes_are_estimated_by_the_probability_of_the_chosen_one():
    random = np.random.default_rng(0)
    prediction = random.dirichlet([1, 1, 1], 5000)
    y = np.array([random.choice(3, p=p) for p in prediction], dtype=float)
    found = estimate("multiclass", prediction, error_model("multiclass", y, prediction))
    assert found["accuracy"] == pytest.approx(prediction.max(axis=1).mean())


def test_version_without_an_error_model_expects_what_its_probabilities_say():
    assert set(estimate("binary", np.array([0.2, 0.9]), None)) == {"accuracy", "roc_auc"}
