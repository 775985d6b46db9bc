"""Replay: what the policies of a model would have done on its history in the lake, and what that was worth."""

import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

import pandas as pd

from adapters import registry
from adapters.custom_code import load_step
from adapters.pictures import Curves, draw_png, page_of
from adapters.storage import store_path, write_bytes
from core.backtest import Choose, History
from core.choices import open_choices, with_choices
from core.drift import FEWEST_ROWS
from core.errors import DataRejected, SpecError
from core.families import FAMILIES, families_for
from core.fitting import Candidate, score_candidate
from core.monitor_spec import MonitorSpec
from core.plans import drift_plan, feature_plan, learning, search_plan, split_plan
from core.replay import Replay, Step, every_window, gain, never, saving
from core.replayed_policy import Policy, by_policy
from core.rows import Rows
from core.spec import TrainingSpec
from core.target import code_target
from tasks.data import read_with_past
from tasks.features import preparation_plan, with_target

# History is cut into this many windows at most: each of them costs a training.
MOST_WINDOWS, FEWEST_WINDOWS = 60, 4
FIRST_SHARE = 0.2
Show = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Asked:
    """What is replayed.

    Attributes:
        fast: The candidate of the champion, or the first family as it is, instead of a search in every training.
        span: Length of a window; default the monitor's.
        policies: The model's own monitor as `policy`, and others by name.
    """

    spec: TrainingSpec
    fast: bool
    span: timedelta | None
    policies: Mapping[str, MonitorSpec]


def replay_model(asked: Asked, show: Show) -> dict[str, Any]:
    """Replay, draw and store; returns the document of `replay --json`."""
    started = time.perf_counter()
    replay = _replay(asked)
    paths: dict[str, list[Step]] = {"never": never(replay), "every_window": every_window(replay)}
    seconds = {"never": 0.0}
    for window in replay.windows:
        show(f"training on what was known at {replay.edges[window]:%Y-%m-%d}")
        replay.model(window)
    for name, monitor in asked.policies.items():
        spec = asked.spec.model_copy(update={"monitor": monitor})
        policy, began = Policy(monitor, spec.gate, drift_plan(spec)), time.perf_counter()
        paths[name] = by_policy(replay, policy, lambda w: show(f"deciding at {replay.edges[w + 1]:%Y-%m-%d}"))
        seconds[name] = time.perf_counter() - began
    told = {name: _policy_document(replay, steps, seconds.get(name, 0.0)) for name, steps in paths.items()}
    curves = _curves(asked.spec.name, replay, paths)
    windows = [_window_document(replay, paths, place) for place in range(len(replay.windows))]
    html, png = _draw(curves, told, windows)
    return {
        "model": asked.spec.name,
        "windows": windows,
        "policies": told,
        "picture": html,
        "png": png,
        "seconds": round(time.perf_counter() - started, 1),
    }


