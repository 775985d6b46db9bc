"""The probe: a flow that does nothing, started by an event; `everfit doctor` times how long that takes."""

import json
import time
from typing import Any

from prefect import flow
from prefect.states import Completed

IMPORTED = time.time()


@flow(name="probe", flow_run_name="probe-{cause}")
def probe(cause: str | None = None) -> Any:
    """Say when its process was started, when its imports were done, and when its first line was reached.

    Args:
        cause: Id of the event that asked for it.
    """
    reached = time.time()
    import psutil

    told = {"process": psutil.Process().create_time(), "imported": IMPORTED, "reached": reached}
    return Completed(name="Reached", message=json.dumps(told))
