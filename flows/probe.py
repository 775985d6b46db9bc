"""The probe: a flow that does nothing, started by an event; `everfit doctor` times how long that takes."""

import time
from typing import Any

from prefect import flow
from prefect.states import Completed

REACHED = time.time()


@flow(name="probe", flow_run_name="probe-{cause}")
def probe(cause: str | None = None) -> Any:
    """Say when the first line of a flow's module was reached.

    Args:
        cause: Id of the event that asked for it.
    """
    return Completed(name="Reached", message=str(REACHED))