def _replay(asked: Asked) -> Replay:
    spec = asked.spec
    if spec.data.time is None:
        raise SpecError(
            f"{spec.name} cannot be replayed", "the model names no time column", "name `data.time` in the YAML"
        )
    preparation = preparation_plan(spec)
    table = read_with_past(spec.data, preparation.lags)
    table = with_target(table, preparation, load_step(preparation.custom))
    frame = table[table[spec.data.time].notna() & table[spec.target.column].notna()]
    frame = frame.sort_values(spec.data.time, kind="stable", ignore_index=True)
    coding = code_target(frame[spec.target.column], spec.problem, spec.target.positive)
    spec = spec.for_problem(coding.problem)
    edges = _edges(frame[spec.data.time], asked.span or spec.monitor.window.last)
    history = History(
        frame=frame,
        time=str(spec.data.time),
        coding=coding,
        learning=learning(spec),
        features=feature_plan(spec),
        split=split_plan(spec),
        window=spec.data.window,
        label_delay=spec.monitor.labels.delay,
        choose=_same_candidate(spec) if asked.fast else _searched(spec),
    )
    delay = -(-spec.monitor.labels.delay // (edges[1] - edges[0]).to_pytimedelta())
    first = max(2 + delay, round(FIRST_SHARE * (len(edges) - 1)))
    if len(edges) - 1 - first < FEWEST_WINDOWS:
        raise DataRejected(
            f"{spec.name} cannot be replayed",
            f"its history has {len(edges) - 1} windows with {FEWEST_ROWS} rows and more, of which {first} train first",
            "land more history, or give shorter windows with --window",
        )
    return Replay(history, edges, first, spec.metric)


def _edges(moments: pd.Series, span: timedelta | None) -> list[pd.Timestamp]:
    """Ends of equal windows, the last one at the newest row; a window is as long as 300 rows need at least."""
    oldest, newest = moments.iloc[0], moments.iloc[-1] + pd.Timedelta(microseconds=1)
    whole = newest - oldest
    shortest = max(whole / MOST_WINDOWS, whole * (2 * FEWEST_ROWS / len(moments)))
    length = max(pd.Timedelta(span) if span else whole / 20, shortest)
    n_windows = max(int(whole / length), 1)
    return [newest - length * k for k in range(n_windows, -1, -1)]


def _same_candidate(spec: TrainingSpec) -> Choose:
    champion = registry.find_champion(spec.name)
    families = families_for(str(spec.problem), spec.search.families)
    start = Candidate(families[0], tuple(FAMILIES[families[0]].start.items()))
    fixed = champion.record.best if champion else start
    return lambda _: fixed


def _searched(spec: TrainingSpec) -> Choose:
    from core.search import Plan, Start, Tried, best_trial, search

    wanted, how = search_plan(spec), learning(spec)
    names = families_for(str(spec.problem), spec.search.families)

    def choose(encoded: Callable[[str], tuple[Rows, Rows]]) -> Candidate:
        def attempt(candidate: Candidate) -> Tried:
            try:
                return Tried(score_candidate(candidate, how, *encoded(candidate.family)), 0.0)
            except (ValueError, ArithmeticError) as error:
                return Tried(None, 0.0, str(error))

        y = encoded(names[0])[0].y
        families = with_choices(names, open_choices(how.problem, how.weights, how.log, y))
        start: Start = lambda job: partial(attempt, job.candidate)  # noqa: E731
        trials = search(Plan(wanted, families, spec.seed), start)
        return best_trial(trials, spec.metric).candidate

    return choose


def _policy_document(replay: Replay, steps: Sequence[Step], seconds: float) -> dict[str, Any]:
    path = [step.model for step in steps]
    decided = [step.verdict for step in steps if step.verdict]
    trained = {path[0], *path}
    n = len(decided) if any(step.decision for step in steps) else len(trained) - 1
    scores = [replay.scored(model, window) for model, window in zip(path, replay.windows, strict=True)]
    # A training that the gate refused has cost its time all the same.
    refused = sum(verdict != "promote" for verdict in decided)
    typical = sum(replay.model(m).seconds for m in trained) / len(trained)
    return {
        "metric": float(sum(score for _, score in scores) / len(scores)),
        "loss": replay.loss(path),
        "retrainings": n,
        "promoted": len(trained) - 1,
        "seconds": round(sum(replay.model(m).seconds for m in trained - {path[0]}) + refused * typical + seconds, 1),
        "regret": replay.loss(path) - replay.loss(list(replay.windows)),
        "gain": gain(replay, path),
        "saving": saving(replay, path, n),
        "steady_saving": saving(replay, path, n, steady=True),
    }


def _window_document(replay: Replay, paths: Mapping[str, Sequence[Step]], place: int) -> dict[str, Any]:
    window = replay.windows[place]
    document: dict[str, Any] = {
        "start": replay.edges[window].isoformat(),
        "end": replay.edges[window + 1].isoformat(),
        "rows": len(replay.rows(window)),
    }
    for name, steps in paths.items():
        step = steps[place]
        document[name] = {"metric": replay.scored(step.model, window)[1], "trained_at": str(replay.edges[step.model])}
        if step.decision:
            document[name] |= {
                "decision": step.decision.decision,
                "severity": step.decision.severity,
                "reason": step.decision.reason,
                "verdict": step.verdict,
            }
    return document


def _curves(model: str, replay: Replay, paths: Mapping[str, Sequence[Step]]) -> Curves:
    values = {
        name: [replay.scored(s.model, w)[1] for s, w in zip(steps, replay.windows, strict=True)]
        for name, steps in paths.items()
    }
    taken = {
        name: [i for i in range(1, len(steps)) if steps[i].model != steps[i - 1].model] for name, steps in paths.items()
    }
    starts = [replay.edges[window].isoformat() for window in replay.windows]
    return Curves(f"{model}: {replay.metric} with and without retraining", replay.metric, starts, values, taken)


def _draw(curves: Curves, policies: Mapping[str, dict[str, Any]], windows: Sequence[dict[str, Any]]) -> tuple[str, str]:
    png = draw_png(curves)
    names = ["metric", "loss", "retrainings", "promoted", "gain", "saving", "regret", "seconds"]
    summary = [["policy", *names]]
    summary += [[policy, *(f"{told[name]:.4g}" for name in names)] for policy, told in policies.items()]
    reasoned = [name for name, told in windows[0].items() if isinstance(told, dict) and "reason" in told]
    rows = [["window", *reasoned]]
    rows += [
        [
            w["start"][:10],
            *(f"{w[name]['reason']}" + f" -> {w[name]['verdict']}" * bool(w[name]["verdict"]) for name in reasoned),
        ]
        for w in windows
    ]
    page = page_of(curves, png, summary, rows)
    digest = hashlib.sha256(json.dumps([summary, rows]).encode()).hexdigest()[:16]
    place = store_path("replays", f"{curves.title.split(':')[0]}-{digest}")
    write_bytes(f"{place}.html", page.encode())
    write_bytes(f"{place}.png", png)
    return f"{place}.html", f"{place}.png"
