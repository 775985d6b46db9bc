"""Storms of events, on a Prefect server over SQLite and over PostgreSQL: what they start, and how many at once.

Twenty events in a second for one model shall start one training; ten models with an event each shall train each once,
with no more runs at a time than the pool allows, and without a run that fails because a database is locked. What the
server's own services say of a lock, before they try again, is counted beside it.
"""

import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.objects import FlowRun
from prefect.settings import PREFECT_API_URL, temporary_settings

from adapters import journal
from core.events import DriftDetected
from deployments.stack import Stack
from tasks.landing import land_frame
from tests.conftest import TOY, Project, in_use, toy_table
from tests.servers import make_database, postgres, until
from tests.topology import LIMIT, logs, most_at_once, on_postgres, send_at_once, workers_of_two

N_EVENTS, N_MODELS, N_ROWS = 20, 10, 600
TINY = TOY.replace("[hist_gradient_boosting, logistic_regression], trials: 4", "[logistic_regression], trials: 1")
WITHIN_S = 900.0


@dataclass(frozen=True)
class Storm:
    """What a storm has led to."""

    database: str
    asked: str
    trainings: dict[str, int]
    runs: int
    most: int
    locked: int
    retried: int
    seconds: float

    @property
    def row(self) -> str:
        each = Counter(self.trainings.values())
        told = ", ".join(f"{n} models trained {times} x" for times, n in sorted(each.items()))
        return (
            f"{self.database:<11} {self.asked:<26} {told:<26} {self.runs:>5} {self.most:>8} {self.locked:>7}"
            f" {self.retried:>8} {self.seconds:>8.0f} s"
        )


def run(options: Sequence[str] = ()) -> None:
    """Storms over both databases, or with `--SQLite` or `--PostgreSQL` over one."""
    names = [f"m{number}" for number in range(N_MODELS)]
    print(f"pool limit {LIMIT}, two workers; a training is one trial on {N_ROWS} rows")
    counted = f"{'runs':>5} {'at once':>8} {'locked':>7} {'retried':>8} {'took':>10}"
    print(f"{'database':<11} {'asked':<26} {'came of it':<26} {counted}")
    for database in [option.removeprefix("--") for option in options] or ["SQLite", "PostgreSQL"]:
        with server(database, names) as stack, get_client(sync_client=True) as client:
            print(storm(database, f"{N_EVENTS} events, 1 model", names[:1] * N_EVENTS, client, stack).row, flush=True)
            print(storm(database, f"1 event each, {N_MODELS} models", names, client, stack).row, flush=True)


@contextmanager
def server(database: str, names: list[str]) -> Iterator[Stack]:
    """A stack over a database, with a small table of each model in its lake."""
    with ExitStack() as opened:
        patch = opened.enter_context(pytest.MonkeyPatch.context())
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="everfit-events-")))
        project = Project(folder)
        if database == "PostgreSQL":
            databases = opened.enter_context(postgres())
            patch.setenv("EVERFIT_MLFLOW", f"postgresql+psycopg://{make_database(databases, 'mlflow')}")
            on_postgres(databases, patch)
        opened.enter_context(in_use(project))
        for seed, name in enumerate(names):
            spec = TINY.replace("name: toy", f"name: {name}").replace("lake://toy/", f"lake://{name}/")
            project.write_spec(spec, name)
            land_frame(name, toy_table(N_ROWS, seed), "day", tell=False)
        stack = opened.enter_context(workers_of_two())
        opened.enter_context(temporary_settings({PREFECT_API_URL: stack.prefect_api}))
        yield stack


def storm(database: str, asked: str, models: list[str], client: SyncPrefectClient, stack: Stack) -> Storm:
    """Send an event for each of the models within a second, and wait until all that it starts has ended."""
    before = {model: len(journal.entries(model, "training")) for model in models}
    known = {run.id for run in client.read_flow_runs()}
    events = [
        DriftDetected(model=model, cause=f"{asked} {number}", severity="decay", decision="retrain")
        for number, model in enumerate(models)
    ]
    started = time.monotonic()
    send_at_once(client, events)

    def fresh() -> list[FlowRun]:
        return [run for run in client.read_flow_runs(limit=200) if run.id not in known and run.deployment_id]

    trained = {model: lambda model=model: len(journal.entries(model, "training")) > before[model] for model in models}
    until(lambda: all(look() for look in trained.values()), within_s=WITHIN_S)
    # Releases follow; whatever else was started, too, has its time to end.
    until(lambda: all(run.state is not None and run.state.is_final() for run in fresh()), within_s=WITHIN_S)
    took = time.monotonic() - started
    trainings = {model: len(journal.entries(model, "training")) - before[model] for model in models}
    lines = [line for line in logs(stack.home).splitlines() if "database is locked" in line]
    failed = [run for run in fresh() if run.state is not None and not run.state.is_completed()]
    locked = sum("database is locked" in str(run.state) for run in failed)
    return Storm(database, asked, trainings, len(fresh()), most_at_once(fresh()), locked, len(lines), took)
