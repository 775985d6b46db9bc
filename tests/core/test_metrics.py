"""Every metric equals scikit-learn's, whatever the weights."""

import numpy as np
import pytest
from sklearn import metrics as sk

from core.metrics import METRICS, auc_scorer, default_metric, labels, row_loss, score, score_all

N = 300
RANDOM = np.random.default_rng(7)
WEIGHTS = RANDOM.integers(0, 4, N).astype(float)
Y_BINARY = (RANDOM.uniform(size=N) < 0.3).astype(float)
# One decimal only: many rows share a score.
P_BINARY = np.clip((0.3 * Y_BINARY + RANDOM.uniform(size=N) * 0.7).round(1), 0.05, 0.95)
Y_CLASSES = RANDOM.integers(0, 3, N).astype(float)
P_CLASSES = RANDOM.dirichlet([1, 1, 1], N)
Y_NUMBER = RANDOM.normal(size=N)
P_NUMBER = Y_NUMBER + RANDOM.normal(size=N)

BINARY = {
    "accuracy": lambda w: sk.accuracy_score(Y_BINARY, P_BINARY > 0.5, sample_weight=w),
    "roc_auc": lambda w: sk.roc_auc_score(Y_BINARY, P_BINARY, sample_weight=w),
    "balanced_accuracy": lambda w: sk.balanced_accuracy_score(Y_BINARY, P_BINARY > 0.5, sample_weight=w),
    "average_precision": lambda w: sk.average_precision_score(Y_BINARY, P_BINARY, sample_weight=w),
    "f1": lambda w: sk.f1_score(Y_BINARY, P_BINARY > 0.5, sample_weight=w),
    "log_loss": lambda w: sk.log_loss(Y_BINARY, P_BINARY, sample_weight=w),
}
MULTICLASS = {
    "accuracy": lambda w: sk.accuracy_score(Y_CLASSES, P_CLASSES.argmax(axis=1), sample_weight=w),
    # scikit-learn takes no weights here for averages over classes: each class on its own.
    "roc_auc": lambda w: np.mean(
        [sk.roc_auc_score(c == Y_CLASSES, P_CLASSES[:, c], sample_weight=w) for c in range(3)]
    ),
    "balanced_accuracy": lambda w: sk.balanced_accuracy_score(Y_CLASSES, P_CLASSES.argmax(axis=1), sample_weight=w),
    "average_precision": lambda w: np.mean(
        [sk.average_precision_score(c == Y_CLASSES, P_CLASSES[:, c], sample_weight=w) for c in range(3)]
    ),
    "f1": lambda w: sk.f1_score(Y_CLASSES, P_CLASSES.argmax(axis=1), average="macro", sample_weight=w),
    "log_loss": lambda w: sk.log_loss(Y_CLASSES, P_CLASSES, sample_weight=w),
}
REGRESSION = {
    "rmse": lambda w: sk.root_mean_squared_error(Y_NUMBER, P_NUMBER, sample_weight=w),
    "mae": lambda w: sk.mean_absolute_error(Y_NUMBER, P_NUMBER, sample_weight=w),
    "r2": lambda w: sk.r2_score(Y_NUMBER, P_NUMBER, sample_weight=w),
}


@pytest.mark.parametrize("weights", [np.ones(N), WEIGHTS], ids=["equal", "unequal"])
@pytest.mark.parametrize("name", BINARY)
def test_binary_metric_equals_scikit_learns(name, weights):
    assert METRICS[name].scorer(Y_BINARY, P_BINARY)(weights) == pytest.approx(BINARY[name](weights), abs=1e-12)


@pytest.mark.parametrize("weights", [np.ones(N), WEIGHTS], ids=["equal", "unequal"])
@pytest.mark.parametrize("name", MULTICLASS)
def test_multiclass_metric_equals_scikit_learns(name, weights):
    assert METRICS[name].scorer(Y_CLASSES, P_CLASSES)(weights) == pytest.approx(MULTICLASS[name](weights), abs=1e-9)


