"""Answer a release that waits for a person, from the shell: the same answer as in the form of the Prefect UI."""

from typing import Any

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterName,
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateName,
)
from prefect.client.schemas.objects import FlowRun
from prefect.settings import PREFECT_API_URL

from adapters import journal
from core.errors import ServiceUnavailable
from deployments.observe import finished

WAITING = FlowRunFilter(state=FlowRunFilterState(name=FlowRunFilterStateName(any_=["Suspended"])))
RELEASES = DeploymentFilter(name=DeploymentFilterName(any_=["release"]))


def answer_waiting(model: str, version: int, answer: dict[str, Any]) -> dict[str, Any] | None:
    """Hand a person's answer to the suspended release of a version, and wait for its end.

    Args:
        model: The model's name.
        version: Of the release that waits.
        answer: Fields of `tasks.approval.Approval`.

    Returns:
        The release's entry in the journal; None where no server is set or no release waits.

    Raises:
        ServiceUnavailable: The answer comes too late, or the release failed.
    """
    if not PREFECT_API_URL.value():
        return None
    with get_client(sync_client=True) as client:
        waiting = _find(client, model, version)
        if waiting is None:
            return None
        told = client.resume_flow_run(waiting.id, run_input=answer)
        if told.status.name != "ACCEPT":
            raise ServiceUnavailable(
                f"the release of {model} version {version} does not take the answer",
                str(getattr(told.details, "reason", told.status.name)),
                f"it waited too long; release it anew: everfit approve {model} --version {version}",
            )
        ended = finished(client, waiting, lambda: None)
    entries = journal.entries(model, "release")
    return next((entry for entry in entries if entry["flow_run_id"] == str(ended.id)), None)


def _find(client: SyncPrefectClient, model: str, version: int) -> FlowRun | None:
    runs = client.read_flow_runs(deployment_filter=RELEASES, flow_run_filter=WAITING)
    wanted = {"model": model, "version": version}
    return next((run for run in runs if wanted.items() <= {**run.parameters}.items()), None)
