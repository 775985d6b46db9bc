import warnings
from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import log_loss, r2_score, roc_auc_score

from adapters.packaging import pack_bytes, unpack
from core.fitting import Candidate, Learning, fit_candidate, loss_curve, predict
from core.networks import MOST_EPOCHS, PATIENCE
from core.rows import Rows

PARAMS = (("width", 16), ("alpha", 1e-3), ("learning_rate_init", 5e-3))
NETWORK = Candidate("neural_network", PARAMS)


def rows(n: int, seed: int) -> Rows:
    """A number that is sometimes missing, noise, and codes, each with a meaning of its own."""
    random = np.random.default_rng(seed)
    x = np.column_stack([random.normal(size=n) * 1000, random.normal(size=n), random.integers(0, 6, n).astype(float)])
    score = x[:, 0] / 1000 + np.array([3.0, -3, 0, 2, -2, 1])[x[:, 2].astype(int)]
    x[random.uniform(size=n) < 0.1, 0] = np.nan
    x[random.uniform(size=n) < 0.1, 2] = np.nan
    return Rows(x, score, (2,))


def of_classes(plain: Rows) -> Rows:
    return Rows(plain.x, (plain.y > 0).astype(float), plain.categorical)


def test_learns_classes_from_numbers_and_codes_with_holes():
    train, held = of_classes(rows(3000, 0)), of_classes(rows(1000, 1))
    model = fit_candidate(NETWORK, Learning("y", "binary", "roc_auc", 0), train, held)
    assert roc_auc_score(held.y, predict(model, held.x, "binary")) > 0.9


def test_learns_numbers_of_any_size():
    train, held = rows(3000, 0), rows(1000, 1)
    train.y[:] = 1e6 + 1e4 * train.y
    held.y[:] = 1e6 + 1e4 * held.y
    model = fit_candidate(NETWORK, Learning("y", "regression", "rmse", 0), train, held)
    assert r2_score(held.y, predict(model, held.x, "regression")) > 0.6


def test_code_that_training_did_not_know_is_answered():
    train = of_classes(rows(1000, 0))
    model = fit_candidate(NETWORK, Learning("y", "binary", "roc_auc", 0), train, of_classes(rows(500, 1)))
    assert np.isfinite(predict(model, np.array([[0.0, 0.0, 17.0], [np.nan, np.nan, np.nan]]), "binary")).all()


def test_learning_stops_on_the_validation_rows_and_the_best_weights_are_kept():
    train, held = of_classes(rows(3000, 0)), of_classes(rows(1000, 1))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = fit_candidate(NETWORK, Learning("y", "binary", "roc_auc", 0), train, held)
    losses = model[-1].loss_curve_
    assert PATIENCE < len(losses) < MOST_EPOCHS * 2
    assert min(losses) == losses[-1 - PATIENCE]
    assert log_loss(held.y, predict(model, held.x, "binary")) == pytest.approx(min(losses))


def test_numbers_are_stopped_in_the_unit_in_which_they_are_learned():
    train, held = rows(3000, 0), rows(1000, 1)
    train.y[:] = 1e6 + 1e4 * train.y
    held.y[:] = 1e6 + 1e4 * held.y
    model = fit_candidate(NETWORK, Learning("y", "regression", "rmse", 0), train, held)
    error = np.mean((predict(model, held.x, "regression") - held.y) ** 2) / train.y.var()
    assert error == pytest.approx(min(model[-1].regressor_.loss_curve_))


@pytest.mark.parametrize(
    ("problem", "choice"),
    [("binary", {}), ("binary", {"balanced": 1}), ("regression", {}), ("regression", {"log_target": 1})],
)
def test_what_was_fitted_is_packed_as_plain_scikit_learn(problem, choice):
    plain = rows(1000, 0), rows(500, 1)
    learned = [of_classes(each) if problem == "binary" else replace(each, y=np.exp(each.y)) for each in plain]
    candidate = Candidate("neural_network", (*PARAMS, *choice.items()))
    model = fit_candidate(candidate, Learning("y", problem, "roc_auc", 0), *learned)
    again = unpack(pack_bytes(model), "model")
    np.testing.assert_array_equal(predict(again, learned[1].x, problem), predict(model, learned[1].x, problem))


def test_fit_is_the_same_again_and_another_with_another_seed():
    train, held = of_classes(rows(1000, 0)), of_classes(rows(500, 1))
    first, again, other = (
        predict(fit_candidate(NETWORK, Learning("y", "binary", "roc_auc", seed), train, held), held.x, "binary")
        for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


@pytest.mark.parametrize(("n_rows", "size"), [(300, 16), (5000, 50), (90_000, 256)])
def test_batches_are_small_where_there_are_few_rows(n_rows, size):
    from core.networks import build_network, watch_network
    from core.rows import Watched

    network = build_network(dict(PARAMS), "binary", 0)
    watch_network(network, Watched(np.zeros((9, 2)), np.zeros(9), None, Rows(np.zeros((n_rows, 2)), np.zeros(n_rows))))
    assert network[-1].batch_size == size


@pytest.mark.parametrize(
    ("problem", "choice"),
    [("binary", {}), ("binary", {"balanced": 1}), ("regression", {}), ("regression", {"log_target": 1})],
)
def test_loss_after_each_look_is_known_whatever_lies_around_the_network(problem, choice):
    train, held = rows(1000, 0), rows(500, 1)
    if problem == "binary":
        train, held = of_classes(train), of_classes(held)
    else:
        train, held = replace(train, y=np.exp(train.y)), replace(held, y=np.exp(held.y))
    candidate = Candidate("neural_network", (*PARAMS, *choice.items()))
    curve = loss_curve(fit_candidate(candidate, Learning("y", problem, "roc_auc", 0), train, held))
    assert len(curve) > PATIENCE
    assert min(curve) < curve[0]
