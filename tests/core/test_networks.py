import warnings
from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import r2_score, roc_auc_score

from core.fitting import Candidate, Learning, fit_candidate, loss_curve, predict
from core.rows import Rows

PARAMS = (("width", 16), ("alpha", 1e-3), ("learning_rate_init", 5e-3), ("epochs", 8))
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


def test_all_epochs_are_learned_without_a_word():
    train = of_classes(rows(1000, 0))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = fit_candidate(NETWORK, Learning("y", "binary", "roc_auc", 0), train, of_classes(rows(500, 1)))
    assert model[-1].n_iter_ == 8


@pytest.mark.parametrize(("n_rows", "size"), [(300, 16), (5000, 50), (90_000, 256)])
def test_batches_are_small_where_there_are_few_rows(n_rows, size):
    from core.families import Watched
    from core.networks import build_network, watch_network

    network = build_network(dict(PARAMS), "binary", 0)
    watch_network(network, Watched(np.zeros((9, 2)), np.zeros(9), None, Rows(np.zeros((n_rows, 2)), np.zeros(n_rows))))
    assert network[-1].batch_size == size


@pytest.mark.parametrize(
    ("problem", "choice"),
    [("binary", {}), ("binary", {"balanced": 1}), ("regression", {}), ("regression", {"log_target": 1})],
)
def test_loss_of_each_epoch_is_known_whatever_lies_around_the_network(problem, choice):
    train, held = rows(1000, 0), rows(500, 1)
    if problem == "binary":
        train, held = of_classes(train), of_classes(held)
    else:
        train, held = replace(train, y=np.exp(train.y)), replace(held, y=np.exp(held.y))
    candidate = Candidate("neural_network", (*PARAMS, *choice.items()))
    curve = loss_curve(fit_candidate(candidate, Learning("y", problem, "roc_auc", 0), train, held))
    assert len(curve) == 8
    assert curve[-1] < curve[0]
