"""Runs whose process went together with their worker: the next worker marks them as crashed before it asks for work."""

import os
from datetime import datetime

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
    WorkPoolFilter,
    WorkPoolFilterName,
)
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.states import Cancelled, Crashed

from deployments.processes import MARK, flow_runs
from deployments.programs import POOL

UNDER_WAY = [StateType.PENDING, StateType.RUNNING, StateType.CANCELLING]
# In the environment of a stack that begins anew: since when. What was asked for before that belongs to another story.
ANEW = "EVERFIT_STACK_ANEW"


def mark_lost_runs() -> list[FlowRun]:
    """Bring the runs that no process of this stack works on to their end; the others outlived their worker.

    Only for a pool whose one worker is about to start: nobody else has just taken a run and not started it yet.
    """
    anew = os.environ.get(ANEW)
    since = datetime.fromisoformat(anew) if anew else None
    with get_client(sync_client=True) as client:
        # Asked for before the processes: a run that ends in between is not among the lost.
        open_runs = _open_runs(client, [*UNDER_WAY, StateType.SCHEDULED] if since else UNDER_WAY)
        alive = flow_runs(os.environ[MARK])
        lost = []
        for run in open_runs:
            is_old = since is not None and run.created is not None and run.created < since
            if str(run.id) in alive or (run.state_type is StateType.SCHEDULED and not is_old):
                continue
            client.set_flow_run_state(run.id, _end_of(run, is_old), force=True)
            lost.append(run)
    return lost


def _end_of(run: FlowRun, is_old: bool) -> State:
    if is_old:
        return Cancelled(message="a new story has begun since")
    if run.state_type is StateType.CANCELLING:
        return Cancelled(message="its process is gone")
    return Crashed(message="its process is gone, and so was the worker that could have said so")


def _open_runs(client: SyncPrefectClient, states: list[StateType]) -> list[FlowRun]:
    state = FlowRunFilterState(type=FlowRunFilterStateType(any_=states))
    return client.read_flow_runs(
        flow_run_filter=FlowRunFilter(state=state),
        work_pool_filter=WorkPoolFilter(name=WorkPoolFilterName(any_=[POOL])),
    )
