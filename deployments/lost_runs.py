"""Runs whose process went together with their worker: the next worker marks them as crashed before it asks for work."""

import os

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
    WorkPoolFilter,
    WorkPoolFilterName,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.states import Cancelled, Crashed

from deployments.processes import MARK, flow_runs
from deployments.programs import POOL

UNDER_WAY = [StateType.PENDING, StateType.RUNNING, StateType.CANCELLING]


def mark_lost_runs() -> list[FlowRun]:
    """Bring the runs that no process of this stack works on to their end; the others outlived their worker.

    Only for a pool whose one worker is about to start: nobody else has just taken a run and not started it yet.
    """
    with get_client(sync_client=True) as client:
        # Asked for before the processes: a run that ends in between is not among the lost.
        under_way = _under_way(client)
        alive = flow_runs(os.environ[MARK])
        lost = [run for run in under_way if str(run.id) not in alive]
        for run in lost:
            cancelled = run.state_type is StateType.CANCELLING
            message = "its process is gone, and so was the worker that could have said so"
            client.set_flow_run_state(run.id, (Cancelled if cancelled else Crashed)(message=message), force=True)
    return lost


def _under_way(client: SyncPrefectClient) -> list[FlowRun]:
    state = FlowRunFilterState(type=FlowRunFilterStateType(any_=UNDER_WAY))
    return client.read_flow_runs(
        flow_run_filter=FlowRunFilter(state=state),
        work_pool_filter=WorkPoolFilter(name=WorkPoolFilterName(any_=[POOL])),
    )
