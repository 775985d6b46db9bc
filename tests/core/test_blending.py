import numpy as np
import pytest

from core.blending import POOL, choose_members, contenders, vote
from core.families import FAMILIES
from core.fitting import Learning, Rows, fit_family, predict
from core.metrics import score

N = 4000
RANDOM = np.random.default_rng(0)
TRUTH = RANDOM.normal(size=N)
Y = (TRUTH + RANDOM.normal(size=N) > 0).astype(float)


def view(noise: float, seed: int) -> np.ndarray:
    return 1 / (1 + np.exp(-(TRUTH + noise * np.random.default_rng(seed).normal(size=N))))


def auc(prediction: np.ndarray, rows: np.ndarray) -> float:
    return score("roc_auc", Y[rows], prediction[rows] if len(prediction) == N else prediction)


def test_independent_views_are_joined():
    assert sorted(choose_members([view(0.8, 1), view(0.9, 2), view(0.9, 3)], 3, auc)) == [0, 1, 2]


def test_no_more_members_are_taken_than_allowed():
    assert len(choose_members([view(0.8, 1), view(0.9, 2), view(0.9, 3)], 2, auc)) == 2


def test_what_only_adds_noise_is_left_out():
    assert choose_members([view(0.2, 1), RANDOM.uniform(size=N), RANDOM.uniform(size=N)], 3, auc) == [0]


def test_copies_of_the_best_are_left_out():
    assert choose_members([view(0.2, 1)] * 3, 3, auc) == [0]


def test_gain_on_one_half_only_is_not_believed():
    """The second is brilliant on the first half of the rows, and worthless on the other."""
    lucky = np.where(np.arange(N) < N // 2, Y, RANDOM.uniform(size=N))
    assert choose_members([view(0.5, 1), lucky], 2, auc) == [0]


@pytest.mark.parametrize("problem", ["binary", "multiclass", "regression"])
def test_vote_is_the_mean_of_its_members(problem):
    x = RANDOM.normal(size=(400, 3))
    y = {"binary": (x[:, 0] > 0) * 1.0, "multiclass": np.digitize(x[:, 0], [-0.5, 0.5]) * 1.0, "regression": x[:, 0]}
    rows = Rows(x, y[problem])
    learning = Learning("y", problem, "rmse", 0)
    names = ("random_forest", "hist_gradient_boosting")
    members = [fit_family(FAMILIES[n], FAMILIES[n].start, learning, (rows, rows)) for n in names]
    expected = np.mean([predict(member, x, problem) for member in members], axis=0)
    assert predict(vote(members, problem, x, rows.y), x, problem) == pytest.approx(expected, abs=1e-12)


def test_best_of_each_family_may_join_the_ensemble_however_many_of_another_are_better():
    families = ["hist_gradient_boosting"] * 20 + ["random_forest"] * 5
    assert contenders(families) == [*range(7), 20, 21, 22]


def test_family_alone_sends_its_best():
    assert contenders(["random_forest"] * 20) == list(range(POOL))
    assert contenders(["random_forest"] * 2) == [0, 1]
