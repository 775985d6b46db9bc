import numpy as np
import pytest

from core.metrics import score
from core.performance import Scorecard, decay, estimated_metrics, scorecard

HOLDOUT = Scorecard(5000, {}, loss=0.50, loss_spread=0.5, gap=0.0, spread=0.4)


def now(n_rows: int = 5000, loss: float = 0.50, gap: float = 0.0, spread: float = 0.4) -> Scorecard:
    return Scorecard(n_rows, {}, loss, 0.5, gap, spread)


@pytest.mark.parametrize(
    ("seen", "decayed"),
    [
        (now(), False),
        (now(loss=0.40), False),
        (now(loss=0.60), True),
        (now(loss=0.54), False),
        (now(n_rows=30, loss=0.60), False),
        (now(gap=0.10), True),
        (now(gap=-0.10), True),
        (now(gap=0.05), False),
        (now(n_rows=50, gap=0.10), False),
        (now(spread=0.0, gap=0.3), False),
    ],
    ids=[
        "same", "better", "20 % worse", "8 % worse", "worse on few rows", "too high", "too low", "slightly too high",
        "too high on few rows", "one class",
    ],
)  # fmt: skip
def test_decay_needs_size_and_significance(seen, decayed):
    assert decay(HOLDOUT, seen).decayed is decayed


def test_decay_by_loss_tells_both_losses_and_the_rows():
    assert decay(HOLDOUT, now(loss=0.6)).reason == "loss 0.500 -> 0.600 on 5000 labelled rows"


@pytest.mark.parametrize(("gap", "told"), [(0.1, "0.100 too high"), (-0.1, "0.100 too low")])
def test_decay_by_calibration_tells_size_and_direction(gap, told):
    assert told in decay(HOLDOUT, now(gap=gap)).reason


def test_model_without_any_loss_has_not_decayed():
    perfect = Scorecard(10, {}, 0.0, 0.0, 0.0, 0.5)
    assert not decay(perfect, perfect).decayed


def test_scorecard_measures_loss_and_calibration():
    y, prediction = np.array([0.0, 0, 1, 1]), np.array([0.2, 0.4, 0.6, 0.9])
    found = scorecard("binary", y, prediction)
    assert (found.loss, found.gap, found.spread) == pytest.approx((score("log_loss", y, prediction), 0.025, 0.5))


def test_scorecard_of_many_classes_tells_the_gap_of_the_worst():
    y = np.array([0.0, 1, 2, 2])
    found = scorecard("multiclass", y, np.tile([0.2, 0.3, 0.5], (4, 1)))
    assert abs(found.gap) == pytest.approx(0.05)


def test_scorecard_of_numbers_measures_the_mean_error():
    assert scorecard("regression", np.array([1.0, 3.0]), np.array([2.0, 4.0])).gap == 1.0


def test_estimate_of_a_calibrated_model_is_near_what_labels_show():
    random = np.random.default_rng(0)
    prediction = random.beta(1, 3, 20_000)
    y = (random.uniform(size=20_000) < prediction).astype(float)
    realized = {name: score(name, y, prediction) for name in ("accuracy", "roc_auc")}
    assert estimated_metrics("binary", prediction) == pytest.approx(realized, abs=0.01)


def test_estimate_of_many_classes_is_the_mean_of_the_highest_probability():
    assert estimated_metrics("multiclass", np.array([[0.2, 0.8], [0.6, 0.4]])) == pytest.approx({"accuracy": 0.7})


def test_numbers_cannot_be_estimated_without_labels():
    assert estimated_metrics("regression", np.array([1.0])) == {}
