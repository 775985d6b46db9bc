"""Replay on streams whose answer is known: one that turns over in the middle, one in which nothing ever changes."""

from datetime import timedelta
from functools import lru_cache
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.backtest import History
from core.data_spec import WindowSpec
from core.drift import DriftPlan
from core.families import FAMILIES
from core.features import FeaturePlan
from core.fitting import Candidate, Learning
from core.gate_spec import GateSpec
from core.monitor_spec import MonitorSpec
from core.replay import Replay, Step, evenly, every_window, gain, never, saving
from core.replayed_policy import Policy, by_policy
from core.splitting import SplitPlan
from core.target import TargetCoding

START, N_WINDOWS, PER_WINDOW, TURN = pd.Timestamp("2026-01-01"), 16, 700, 9
LINEAR = Candidate("logistic_regression", tuple(FAMILIES["logistic_regression"].start.items()))
POLICY = Policy(
    MonitorSpec(cooldown="0d", min_new_rows=500),
    GateSpec.model_validate({"versus_champion": {"margin": 0.002}}),
    DriftPlan(0.01, "training", 0),
)


@lru_cache
def stream(turns: bool) -> Replay:
    random = np.random.default_rng(0)
    n = N_WINDOWS * PER_WINDOW
    window = np.arange(n) // PER_WINDOW
    x, z = random.normal(size=n), random.normal(size=n)
    slope = np.where(turns & (window >= TURN), -2.0, 2.0)
    frame = pd.DataFrame(
        {
            "at": START + pd.to_timedelta(np.arange(n) * 7.0 / PER_WINDOW, unit="D"),
            "x": x,
            "z": z,
            "y": random.uniform(size=n) < 1 / (1 + np.exp(-slope * x)),
        }
    )
    history = History(
        frame=frame,
        time="at",
        coding=TargetCoding("binary", (False, True)),
        learning=Learning("y", "binary", "roc_auc", 0),
        features=FeaturePlan(("y", "at"), (), 0.001, ("linear",)),
        split=SplitPlan("time", ("at",), 0.15, 0.15),
        window=WindowSpec(last=timedelta(days=21)),
        label_delay=timedelta(days=7),
        choose=lambda _: LINEAR,
    )
    return Replay(history, [START + pd.Timedelta(days=7 * k) for k in range(N_WINDOWS + 1)], 4, "roc_auc")


def path(steps: list[Step]) -> list[int]:
    return [step.model for step in steps]


def test_policy_retrains_after_the_world_has_turned_and_not_before():
    steps = by_policy(stream(True), POLICY)
    asked = [window for window, step in zip(stream(True).windows, steps, strict=True) if step.verdict]
    assert asked
    # Labels come a window late, and it takes two turned windows: one to learn from and one that shows that it lasts.
    assert min(asked) == TURN + 2
    assert gain(stream(True), path(steps)) > 0.7


def test_policy_stays_quiet_where_nothing_changes():
    assert [step.verdict for step in by_policy(stream(False), POLICY) if step.verdict] == []


def test_no_model_predicts_a_window_that_it_was_trained_on():
    replay = stream(True)
    for window, step in zip(replay.windows, by_policy(replay, POLICY), strict=True):
        assert replay.model(step.model).until < replay.edges[window] - replay.history.label_delay


def test_gain_is_0_without_retraining_and_1_with_one_in_every_window():
    replay = stream(True)
    assert gain(replay, path(never(replay))) == 0
    assert gain(replay, path(every_window(replay))) == 1


@pytest.mark.parametrize("n", [0, 1, 3, 11])
def test_calendar_retrains_as_often_as_it_is_told(n):
    replay = stream(False)
    assert len(set(evenly(replay, n))) == n + 1


def test_saving_counts_the_retrainings_of_a_calendar_that_is_as_good():
    replay = stream(True)
    path = evenly(replay, 5)
    assert saving(replay, path, 2) == pytest.approx(2 * saving(replay, path, 4))
    assert saving(replay, list(replay.windows), 11) <= 1
    assert np.isnan(saving(replay, [replay.first] * len(replay.windows), 0))


def test_steady_saving_asks_that_every_denser_calendar_is_as_good(monkeypatch):
    # One retraining happens to fall on the right day; two do not.
    monkeypatch.setattr("core.replay.calendar_losses", lambda _: [1.0, 0.5, 0.8, 0.4])
    lucky: Any = SimpleNamespace(loss=lambda _: 0.6)
    assert saving(lucky, [0], 1) == pytest.approx(0.8)
    assert saving(lucky, [0], 1, steady=True) == pytest.approx(2.5)
