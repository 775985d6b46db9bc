"""Gain and saving of the default policy on streams, beside calendars, Evidently as the trigger, and each signal alone.

    python -m benchmarks replay                      all streams
    python -m benchmarks replay --streams flights    one of them

Gain: share of what retraining in every window would bring, in loss. Saving: evenly spaced retrainings that reach the
same loss, over the policy's own; `steady` asks that all denser calendars reach it too. Labels arrive one window late.
No search: the same candidate is fitted each time. Each model is fitted once and scored once on each window, so that
policies differ in what they choose and in nothing else. The policy was tuned on the flights, and the other streams were
looked at while it was chosen: none of them is held back.
"""

import argparse
import time
import warnings
from collections.abc import Callable
from datetime import timedelta
from functools import lru_cache

import numpy as np
import pandas as pd

from adapters.flights import read_flights
from core.backtest import History
from core.data_spec import WindowSpec
from core.drift import DriftPlan
from core.families import FAMILIES
from core.features import FeaturePlan
from core.fitting import Candidate, Learning
from core.gate_spec import GateSpec
from core.metrics import default_metric
from core.monitor_spec import MonitorSpec
from core.performance import decay
from core.replay import Replay, Step, calendar_loss, evenly, every_window, gain, never, saving
from core.replayed_policy import Policy, by_policy, findings, promised, realized
from core.splitting import SplitPlan
from core.target import code_target

WEEK = pd.Timedelta(days=7)
BOOSTING = Candidate("hist_gradient_boosting", tuple(FAMILIES["hist_gradient_boosting"].start.items()))
POLICY = Policy(MonitorSpec(cooldown="7d", min_new_rows=300), GateSpec(), DriftPlan(0.01, "training", 0))
CALENDARS = (1, 2, 4, 8, 12, 20, 30)
REPORT_ROWS = 2000
Trigger = Callable[[Replay, int, int], bool]


