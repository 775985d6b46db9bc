"""The trials of a search in MLflow: one run, and each trial as a run below it, logged in one batch."""

import time
from collections.abc import Sequence

from adapters.registration import experiment_of
from adapters.registry import answering
from core.search import Trial

PARENT = "mlflow.parentRunId"
# Everything about a trial is in the stored study; what a page of runs is too long for is only there.
MOST_RUNS = 100


def log_trials(model: str, metric: str, best: Trial, trials: Sequence[Trial]) -> str:
    """Log a search; returns the id of its run.

    Args:
        model: Whose experiment it goes to.
        metric: What was optimized.
        best: The trial that won.
        trials: All of them; those that came furthest and highest are logged.
    """
    from mlflow.entities import Metric, Param, RunTag

    now = round(time.time() * 1000)
    furthest = sorted(trials, key=lambda t: (-len(t.curve), t.number))[:MOST_RUNS]
    with answering() as client:
        experiment = experiment_of(client, model)
        parent = client.create_run(experiment, run_name="tune", tags={"best_trial": str(best.number)}).info.run_id
        totals = {metric: best.value, "trials": len(trials), "failed": sum(t.state == "failed" for t in trials)}
        client.log_batch(parent, metrics=[Metric(k, float(v or 0.0), now, 0) for k, v in totals.items()])
        for trial in furthest:
            params = {"family": trial.candidate.family, **dict(trial.candidate.params)}
            tags = {PARENT: parent, "state": trial.state, "error": trial.error[:500]}
            run = client.create_run(experiment, run_name=f"trial {trial.number}", tags=tags).info.run_id
            client.log_batch(
                run,
                metrics=[Metric(metric, value, now, round(100 * share)) for share, value in trial.curve]
                + [Metric("seconds", trial.seconds, now, 0)],
                params=[Param(name, str(value)) for name, value in params.items()],
                tags=[RunTag("rows", f"{trial.curve[-1][0]:.1%}" if trial.curve else "0%")],
            )
            client.set_terminated(run, "FAILED" if trial.error else "FINISHED")
        client.set_terminated(parent)
    return str(parent)
