"""What is seen of a search: its progress while it runs, and its trials when it is done."""

import sys
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self, cast
from uuid import UUID

from prefect import get_run_logger
from prefect.artifacts import create_progress_artifact, create_table_artifact, update_progress_artifact
from prefect.runtime import task_run

from adapters.trial_log import log_trials
from core.errors import RegistryUnavailable
from core.fitting import better_first
from core.learning_spec import SearchSpec
from core.search import Plan, Trial, best_trial

# Between two lines of progress, or two requests to the server.
PAUSE_S = 5.0
MOST_LISTED = 100


class Progress:
    """A bar on a terminal, plain lines elsewhere, and a progress artifact in a run."""

    def __init__(self, spec: SearchSpec) -> None:
        self.spec, self.metric = spec, str(spec.metric)
        self.told_trials: list[Trial] = []
        self.started = self.last = time.monotonic()
        self.bar: Any = None
        self.artifact: UUID | None = None

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import Progress as Bar

            self.bar = Bar(console=Console(stderr=True), transient=True)
            self.bar.add_task("tune", total=100.0)
            self.bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self.bar:
            self.bar.stop()
        if self.artifact:
            update_progress_artifact(self.artifact, 100.0, description=self._text())

    def told(self, trial: Trial) -> None:
        """One more trial has ended."""
        self.told_trials.append(trial)
        if self.bar:
            self.bar.update(0, completed=self.percent(), description=self._text())
        if time.monotonic() - self.last >= PAUSE_S:
            self.last = time.monotonic()
            self._say()

    def _say(self) -> None:
        if not self.bar:
            get_run_logger().info(self._text())
        if task_run.get_id() is None:
            return
        percent = self.percent()
        if self.artifact is None:
            self.artifact = cast(UUID, create_progress_artifact(percent, key="tune-progress", description=self._text()))
        else:
            update_progress_artifact(self.artifact, percent, description=self._text())

    def percent(self) -> float:
        """Of the budget, by number or by time: the one that is used up first ends the search."""
        by_number = len(self.told_trials) / self.spec.most_trials
        span = self.spec.timeout
        by_time = (time.monotonic() - self.started) / span.total_seconds() if span else 0.0
        return 100.0 * min(1.0, max(by_number, by_time))

    def _text(self) -> str:
        most = f" of {self.spec.trials}" if self.spec.trials else ""
        return f"tune: {len(self.told_trials)}{most} trials, {_best_text(self.told_trials, self.metric)}"


def _best_text(trials: Sequence[Trial], metric: str) -> str:
    if all(trial.value is None for trial in trials):
        return "none has seen all rows yet"
    best = best_trial(trials, metric)
    return f"best {metric} {best.value:.4f} ({best.candidate.family})"


def publish(model: str, plan: Plan, trials: Sequence[Trial], baselines: Sequence[tuple[str, float | None]]) -> None:
    """Tell the run's log, and make the trials a table in the UI."""
    metric = str(plan.spec.metric)
    counts = ", ".join(f"{sum(t.state == s for t in trials)} {s}" for s in ("complete", "stopped", "failed"))
    get_run_logger().info("tune: %s on validation rows; %d trials: %s", _best_text(trials, metric), len(trials), counts)
    for trial in [trial for trial in trials if trial.error][:1]:
        get_run_logger().warning("tune: a trial failed: %s", trial.error)
    if task_run.get_id() is not None:
        _log(model, metric, trials)
        create_table_artifact(
            table_of(trials, baselines, metric), key=f"trials-{model}".replace("_", "-").lower(), description=metric
        )


def _log(model: str, metric: str, trials: Sequence[Trial]) -> None:
    try:
        run = log_trials(model, metric, best_trial(trials, metric), trials)
    except RegistryUnavailable as error:
        # What was found is not lost for it: the study is stored, and registering tries again.
        get_run_logger().warning("tune: the trials are not in MLflow: %s", error.why)
        return
    get_run_logger().info("tune: the trials are below the MLflow run %s", run)


def table_of(
    trials: Sequence[Trial], baselines: Sequence[tuple[str, float | None]], metric: str
) -> list[dict[str, Any]]:
    """Trials as rows, the best first, the baselines among them."""
    rows = [
        {
            "trial": trial.number,
            "family": trial.candidate.family,
            "state": trial.state,
            metric: trial.value if trial.value is not None else (trial.curve[-1][1] if trial.curve else None),
            "rows": f"{trial.curve[-1][0]:.0%}" if trial.curve else "",
            "seconds": round(trial.seconds, 2),
            "parameters": ", ".join(f"{k}={v:.4g}" for k, v in trial.candidate.params),
            "error": trial.error,
        }
        for trial in trials
    ]
    for name, value in baselines:
        blank: dict[str, Any] = {
            "trial": "",
            "state": "baseline",
            "rows": "100%",
            "seconds": "",
            "parameters": "",
            "error": "",
        }
        rows.append(blank | {"family": name, metric: value})
    sign = -1 if better_first(metric) == "maximize" else 1
    rows.sort(key=lambda row: (row["rows"] != "100%", row[metric] is None, sign * float(row[metric] or 0.0)))
    return rows[:MOST_LISTED]