def run(words: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks replay")
    parser.add_argument("--streams", type=lambda text: text.split(","), default=list(STREAMS))
    parser.add_argument("--share", type=float, default=0.4, help="share of the flights that are taken")
    options = parser.parse_args(words or [])
    for name in options.streams:
        started = time.perf_counter()
        _compare(name, STREAMS[name](options.share))
        print(f"  {time.perf_counter() - started:.0f} s", flush=True)


def _compare(name: str, replay: Replay) -> None:
    print(f"{name}: {len(replay.windows)} windows, {len(replay.history.frame)} rows", flush=True)
    _tell(replay, "never", never(replay))
    _tell(replay, "every window", every_window(replay))
    stay, best = (replay.loss([step.model for step in steps]) for steps in (never(replay), every_window(replay)))
    if stay > best:
        gains = (f"{n}: {(stay - calendar_loss(replay, n)) / (stay - best):.2f}" for n in CALENDARS)
        print(f"  gain of calendars, by their retrainings   {'  '.join(gains)}", flush=True)
    _tell(replay, "calendar, every 4th window", [Step(model) for model in evenly(replay, len(replay.windows) // 4)])
    _tell(replay, "default policy", by_policy(replay, POLICY))
    for signal, trigger in SIGNALS.items():
        _tell(replay, signal, _alone(replay, trigger))


def _tell(replay: Replay, name: str, steps: list[Step]) -> None:
    path = [step.model for step in steps]
    decided, promoted = sum(step.verdict is not None for step in steps), len(set(path)) - 1
    n = decided or promoted
    print(
        f"  {name:<28}loss {replay.loss(path):.4f}  trained {n:>3}, promoted {promoted:>3}  gain "
        f"{gain(replay, path):>5.2f}  saving {saving(replay, path, n):>5.2f}, steady "
        f"{saving(replay, path, n, steady=True):>5.2f}",
        flush=True,
    )


def _alone(replay: Replay, trigger: Trigger) -> list[Step]:
    """Retrain whenever one signal says so, without gate and cooldown."""
    champion, steps = replay.first, []
    for window in replay.windows:
        steps.append(Step(champion))
        if window + 1 in replay.windows and trigger(replay, champion, window):
            champion = window + 1
    return steps


def _decayed(replay: Replay, champion: int, window: int, sign: str = "") -> bool:
    card = realized(replay, champion, window)
    told = decay(replay.model(champion).holdout, card) if card else None
    return bool(told and told.decayed and told.reason.startswith(sign))


def _promised(replay: Replay, champion: int, window: int) -> bool:
    found = promised(replay, (champion, champion), window)
    return bool(found and found.worth())


def _drift(replay: Replay, champion: int, window: int) -> bool:
    found = findings(replay, champion, window, POLICY.plan)
    return any(finding.drifted and finding.kind != "target" for finding in found)


def _preset(replay: Replay, champion: int, window: int) -> bool:
    from evidently import DataDefinition, Dataset, Report
    from evidently.metrics import ValueDrift

    trained = replay.model(champion)
    then = trained.raw.sample(min(len(trained.raw), REPORT_ROWS), random_state=0)
    now = replay.raw(window, trained.columns)
    now = now.sample(min(len(now), REPORT_ROWS), random_state=0)
    kept = [name for name in then if then[name].notna().any() and now[name].notna().any()]
    numbers = [name for name in kept if name in trained.columns.numbers]
    definition = DataDefinition(
        numerical_columns=numbers, categorical_columns=[name for name in kept if name not in numbers]
    )
    sides = (
        Dataset.from_pandas(frame[kept].reset_index(drop=True), data_definition=definition) for frame in (now, then)
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        report = Report([ValueDrift(column=name) for name in kept], include_tests=True).run(*sides)
    return any(test["status"].value == "FAIL" for test in report.dict()["tests"])


SIGNALS: dict[str, Trigger] = {
    "promised benefit alone": _promised,
    "realized loss alone": lambda *seen: _decayed(*seen, "loss"),
    "calibration gap alone": lambda *seen: _decayed(*seen, "predictions"),
    "loss or calibration gap": _decayed,
    "any column drifted": _drift,
    "Evidently's default, any": _preset,
}


def _replay(frame: pd.DataFrame, target: str, first: int, window: WindowSpec) -> Replay:
    coding = code_target(frame[target], None)
    learning = Learning(target, coding.problem, default_metric(coding.problem), 0)
    excluded = tuple(sorted({target, "at", "flight_id"} & set(frame.columns)))
    history = History(
        frame=frame.sort_values("at", kind="stable", ignore_index=True),
        time="at",
        coding=coding,
        learning=learning,
        features=FeaturePlan(excluded, (), 0.001, ("trees",)),
        split=SplitPlan("time", ("at",), 0.15, 0.15),
        window=window,
        label_delay=timedelta(days=7),
        choose=lambda _: BOOSTING,
    )
    n_windows = int((frame["at"].max() - frame["at"].min()) / WEEK)
    edges = [frame["at"].min().normalize() + WEEK * k for k in range(n_windows + 1)]
    return Replay(history, edges, first, learning.metric)


def _flights(share: float = 0.4) -> Replay:
    frame = _all_flights().rename(columns={"scheduled_at": "at"})
    return _replay(frame.sample(frac=share, random_state=0), "late", 10, WindowSpec(last=timedelta(days=180)))


@lru_cache
def _all_flights() -> pd.DataFrame:
    return read_flights()


def _made(slopes: Callable[[np.ndarray], np.ndarray], seed: int) -> Replay:
    """A year of 2,000 rows a week; `slopes` says how the label follows from the inputs, by week, shape (n, 4)."""
    random = np.random.default_rng(seed)
    n = 52 * 2000
    week = np.arange(n) // 2000
    x = random.normal(size=(n, 4)) + 0.1 * random.normal(size=(52, 4))[week]
    chance = 1 / (1 + np.exp(-(x * slopes(week)).sum(axis=1)))
    frame = pd.DataFrame(x, columns=list("abcd")).assign(
        level=random.choice(["low", "high"], n),
        y=random.uniform(size=n) < chance,
        at=pd.Timestamp("2026-01-05") + pd.to_timedelta(np.arange(n) * 7 / 2000, unit="D"),
    )
    return _replay(frame, "y", 8, WindowSpec(last=timedelta(days=56)))


def _same(week: np.ndarray) -> np.ndarray:
    return np.tile([1.5, -1.0, 0.5, 0.0], (len(week), 1))


def _turning(week: np.ndarray) -> np.ndarray:
    """Two sudden changes of what matters, and one over ten weeks."""
    early, late, new = np.array([1.5, -1.0, 0.5, 0.0]), np.array([-0.5, 1.5, 0.5, 1.0]), np.array([0.0, 0.5, -1.5, 1.0])
    way = np.clip((week - 35) / 10, 0, 1)[:, None]
    return np.where((week < 18)[:, None], early, late + way * (new - late))


STREAMS: dict[str, Callable[[float], Replay]] = {
    "flights": _flights,
    "concept": lambda _: _made(_turning, 0),
    "calm": lambda _: _made(_same, 1),
}
