"""Watch what automations start, through Prefect's own record of the runs."""

import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Any

import httpx
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterName
from prefect.client.schemas.objects import FlowRun
from prefect.client.schemas.sorting import FlowRunSort

from core.errors import ServiceUnavailable

LOOK_AFTER_S = 0.5
START_WITHIN_S, END_WITHIN_S = 60.0, 600.0
N_NEWEST = 20


def run_for(
    client: SyncPrefectClient, deployment: str, cause: str, tick: Callable[[], None], since: datetime | None = None
) -> FlowRun:
    """The finished run that a deployment's automation started for an event.

    Args:
        client: Of the running server.
        deployment: Name of the deployment.
        cause: Id of the event.
        tick: Called while waiting.
        since: What was created before is not looked at. Whoever begins a story again sends the same events again.

    Raises:
        ServiceUnavailable: No run was started in time, or it failed.
    """
    started: FlowRun | None = _wait(lambda: _find(client, deployment, cause, since), START_WITHIN_S, tick)
    if started is None:
        raise ServiceUnavailable(
            f"no run of {deployment} was started for the event {cause}",
            f"nothing happened within {START_WITHIN_S:g} s",
            "look for the automation in the Prefect UI and in logs/prefect.log",
        )
    return finished(client, started, tick)


def finished(client: SyncPrefectClient, run: FlowRun, tick: Callable[[], None]) -> FlowRun:
    """The run at its end.

    Raises:
        ServiceUnavailable: It failed or crashed, or takes too long.
    """
    ended: FlowRun | None = _wait(lambda: _final(client.read_flow_run(run.id)), END_WITHIN_S, tick)
    if ended is None or ended.state is None or not ended.state.is_completed():
        why = ended.state.message if ended and ended.state else f"it has not ended within {END_WITHIN_S:g} s"
        raise ServiceUnavailable(
            f"the flow run {run.name} ({run.id}) did not succeed",
            str(why),
            "its log is in the Prefect UI (`everfit up`) and in logs/worker.log",
        )
    return ended


def started_by_event(run: FlowRun) -> bool:
    """Whether the server's record says that an automation created the run."""
    return run.created_by is not None and run.created_by.type == "AUTOMATION"


def _find(client: SyncPrefectClient, deployment: str, cause: str, since: datetime | None) -> FlowRun | None:
    newest = client.read_flow_runs(
        deployment_filter=DeploymentFilter(name=DeploymentFilterName(any_=[deployment])),
        sort=FlowRunSort.EXPECTED_START_TIME_DESC,
        limit=N_NEWEST,
    )
    young = [run for run in newest if since is None or run.created is None or run.created >= since]
    return next((run for run in young if run.parameters.get("cause") == cause), None)


def _final(run: FlowRun) -> FlowRun | None:
    return run if run.state is not None and run.state.is_final() else None


def _wait(look: Callable[[], Any], within_s: float, tick: Callable[[], None]) -> Any:
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        # A server that is just started again does not answer, and has lost nothing.
        with suppress(httpx.TransportError):
            found = look()
            if found is not None:
                return found
        tick()
        time.sleep(LOOK_AFTER_S)
    return None
