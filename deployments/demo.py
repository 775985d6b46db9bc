"""`everfit demo`: the loop on real flights. It lands months and waits; everything else is started by events."""

import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pandas as pd
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.settings import PREFECT_API_URL, temporary_settings

from adapters import journal
from adapters.registry import find_champion, find_version, load_pipeline
from adapters.settings import Settings
from adapters.specs import read_spec
from core.errors import ServiceUnavailable, TrainingError
from core.metrics import score
from core.records import Version
from deployments.fresh_start import start_over
from deployments.local import own_ports
from deployments.lost_runs import ANEW
from deployments.observe import finished, run_for, started_by_event
from deployments.ports import LOOPBACK, Ports, free_port
from deployments.stack import local_stack
from tasks.landing import EXAMPLE, land_frame, read_example

FIRST_MONTHS = 2


@dataclass(frozen=True, slots=True)
class Step:
    """A month that landed, and what followed from it."""

    window: str
    rows: int
    drifted_share: float | None = None
    decision: str | None = None
    reason: str | None = None
    event_id: str | None = None
    check_run_id: str | None = None
    train_run_id: str | None = None
    release_run_id: str | None = None
    verdict: str | None = None
    version: int | None = None
    champion: int | None = None
    auc_first: float | None = None
    auc_champion: float | None = None
    doing: str = ""
    by_event: bool = False


Show = Callable[[list[Step], str], None]


def run_demo(where: Settings, months: int, show: Show) -> dict[str, Any]:
    """Run the loop.

    Args:
        where: Whose home, store and registry it uses.
        months: Months that land one by one after the first.
        show: Told of every change: the steps so far, and what happens now.

    Returns:
        The document of `demo --json`.
    """
    started = time.monotonic()
    show([], "reading the flights")
    table = read_example()
    start_over(EXAMPLE)
    show([], "starting Prefect server and worker")
    # Somebody waits for every run here, and the stack is gone in minutes: quickness is worth more than rest.
    os.environ.setdefault("PREFECT_WORKER_QUERY_SECONDS", "1")
    # What a killed demo has left open is not tried again in this one.
    os.environ[ANEW] = datetime.now(UTC).isoformat()
    with (
        local_stack(where, Ports(free_port()), limit=2) as stack,
        temporary_settings({PREFECT_API_URL: stack.prefect_api}),
        get_client(sync_client=True) as client,
    ):
        loop = Loop(client, show, table)
        loop.begin()
        for _ in range(months):
            loop.step()
    return _document(loop.steps, time.monotonic() - started, own_ports(where))


