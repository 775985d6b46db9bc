"""A team's infrastructure as plain processes on the loopback interface, for as long as a test runs."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path

import pytest
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import FlowRun
from prefect.events import Event, Resource

from adapters.settings import settings
from core.events import DriftDetected
from deployments.ports import Ports, free_port
from deployments.programs import POOL, environment
from deployments.stack import Stack, local_stack
from deployments.worker import LIMIT as WORKER_LIMIT
from tests.buckets import bucket_server
from tests.clusters import DaskCluster, dask_cluster
from tests.conftest import Project, in_use
from tests.servers import make_database, mlflow_server, postgres, until

SECOND = "second"
LIMIT = 2


@dataclass(frozen=True)
class Topology:
    """What runs."""

    project: Project
    stack: Stack
    dask: DaskCluster


@contextmanager
def topology(folder: Path) -> Iterator[Topology]:
    """PostgreSQL, an S3 server, MLflow on both, Dask with two workers, Prefect on PostgreSQL with two workers."""
    (folder / "buckets" / "bucket").mkdir(parents=True)
    with ExitStack() as opened:
        patch = opened.enter_context(pytest.MonkeyPatch.context())
        databases = opened.enter_context(postgres())
        opened.enter_context(bucket_server(folder / "buckets"))
        # The workers of Dask are given the keys, and nothing else of ours.
        dask = opened.enter_context(dask_cluster(folder / "dask", 2))
        # MLflow's server reaches a bucket through boto3 only, which nothing else here needs.
        artifacts = "s3://bucket/mlflow" if find_spec("boto3") else str(folder / "artifacts")
        registry = mlflow_server(make_database(databases, "mlflow"), artifacts, folder)
        patch.setenv("EVERFIT_MLFLOW", opened.enter_context(registry).address)
        patch.setenv("EVERFIT_STORE", "s3://bucket/everfit")
        patch.setenv("EVERFIT_DASK", dask.address)
        project = opened.enter_context(in_use(Project(folder / "project")))
        on_postgres(databases, patch)
        yield Topology(project, opened.enter_context(workers_of_two()), dask)


def on_postgres(databases: str, patch: pytest.MonkeyPatch) -> None:
    """Have the Prefect server that is started next keep its records in PostgreSQL."""
    database = make_database(databases, "prefect")
    patch.setenv("PREFECT_SERVER_DATABASE_CONNECTION_URL", f"postgresql+asyncpg://{database}")


@contextmanager
def workers_of_two() -> Iterator[Stack]:
    """A Prefect server, the deployments, and two workers of their pool, which runs no more than LIMIT at once."""
    ports = Ports(free_port())
    with pytest.MonkeyPatch.context() as patch, ExitStack() as opened:
        patch.setenv(WORKER_LIMIT, str(LIMIT // 2))
        stack = opened.enter_context(local_stack(settings(), ports, limit=LIMIT))
        command = [sys.executable, "-m", "prefect", "worker", "start", "--pool", POOL, "--type", "process"]
        with (settings().home / "logs" / "second.log").open("wb") as log:
            second = subprocess.Popen(
                [*command, "--name", SECOND, "--limit", str(LIMIT - LIMIT // 2)],
                env=environment(settings(), ports),
                cwd=settings().home,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            until(lambda: _polls(stack), second)
            yield stack
        finally:
            second.kill()
            second.wait()


def _polls(stack: Stack) -> bool:
    import httpx

    asked = httpx.post(f"{stack.prefect_api}/work_pools/{POOL}/workers/filter", json={}, timeout=30)
    return SECOND in [worker["name"] for worker in asked.json()]


def logs(folder: Path) -> str:
    """All that the servers and workers of a home have said."""
    return "".join(path.read_text(errors="replace") for path in sorted((folder / "logs").glob("*.log*")))


def send_at_once(client: SyncPrefectClient, events: list[DriftDetected]) -> None:
    """Send events that all occurred within a second."""
    sent = [
        Event(event=event.name, resource=Resource.model_validate(event.resource), payload=event.payload, id=event.id)
        for event in events
    ]
    assert sent[-1].occurred - sent[0].occurred < timedelta(seconds=1)
    client.request("POST", "/events", json=[each.model_dump(mode="json") for each in sent])


def most_at_once(runs: list[FlowRun]) -> int:
    """How many of some runs were under way at the same time."""
    moments = [(run.start_time, 1) for run in runs if run.start_time]
    moments += [(run.end_time, -1) for run in runs if run.start_time and run.end_time]
    now = most = 0
    for _, step in sorted(moments):
        now += step
        most = max(most, now)
    return most


def own_children() -> set[int]:
    """Processes that this one has started, by whatever way, and that still run."""
    import psutil

    found = set()
    for each in psutil.Process(os.getpid()).children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            # One that has ended, and of which a library has not taken notice yet, runs no more.
            if each.status() != psutil.STATUS_ZOMBIE:
                found.add(each.pid)
    return found
