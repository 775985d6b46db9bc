"""Once for one cause: however often an event is sent, one run answers it."""

from prefect.runtime import flow_run

from adapters import journal


def first_for(model: str, cause: str | None, step: str = "train") -> bool:
    """Whether this run may answer the cause; a run without a cause was asked for by a person and always may."""
    run = flow_run.get_id()
    return cause is None or run is None or journal.claim(model, f"{step}-{cause}", str(run))
