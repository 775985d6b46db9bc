"""The summary of a run that ended with nothing to conclude: it was not needed, waits for a person, or failed."""

import logging
from typing import Any

import httpx
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import ArtifactCreate

from core.errors import EverfitError
from core.summary import Summary, summary_markdown

# Every other state is concluded by its flow, which has more to show.
EARLY = frozenset({"Duplicate", "NoChampion", "Unchanged", "AwaitingApproval"})


def show_ending(flow: Any, flow_run: Any, state: Any) -> None:
    """Show why a run ended early; what failed says what, why and how to fix it."""
    summary = summary_of(flow.name, flow_run, state)
    if summary is None:
        return
    key = f"summary-{flow.name}-{summary.model}".replace("_", "-").lower()
    shown = ArtifactCreate(
        key=key,
        type="markdown",
        description=summary.verdict,
        data=summary_markdown(summary),
        flow_run_id=flow_run.id,
    )
    try:
        with get_client(sync_client=True) as client:
            client.create_artifact(shown)
            client.update_flow_run(flow_run.id, tags=sorted({*flow_run.tags, *summary.tags}))
    except httpx.HTTPError:
        # The run has ended: its state stands without its picture.
        logging.getLogger(__name__).warning("the run's end cannot be shown", exc_info=True)


def summary_of(flow: str, run: Any, state: Any) -> Summary | None:
    """The summary of such an end; None for runs that conclude by themselves."""
    model, cause = run.parameters["model"], run.parameters.get("cause")
    numbers = (("asked for by", f"event {cause}" if cause else "a person or a schedule"),)
    tags = (f"model:{model}", f"verdict:{state.name}", "cause:event" if cause else "cause:person")
    if state.is_completed():
        return (
            Summary(model, f"{flow}, {state.name}", state.message, numbers, (), tags) if state.name in EARLY else None
        )
    error = state.result(raise_on_failure=False)
    if isinstance(error, EverfitError):
        told = (*numbers, ("why", error.why), ("fix", error.fix))
        return Summary(model, f"{flow} failed", error.what, told, (), tags)
    return Summary(model, f"{flow} failed", f"{type(error).__name__}: {error}"[:2000], numbers, (), tags)
