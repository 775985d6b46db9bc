"""The second try: a run that crashed is started once more, whatever took its process; the next crash is for people."""

from typing import Any
from uuid import UUID

from prefect import flow
from prefect.client.orchestration import get_client
from prefect.states import AwaitingRetry, Completed


@flow(name="second-try", flow_run_name="second-try-{run}")
def second_try(run: UUID) -> Any:
    """Start a crashed run once more: the same run, so that what it has claimed and stored is still its own.

    Args:
        run: The run that crashed.
    """
    with get_client(sync_client=True) as client:
        crashed = client.read_flow_run(run)
        if crashed.state is None or not crashed.state.is_crashed():
            return Completed(name="LeftAlone", message=f"{crashed.name} is {crashed.state_name}: somebody was sooner")
        # Its number of starts would not do: who crashes before its start has none.
        crashes = sum(state.is_crashed() for state in client.read_flow_run_states(run))
        if crashes > 1:
            return Completed(name="LeftAlone", message=f"{crashed.name} crashed {crashes} times: its logs say where")
        client.set_flow_run_state(run, AwaitingRetry(message="its first try crashed"))
        return Completed(name="StartedAgain", message=f"{crashed.name} crashed and is started once more")
