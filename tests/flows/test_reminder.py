"""Who starts the server reminds it of what runs of deployments have announced, and of nothing else."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from prefect import flow
from prefect.client.orchestration import get_client

from core.errors import RegistryUnavailable
from core.events import DriftDetected
from deployments.server import remind
from tests.conftest import TOY, Project


@flow
def work() -> None:
    """What a deployment of this test names."""


def event(cause: str) -> DriftDetected:
    return DriftDetected(model="toy", cause=cause, severity="decay", decision="retrain")


def test_server_is_reminded_of_events_of_deployments_though_a_registry_is_away(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write_spec(TOY.replace("name: toy", "name: another"), "another")
    with get_client(sync_client=True) as client:
        deployed = client.create_flow_run_from_deployment(client.create_deployment(client.create_flow(work), "work"))
        by_hand = client.create_flow_run(work)
    runs = {"deployed": deployed.id, "by hand": by_hand.id, "of another server": uuid4()}

    def unanswered(model: str) -> Iterator[tuple[Any, str]]:
        if model == "another":
            raise RegistryUnavailable("no versions", "it is away", "wait")
        yield from ((event(cause), str(run)) for cause, run in runs.items())

    sent: list[Any] = []
    monkeypatch.setattr("tasks.unanswered.unanswered", unanswered)
    monkeypatch.setattr("tasks.announce.send_from_outside", lambda each: sent.append(each) or True)
    told = remind()
    assert sent == [event("deployed")]
    assert [word.split(":")[0] for word in told] == [
        "what another has announced is not known",
        "no run had taken up drift.detected of toy",
    ]