class Loop:
    """The months of a demo: what landed, and what the automations made of it."""

    def __init__(self, client: SyncPrefectClient, show: Show, table: pd.DataFrame) -> None:
        self.client, self.show = client, show
        self.began = datetime.now(UTC)
        self.spec = read_spec(EXAMPLE)
        self.time = str(self.spec.data.time)
        self.months = [rows for _, rows in table.groupby(table[self.time].dt.to_period("M"))]
        self.steps: list[Step] = []
        self.first: Version | None = None

    def begin(self) -> None:
        """Train on the first months by a run of the deployment, and wait for the release that its event starts."""
        self.show([], f"training on the first {FIRST_MONTHS} months")
        # Without an event: there is no champion yet to compare with.
        land_frame(EXAMPLE, pd.concat(self.months[:FIRST_MONTHS]), self.time, tell=False)
        deployment = self.client.read_deployment_by_name("train/train")
        run = self.client.create_flow_run_from_deployment(deployment.id, parameters={"model": EXAMPLE})
        ended = finished(self.client, run, self._tick)
        window = (
            f"{self.months[0][self.time].iloc[0]:%Y-%m} to {self.months[FIRST_MONTHS - 1][self.time].iloc[0]:%Y-%m}"
        )
        first = Step(window=window, rows=sum(map(len, self.months[:FIRST_MONTHS])), train_run_id=str(ended.id))
        self._update(first, new=True)
        self._follow_training(str(ended.id))
        self.first = find_champion(EXAMPLE)
        if self.first is None:
            refused = (journal.entries(EXAMPLE, "release") or journal.entries(EXAMPLE, "training"))[0]
            raise TrainingError("the first model was not released", refused["reason"], "relax models/flights.yaml")

    def step(self) -> None:
        """Land the next month, and wait until nothing more follows from it."""
        rows = self.months[FIRST_MONTHS + len(self.steps) - 1]
        self._update(
            self._scores(rows, Step(window=f"{rows[self.time].iloc[0]:%Y-%m}", rows=len(rows), doing="landing")),
            new=True,
        )
        landed = land_frame(EXAMPLE, rows, self.time)
        self._update(replace(self.steps[-1], doing="checking"))
        check = run_for(self.client, "check-drift", str(landed.event_id), self._tick, self.began)
        entry = entry_of("check", str(check.id))
        self._update(
            replace(
                self.steps[-1],
                check_run_id=str(check.id),
                drifted_share=entry["drifted_share"],
                decision=entry["decision"],
                reason=entry["reason"],
                event_id=entry["event_id"],
            )
        )
        if entry["decision"] == "retrain":
            self._update(replace(self.steps[-1], doing="retraining"))
            run = run_for(self.client, "train", entry["event_id"], self._tick, self.began)
            self._update(replace(self.steps[-1], train_run_id=str(run.id), by_event=started_by_event(run)))
            self._follow_training(str(run.id))
        champion = find_champion(EXAMPLE)
        self._update(replace(self.steps[-1], doing="", champion=champion.number if champion else None))

    def _follow_training(self, run_id: str) -> None:
        entry = entry_of("training", run_id)
        self._update(replace(self.steps[-1], verdict=entry["verdict"], version=entry["version"]))
        if entry["verdict"] == "registered":
            self._update(replace(self.steps[-1], doing="releasing"))
            run = run_for(self.client, "release", entry["event_id"], self._tick, self.began)
            self._update(replace(self.steps[-1], release_run_id=str(run.id)))
        champion = find_champion(EXAMPLE)
        self._update(replace(self.steps[-1], doing="", champion=champion.number if champion else None))

    def _scores(self, rows: pd.DataFrame, step: Step) -> Step:
        # The champion of now, before it can be retrained on these rows: no model is scored on rows that it saw.
        champion = find_champion(EXAMPLE)
        if self.first is None or champion is None:
            return step
        return replace(step, auc_first=auc(self.first, rows), auc_champion=auc(champion, rows))

    def _update(self, step: Step, new: bool = False) -> None:
        self.steps = [*self.steps, step] if new else [*self.steps[:-1], step]
        self._tick()

    def _tick(self) -> None:
        now = self.steps[-1] if self.steps else None
        self.show(self.steps, f"{now.window}: {now.doing or 'done'}" if now else "training the first model")


def entry_of(kind: journal.Kind, run_id: str) -> dict[str, Any]:
    """The journal's entry of a run."""
    found = [entry for entry in journal.entries(EXAMPLE, kind) if entry["flow_run_id"] == run_id]
    if not found:
        raise ServiceUnavailable(
            f"the flow run {run_id} has left no {kind} in the journal",
            "it ended early",
            "its log is in the Prefect UI (`everfit up`) and in logs/worker.log",
        )
    return found[0]


def auc(version: Version, rows: pd.DataFrame) -> float:
    """ROC AUC of a version on a month's rows."""
    y = version.record.coding.encode(rows[version.record.spec["target"]["column"]])
    return score("roc_auc", y, version.record.predict(load_pipeline(find_version(EXAMPLE, version.number)), rows))


def _document(steps: list[Step], seconds: float, ports: Ports) -> dict[str, Any]:
    told = [{key: value for key, value in asdict(step).items() if key not in ("doing", "by_event")} for step in steps]
    return {
        "model": EXAMPLE,
        "seconds": round(seconds, 1),
        "steps": told,
        "trainings": sum(step.train_run_id is not None for step in steps),
        "trainings_started_by_events": sum(step.by_event for step in steps),
        "releases": sum(step.release_run_id is not None for step in steps),
        "urls": {"prefect": f"http://{LOOPBACK}:{ports.prefect}", "mlflow": f"http://{LOOPBACK}:{ports.mlflow}"},
    }
