"""A retraining is worth it where the rows since the last one teach something that lasts, and only there."""

import numpy as np
import pandas as pd
import pytest

from core.benefit import FEWEST_ROWS, Benefit, Labelled, benefit

N = 3000
CLASSES = 3


def rows(problem: str, seed: int, *, slope: float = 1.5, noise: float = 0.0, n: int = N) -> Labelled:
    """Rows of a world whose slope the model believes to be 1.5."""
    random = np.random.default_rng(seed)
    x = pd.DataFrame({"x": random.normal(size=n), "plan": random.choice(["a", "b", "c"], n)})
    if problem == "regression":
        return Labelled(x, (slope * x.x + random.normal(size=n) * (1 + noise)).to_numpy(), 1.5 * x.x.to_numpy())
    if problem == "binary":
        y = random.uniform(size=n) < 1 / (1 + np.exp(-slope * x.x - noise * random.normal(size=n)))
        return Labelled(x, y.to_numpy(float), 1 / (1 + np.exp(-1.5 * x.x.to_numpy())))
    believed = np.exp(np.outer(x.x, [0, 1.5, -1.5]))
    real = np.exp(np.outer(x.x, [0, slope, -slope]))
    y = (random.uniform(size=(n, 1)) > np.cumsum(real / real.sum(axis=1, keepdims=True), axis=1)).sum(axis=1)
    return Labelled(x, y.astype(float), believed / believed.sum(axis=1, keepdims=True))


def found(problem: str, older: Labelled, newer: Labelled) -> Benefit:
    told = benefit(problem, older, newer)
    assert told is not None
    return told


@pytest.mark.parametrize("problem", ["binary", "multiclass", "regression"])
def test_turned_world_can_be_learned(problem):
    told = found(problem, rows(problem, 0, slope=-1.0), rows(problem, 1, slope=-1.0))
    assert told.worth()
    assert told.share > 0.2
    assert "takes the loss of the newest 3000 from" in told.reason


@pytest.mark.parametrize("problem", ["binary", "multiclass", "regression"])
@pytest.mark.parametrize("seed", range(5))
def test_world_that_stays_teaches_nothing(problem, seed):
    assert not found(problem, rows(problem, 2 * seed), rows(problem, 2 * seed + 1)).worth()


def test_world_that_is_only_harder_to_predict_teaches_little():
    older, newer = (rows("regression", seed, noise=2.0) for seed in (0, 1))
    assert newer.y.std() > 2
    assert not found("regression", older, newer).worth()


def test_change_that_does_not_last_is_not_learned():
    assert not found("binary", rows("binary", 0, slope=-1.0), rows("binary", 1)).worth()


def test_change_that_only_the_newest_rows_show_cannot_be_learned_yet():
    assert found("binary", rows("binary", 0), rows("binary", 1, slope=-1.0)).share < 0.03


def test_what_a_new_level_does_is_learned():
    older, newer = rows("binary", 0), rows("binary", 1)
    for some in (older, newer):
        some.y[(some.x.plan == "c").to_numpy()] = 1.0
    assert found("binary", older, newer).worth()


@pytest.mark.parametrize("n", [(FEWEST_ROWS - 1, N), (N, FEWEST_ROWS - 1), (0, N)])
def test_too_few_rows_tell_nothing(n):
    older, newer = (rows("binary", seed, n=size) for seed, size in enumerate(n))
    assert benefit("binary", older, newer) is None


def test_same_rows_give_the_same_benefit():
    assert benefit("binary", rows("binary", 0), rows("binary", 1)) == benefit(
        "binary", rows("binary", 0), rows("binary", 1)
    )


def test_each_refused_training_doubles_what_the_next_must_promise():
    told = Benefit(8000, 2500, loss=1.0, corrected=0.99, error=0.001)
    assert [told.worth(n) for n in range(4)] == [True, True, False, False]
