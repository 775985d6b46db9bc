"""The scheduled `everfit gc`: what is old and what nothing refers to; it removes only where its parameter says so."""

from datetime import timedelta
from typing import Any

from prefect import flow
from prefect.states import Completed

from core.durations import parse_duration
from core.retention_report import document_of, verdict_of
from tasks.retention import ages_of, collect
from tasks.retention_views import show_collected


@flow(name="gc", flow_run_name="gc-{model}")
def gc(model: str | None = None, older_than: str | None = None, apply: bool = False) -> Any:
    """Tell what may go from the store and the registry, and remove it where that is asked for.

    Args:
        model: What belongs to this model only; default everything.
        older_than: An age such as 30d for everything; default EVERFIT_KEEP, EVERFIT_KEEP_LOG and EVERFIT_KEEP_VERSIONS.
        apply: Whether to remove; without it the run only tells what it would.
    """
    age: timedelta | None = parse_duration(older_than) if older_than else None
    found = collect(model, ages_of(age), apply)
    show_collected(found)
    return Completed(name="Removed" if apply else "Told", message=verdict_of(found), data=document_of(found))
