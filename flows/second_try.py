"""The second try: a run that crashed is started once more, whatever took its process; the next crash is for people."""

import time
from datetime import datetime
from typing import Any
from uuid import UUID

from prefect import flow
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.objects import FlowRun
from prefect.states import AwaitingRetry, Completed, Running

# How often a run of a deployment is told to be heard of, in seconds: the shortest that Prefect takes.
BEAT_S = 30
HEARTBEAT = "prefect.flow-run.heartbeat"
# What a run's state says that was marked for its silence alone.
SILENT = "nothing was heard of its process any more"
HEARD = "it was heard of again"
LOOK_AFTER_S = 2.0


@flow(name="second-try", flow_run_name="second-try-{run}")
def second_try(run: UUID) -> Any:
    """Start a crashed run once more: the same run, so that what it has claimed and stored is still its own.

    One that was only silent may live: the server may have been away itself. So it is listened for once more.

    Args:
        run: The run that crashed.
    """
    with get_client(sync_client=True) as client:
        crashed = client.read_flow_run(run)
        if crashed.state is None or not crashed.state.is_crashed():
            return Completed(name="LeftAlone", message=f"{crashed.name} is {crashed.state_name}: somebody was sooner")
        if SILENT in str(crashed.state.message) and _is_heard_of(client, crashed, crashed.state.timestamp):
            client.set_flow_run_state(run, Running(message=HEARD), force=True)
            return Completed(name="LeftAlone", message=f"{crashed.name} lives: its heartbeats had not come through")
        # Its number of starts would not do: who crashes before its start has none.
        states = client.read_flow_run_states(run)
        crashes = sum(state.is_crashed() for state in states) - sum(state.message == HEARD for state in states)
        if crashes > 1:
            return Completed(name="LeftAlone", message=f"{crashed.name} crashed {crashes} times: its logs say where")
        client.set_flow_run_state(run, AwaitingRetry(message="its first try crashed"))
        return Completed(name="StartedAgain", message=f"{crashed.name} crashed and is started once more")


def _is_heard_of(client: SyncPrefectClient, run: FlowRun, since: datetime) -> bool:
    """Whether a heartbeat comes that was sent after a moment; waits as long as one may take."""
    from prefect.events.filters import EventFilter, EventNameFilter, EventOccurredFilter, EventResourceFilter

    name, resource = EventNameFilter(name=[HEARTBEAT]), EventResourceFilter(id=[f"prefect.flow-run.{run.id}"])
    # A beat, and half of one for the server to write it down.
    deadline = time.monotonic() + 1.5 * BEAT_S
    while time.monotonic() < deadline:
        # Made anew for each look: it asks for what has occurred until it was made.
        beats = EventFilter(occurred=EventOccurredFilter(since=since), event=name, resource=resource)
        if client.read_events(beats, limit=1).events:
            return True
        time.sleep(LOOK_AFTER_S)
    return False
