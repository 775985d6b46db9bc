"""The whole training flow under Prefect beside the same steps as a bare script: how much slower, as a ratio in one run.

Each side runs in a process and a home of its own, one after the other, in turns. The server is there when the clock of
the flow starts, as it is where everfit runs as a service; both sides write the same to MLflow and to the journal.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

ROUNDS = 2
UNTIL = "2013-06-30"
TRIALS = 20


def run() -> None:
    found: dict[str, list[tuple[float, float]]] = {"bare": [], "prefect": []}
    for _ in range(ROUNDS):
        for side, results in found.items():
            with tempfile.TemporaryDirectory() as home:
                environment = os.environ | {"EVERFIT_HOME": home, "PREFECT_HOME": f"{home}/prefect"}
                environment |= {"PREFECT_LOGGING_LEVEL": "ERROR", "PYTHONWARNINGS": "ignore"}
                environment |= {"PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "180"}
                words = [sys.executable, "-m", "benchmarks.tuning.whole_flow", side]
                told = subprocess.run(words, env=environment, check=True, capture_output=True, text=True).stdout
                results.append(tuple(json.loads(told.splitlines()[-1])))
    wall, cpu = ({side: statistics.median(r[i] for r in results) for side, results in found.items()} for i in (0, 1))
    print(f"whole training on the flights, {TRIALS} trials: bare {wall['bare']:.1f} s, Prefect {wall['prefect']:.1f} s")
    ratios = wall["prefect"] / wall["bare"], cpu["prefect"] / cpu["bare"]
    print(f"  {ratios[0]:.2f} times the seconds, {ratios[1]:.2f} times the CPU seconds; target 1.10")


def main(side: str) -> None:
    from tasks.landing import land_and_tell

    land_and_tell("flights", None, _moment(UNTIL))
    steps = {"bare": bare, "prefect": under_prefect}[side]
    print(json.dumps(steps((f"search.trials={TRIALS}",))))


def under_prefect(overrides: tuple[str, ...]) -> tuple[float, float]:
    from prefect import flow

    from flows.training import train

    @flow
    def clocked() -> tuple[float, float]:
        started, cpu = time.perf_counter(), time.process_time()
        train("flights", overrides=overrides)
        return time.perf_counter() - started, time.process_time() - cpu

    return clocked()


def bare(overrides: tuple[str, ...]) -> tuple[float, float]:
    from prefect.logging import disable_run_logger

    import flows.training  # noqa: F401

    started, cpu = time.perf_counter(), time.process_time()
    with disable_run_logger():
        _steps(overrides)
    return time.perf_counter() - started, time.process_time() - cpu


def _steps(overrides: tuple[str, ...]) -> None:
    """What `flows.training.train` does, called by the functions behind its tasks."""
    from adapters import journal
    from adapters.specs import read_spec
    from core.plans import feature_plan, last_fit, learning, search_plan, sentinel_plan, split_plan
    from flows import training as flow
    from tasks import tuning
    from tasks.registering import Made

    tuning.publish = _log_trials
    spec = read_spec("flights", overrides)
    preparation = flow.preparation_plan(spec)
    raw = flow.ingest.fn(spec.data, spec.contract, "flights", preparation.lags)
    clean = flow.validate.fn(raw, ("flights", spec.problem), spec.data, spec.contract, spec.target)
    spec = spec.for_problem(clean.coding.problem)
    parts = flow.split.fn(clean.data, split_plan(spec))
    flow.sentinel.fn(parts, sentinel_plan(spec), clean.coding, "flights", preparation)
    features = flow.build_features.fn(parts, feature_plan(spec), clean.coding, spec.target.column, preparation)
    trials = flow.tune.fn(features, search_plan(spec), learning(spec), (), tuning.Crew("flights"))
    fitted = flow.fit.fn(features, trials.members, learning(spec), last_fit(spec))
    report = flow.evaluate.fn(fitted, features, parts, clean.coding, learning(spec))
    verdict = flow.gate.fn(report, parts.test, clean.coding, spec, None)
    made = Made(clean, parts, features, trials.best, fitted, report)
    version = flow.register.fn(made, verdict, spec, None)
    journal.append("flights", "training", {"version": version.number, "verdict": verdict.verdict})


def _log_trials(model: str, plan, trials, baselines) -> None:
    from adapters.trial_log import log_trials
    from core.search import best_trial

    log_trials(model, str(plan.spec.metric), best_trial(trials, str(plan.spec.metric)), trials)


def _moment(text: str):
    from datetime import datetime

    return datetime.fromisoformat(text)


if __name__ == "__main__":
    main(*sys.argv[1:])
