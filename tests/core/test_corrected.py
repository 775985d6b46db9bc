"""Weights do not spoil probabilities, a logarithm does not lower the mean."""

import numpy as np
import pytest

from core.boosters import OPTIONAL, check_installed
from core.corrected import class_weights
from core.errors import SpecError
from core.families import FAMILIES, families_for
from core.fitting import Candidate, Learning, fit_candidate, predict, score_candidate
from core.metrics import score
from core.rows import Rows
from tests.core.conftest import installed

RANDOM = np.random.default_rng(0)
N = 1600
X = RANDOM.normal(size=(N, 3))
RARE = (RANDOM.uniform(size=N) < 1 / (1 + np.exp(-(1.5 * X[:, 0] - 3.5)))).astype(float)
THREE = np.where(RARE == 1, 2.0, (X[:, 1] > 0).astype(float))
PRICE = np.exp(2 + X[:, 0] + 0.5 * RANDOM.normal(size=N)) - 0.5
EVERY = installed(families_for("binary", tuple(FAMILIES)))
NUMBERS = installed(families_for("regression", tuple(FAMILIES)))


def parts(y: np.ndarray) -> tuple[Rows, Rows, Rows]:
    return Rows(X[:800], y[:800]), Rows(X[800:1200], y[800:1200]), Rows(X[1200:], y[1200:])


def candidate(family: str, **choices: int) -> Candidate:
    return Candidate(family, tuple({**FAMILIES[family].start, **choices}.items()))


@pytest.mark.parametrize("family", EVERY)
def test_balanced_fit_predicts_honest_probabilities(family):
    train, validation, test = parts(RARE)
    learning = Learning("y", "binary", "roc_auc", 0)
    prediction = predict(fit_candidate(candidate(family, balanced=1), learning, train, validation), test.x, "binary")
    assert prediction.mean() == pytest.approx(test.y.mean(), abs=0.03)
    assert score("roc_auc", test.y, prediction) > 0.7
    base = np.full(len(test.y), train.y.mean())
    assert score("log_loss", test.y, prediction) < score("log_loss", test.y, base)


def test_weights_alone_would_spoil_probabilities():
    train, validation, test = parts(RARE)
    balanced = fit_candidate(
        candidate("logistic_regression", balanced=1), Learning("y", "binary", "f1", 0), train, validation
    )
    inner = balanced.estimator.estimator
    assert predict(inner, test.x, "binary").mean() > 2 * test.y.mean()


def test_yaml_that_says_balanced_weighs_every_candidate():
    train, validation, _ = parts(RARE)
    said = fit_candidate(
        candidate("random_forest"), Learning("y", "binary", "f1", 0, weights="balanced"), train, validation
    )
    chosen = fit_candidate(candidate("random_forest", balanced=1), Learning("y", "binary", "f1", 0), train, validation)
    np.testing.assert_array_equal(said.predict_proba(X), chosen.predict_proba(X))


def test_class_that_no_validation_row_holds_keeps_its_place():
    train, validation, _ = parts(THREE)
    kept = validation.y != 1
    without = Rows(validation.x[kept], validation.y[kept])
    learning = Learning("y", "multiclass", "log_loss", 0)
    fitted = fit_candidate(candidate("hist_gradient_boosting", balanced=1), learning, train, without)
    assert predict(fitted, X, "multiclass").shape == (N, 3)


def test_balanced_weights_are_scikit_learns():
    from sklearn.utils.class_weight import compute_class_weight

    expected = compute_class_weight("balanced", classes=np.arange(3.0), y=THREE)
    assert class_weights(THREE) == pytest.approx(expected)


@pytest.mark.parametrize("family", NUMBERS)
def test_logarithm_of_the_target_keeps_the_mean_and_learns(family):
    train, validation, test = parts(PRICE)
    learning = Learning("y", "regression", "rmse", 0, log=True)
    prediction = predict(fit_candidate(candidate(family), learning, train, validation), test.x, "regression")
    assert prediction.mean() == pytest.approx(test.y.mean(), rel=0.25)
    assert score("r2", test.y, prediction) > 0.3


def test_mean_on_the_validation_rows_is_the_targets_own():
    train, validation, _ = parts(PRICE)
    fitted = fit_candidate(
        candidate("linear_regression", log_target=1), Learning("y", "regression", "rmse", 0), train, validation
    )
    assert fitted.predict(validation.x).mean() == pytest.approx(validation.y.mean())


def test_boosting_of_a_logarithm_stops_by_the_logarithm():
    train, validation, _ = parts(PRICE)
    learning = Learning("y", "regression", "rmse", 0)
    fitted = fit_candidate(candidate("hist_gradient_boosting", log_target=1), learning, train, validation)
    centred = np.log1p(validation.y) - np.log1p(train.y).mean()
    loss = fitted.regressor_.validation_score_[-1]
    assert -loss * 2 == pytest.approx(np.mean((fitted.regressor_.predict(validation.x) - centred) ** 2), rel=0.05)


def test_target_without_a_logarithm_is_a_fault_that_a_trial_records():
    train, validation, _ = parts(PRICE - 10)
    with pytest.raises(ValueError, match="log"):
        score_candidate(
            candidate("linear_regression", log_target=1), Learning("y", "regression", "rmse", 0), train, validation
        )


def test_search_value_of_decided_classes_uses_the_candidates_own_threshold():
    train, validation, _ = parts(RARE)
    first = candidate("logistic_regression")
    chosen, half = (
        score_candidate(first, Learning("y", "binary", "f1", 0, threshold=each), train, validation)
        for each in (None, 0.5)
    )
    assert chosen > half


@pytest.mark.parametrize("library", OPTIONAL)
def test_family_whose_library_is_missing_is_refused_with_the_command_that_installs_it(library, monkeypatch):
    monkeypatch.setattr("core.boosters.find_spec", lambda name: None)
    with pytest.raises(SpecError, match=library) as told:
        check_installed(("random_forest", library))
    assert "pip install 'everfit[boosting]'" in told.value.fix
    check_installed(("random_forest",))
