"""Once for one cause: however often an event is sent, one run answers it."""

from prefect.runtime import flow_run

from adapters import journal
from adapters.specs import refuse_unknown


def first_for(model: str, cause: str | None, step: str = "train") -> bool:
    """Whether this run may answer the cause; a run without a cause was asked for by a person and always may.

    Raises:
        SpecError: There is no such model: an event can name what it likes, and nothing is kept of that.
    """
    refuse_unknown(model)
    run = flow_run.get_id()
    return cause is None or run is None or journal.claim(model, f"{step}-{cause}", str(run))
