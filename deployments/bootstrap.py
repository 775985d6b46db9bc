"""`python -m deployments.bootstrap`: what a started Prefect server needs before it is of use.

It runs in the stack's environment. One process does all of it, so that Prefect is imported once, and while the server
starts.
"""

import argparse
import runpy
import shlex
import sys
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import WorkPoolCreate, WorkPoolUpdate
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterParentFlowRunId,
    FlowRunFilterState,
    FlowRunFilterStateType,
    WorkPoolFilter,
    WorkPoolFilterName,
)
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.exceptions import ObjectNotFound
from prefect.states import Crashed
from prefect.workers.process import ProcessWorker

from deployments.alerts import route_alerts
from deployments.health import is_healthy, ready_file, server_is_healthy, wait_until
from deployments.programs import POOL, WORKER_NAME

UNFINISHED = FlowRunFilterState(
    type=FlowRunFilterStateType(any_=[StateType.PENDING, StateType.RUNNING, StateType.CANCELLING])
)


def main(arguments: list[str]) -> None:
    import prefect.cli.deploy  # noqa: F401

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--limit", type=int, required=True, help="Flow runs at the same time")
    parser.add_argument("--server", action="append", default=[], help="Health address of another server to wait for")
    options = parser.parse_args(arguments)
    began = datetime.now(UTC)
    wait_until(server_is_healthy)
    with get_client(sync_client=True) as client:
        prepare(client, options.limit)
        deploy_all()
        route_alerts(client)
        wait_until(lambda: worker_polls(client, since=began))
    wait_until(lambda: all(is_healthy(server) for server in options.server))


def prepare(client: SyncPrefectClient, limit: int) -> None:
    """The work pool with its limit, free of the runs of an earlier life; then the worker may begin."""
    template = job_template()
    try:
        client.update_work_pool(POOL, WorkPoolUpdate(base_job_template=template, concurrency_limit=limit))
    except ObjectNotFound:
        new = WorkPoolCreate(name=POOL, type="process", base_job_template=template, concurrency_limit=limit)
        client.create_work_pool(new)
    close_dead_runs(client)
    ready_file().touch(mode=0o600)


def job_template() -> dict[str, Any]:
    """Prefect's template for a process, with its engine named as the command.

    Without a command Prefect 3.8 starts a process that prepares a workspace, and replaces it by the engine: each flow
    run then pays Prefect's import twice. Our workspace is the folder that the deployments' pull step changes into.
    """
    template = ProcessWorker.get_default_base_job_template()
    template["variables"]["properties"]["command"]["default"] = shlex.join([sys.executable, "-m", "prefect.engine"])
    return template


def close_dead_runs(client: SyncPrefectClient) -> None:
    """Record as crashed what a crash left unfinished: it would hold its place in the pool's limit for ever."""
    state: State[None] = Crashed(message="the local stack ended before this run did")
    dead = _unfinished_in_pool(client)
    while dead:
        for run in dead:
            client.set_flow_run_state(run.id, state, force=True)
        dead = _unfinished_children(client, [run.id for run in dead])


def _unfinished_in_pool(client: SyncPrefectClient) -> list[FlowRun]:
    pool = WorkPoolFilter(name=WorkPoolFilterName(any_=[POOL]))
    return client.read_flow_runs(flow_run_filter=FlowRunFilter(state=UNFINISHED), work_pool_filter=pool)


def _unfinished_children(client: SyncPrefectClient, parents: list[UUID]) -> list[FlowRun]:
    below = FlowRunFilterParentFlowRunId(any_=parents)
    return client.read_flow_runs(flow_run_filter=FlowRunFilter(state=UNFINISHED, parent_flow_run_id=below))


def deploy_all() -> None:
    """`prefect deploy --all` for the prefect.yaml in this folder; a failure leaves this process with its exit code."""
    sys.argv = ["prefect", "--no-prompt", "deploy", "--all"]
    try:
        runpy.run_module("prefect", run_name="__main__")
    except SystemExit as done:
        if done.code:
            raise


def worker_polls(client: SyncPrefectClient, since: datetime) -> bool:
    workers = client.read_workers_for_work_pool(POOL)
    return any(worker.name == WORKER_NAME and (worker.last_heartbeat_time or since) > since for worker in workers)


if __name__ == "__main__":
    main(sys.argv[1:])