@pytest.mark.parametrize("weights", [np.ones(N), WEIGHTS], ids=["equal", "unequal"])
@pytest.mark.parametrize("name", REGRESSION)
def test_regression_metric_equals_scikit_learns(name, weights):
    assert METRICS[name].scorer(Y_NUMBER, P_NUMBER)(weights) == pytest.approx(REGRESSION[name](weights), abs=1e-12)


def test_every_metric_is_compared_with_scikit_learns():
    assert set(METRICS) == {*BINARY, *MULTICLASS, *REGRESSION}


def test_multiclass_roc_auc_is_scikit_learns_one_versus_rest_macro():
    expected = sk.roc_auc_score(Y_CLASSES, P_CLASSES, multi_class="ovr", average="macro")
    assert score("roc_auc", Y_CLASSES, P_CLASSES) == pytest.approx(expected)


def test_roc_auc_of_rows_that_all_tie_is_one_half():
    assert score("roc_auc", Y_BINARY, np.full(N, 0.3)) == 0.5


@pytest.mark.parametrize("only", [0.0, 1.0])
def test_roc_auc_of_one_class_is_undefined(only):
    assert np.isnan(score("roc_auc", np.full(5, only), P_BINARY[:5]))


def test_roc_auc_is_undefined_when_weights_leave_one_class():
    assert np.isnan(METRICS["roc_auc"].scorer(np.array([0.0, 1.0]), np.array([0.2, 0.8]))(np.array([1.0, 0.0])))


def test_roc_auc_of_no_rows_is_undefined():
    assert np.isnan(score("roc_auc", np.array([]), np.array([])))


def test_r2_of_a_target_that_never_changes_is_undefined():
    assert np.isnan(score("r2", np.ones(4), np.arange(4.0)))


def test_fractional_positives_give_the_roc_auc_of_rows_split_into_their_parts():
    share, prediction = RANDOM.uniform(size=40), RANDOM.uniform(size=40).round(1)
    found = auc_scorer(share, prediction)(np.ones(40))
    y, doubled = np.repeat([1, 0], 40), np.tile(prediction, 2)
    assert found == pytest.approx(sk.roc_auc_score(y, doubled, sample_weight=np.concatenate([share, 1 - share])))


def test_a_certain_and_wrong_prediction_has_a_finite_log_loss():
    assert np.isfinite(score("log_loss", np.array([1.0, 0.0]), np.array([0.0, 1.0])))


def test_mean_of_row_losses_is_the_log_loss():
    assert row_loss("binary", Y_BINARY, P_BINARY).mean() == pytest.approx(score("log_loss", Y_BINARY, P_BINARY))


def test_a_probability_of_exactly_one_half_is_not_predicted_positive():
    assert labels(np.array([0.5, 0.51])).tolist() == [0.0, 1.0]


@pytest.mark.parametrize(("metric", "better", "worse"), [("roc_auc", 0.8, 0.7), ("rmse", 0.7, 0.8)])
def test_gain_is_positive_when_the_challenger_is_better(metric, better, worse):
    assert METRICS[metric].gain(better, worse) == pytest.approx(0.1)


def test_score_all_gives_the_metrics_of_the_problem_only():
    assert set(score_all("regression", Y_NUMBER, P_NUMBER)) == {"rmse", "mae", "r2"}


@pytest.mark.parametrize("problem", ["binary", "multiclass", "regression"])
def test_default_metric_fits_its_problem(problem):
    assert problem in METRICS[default_metric(problem)].problems


@pytest.mark.parametrize(
    ("name", "of"),
    [("accuracy", sk.accuracy_score), ("balanced_accuracy", sk.balanced_accuracy_score), ("f1", sk.f1_score)],
)
def test_metric_of_decided_classes_reads_the_threshold(name, of):
    expected = of(Y_BINARY, P_BINARY > 0.3)
    assert score_all("binary", Y_BINARY, P_BINARY, 0.3)[name] == pytest.approx(expected)
    assert expected != score(name, Y_BINARY, P_BINARY)


@pytest.mark.parametrize("name", ["roc_auc", "average_precision", "log_loss"])
def test_metric_of_probabilities_does_not_read_the_threshold(name):
    assert score(name, Y_BINARY, P_BINARY, 0.3) == score(name, Y_BINARY, P_BINARY)
