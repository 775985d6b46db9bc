"""Gain and saving of the default policy on streams, beside a calendar, Evidently as the trigger, and each signal alone.

Gain: share of what retraining in every window would bring, in loss. Saving: evenly spaced retrainings that reach the
same loss, over the policy's own. Labels arrive one window late. No search: the same candidate is fitted each time.
"""

import warnings
from collections.abc import Callable
from datetime import timedelta

import numpy as np
import pandas as pd

from adapters.flights import read_flights
from core.backtest import History
from core.data_spec import WindowSpec
from core.decision import Evidence
from core.drift import DriftPlan
from core.families import FAMILIES
from core.features import FeaturePlan
from core.fitting import Candidate, Learning
from core.gate_spec import GateSpec
from core.metrics import default_metric
from core.monitor_spec import MonitorSpec
from core.replay import Replay, Step, evenly, every_window, gain, never, saving
from core.replayed_policy import Policy, by_policy, gather
from core.splitting import SplitPlan
from core.target import code_target

WEEK = pd.Timedelta(days=7)
BOOSTING = Candidate("hist_gradient_boosting", tuple(FAMILIES["hist_gradient_boosting"].start.items()))
POLICY = Policy(MonitorSpec(cooldown="7d", min_new_rows=300), GateSpec(), DriftPlan(0.01, "training", 0))
Trigger = Callable[[Replay, int, int, Evidence], bool]


def run() -> None:
    for name, made in STREAMS.items():
        replay = made()
        replay.loss([step.model for step in every_window(replay)])
        print(f"{name}: {len(replay.windows)} windows, {len(replay.history.frame)} rows", flush=True)
        _tell(replay, "never", never(replay))
        _tell(replay, "every window", every_window(replay))
        n_calendar = len(replay.windows) // 4
        _tell(replay, "calendar, every 4th", [Step(model) for model in evenly(replay, n_calendar)])
        _tell(replay, "default policy", by_policy(replay, POLICY))
        for signal, trigger in SIGNALS.items():
            _tell(replay, signal, _alone(replay, trigger))


def _tell(replay: Replay, name: str, steps: list[Step]) -> None:
    path = [step.model for step in steps]
    decided = sum(step.verdict is not None for step in steps)
    n = decided or len(set(path)) - 1
    promoted = len(set(path)) - 1
    print(
        f"  {name:<26}loss {replay.loss(path):.4f}  trained {n:>3}, promoted {promoted:>3}"
        f"  gain {gain(replay, path):>5.2f}  saving {saving(replay, path, n):>5.2f}",
        flush=True,
    )


def _alone(replay: Replay, trigger: Trigger) -> list[Step]:
    """Retrain whenever one signal says so, without gate and cooldown."""
    champion, steps, drifted = replay.first, [], list[bool]()
    for window in replay.windows:
        steps.append(Step(champion))
        evidence = gather(replay, (champion, champion), window, (POLICY, drifted))
        if evidence and window + 1 in replay.windows and trigger(replay, champion, window, evidence):
            champion = window + 1
    return steps


def _loss(_replay: Replay, _champion: int, _window: int, evidence: Evidence) -> bool:
    return bool(evidence.decay and evidence.decay.decayed and evidence.decay.reason.startswith("loss"))


def _gap(_replay: Replay, _champion: int, _window: int, evidence: Evidence) -> bool:
    return bool(evidence.decay and evidence.decay.decayed and evidence.decay.reason.startswith("predictions"))


def _drift(_replay: Replay, _champion: int, _window: int, evidence: Evidence) -> bool:
    return any(finding.drifted and finding.kind != "target" for finding in evidence.findings)


def _preset(replay: Replay, champion: int, window: int, _evidence: Evidence) -> bool:
    from evidently import DataDefinition, Dataset, Report
    from evidently.metrics import ValueDrift

    trained = replay.model(champion)
    then = trained.raw.sample(min(len(trained.raw), 5000), random_state=0)
    now = replay.raw(window, trained.columns)
    now = now.sample(min(len(now), 5000), random_state=0)
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
    "realized loss alone": _loss,
    "calibration gap alone": _gap,
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


def _flights() -> Replay:
    frame = read_flights().rename(columns={"scheduled_at": "at"})
    return _replay(frame.sample(frac=0.4, random_state=0), "late", 10, WindowSpec(last=timedelta(days=180)))


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


STREAMS: dict[str, Callable[[], Replay]] = {
    "flights by week": _flights,
    "made, the concept changes": lambda: _made(_turning, 0),
    "made, nothing changes": lambda: _made(_same, 1),
}
