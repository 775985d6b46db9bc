"""A real event, sent to a real server with the project's own prefect.yaml, starts the run that it should start."""

from collections.abc import Iterator

import pytest
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.settings import PREFECT_API_URL, temporary_settings

from adapters import journal
from adapters.registry import find_champion
from adapters.settings import settings
from core.events import DriftDetected
from deployments.observe import run_for, started_by_event
from deployments.ports import Ports, free_port
from deployments.stack import local_stack
from tasks.announce import send_from_outside
from tasks.landing import land_frame
from tests.conftest import Project, toy_table

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def client(shared_project: Project) -> Iterator[SyncPrefectClient]:
    land_frame("toy", toy_table(), "day", tell=False)
    with (
        local_stack(settings(), Ports(free_port())) as stack,
        temporary_settings({PREFECT_API_URL: stack.prefect_api}),
        get_client(sync_client=True) as opened,
    ):
        yield opened


def test_drift_event_starts_a_training_whose_event_starts_the_release(client: SyncPrefectClient) -> None:
    event = DriftDetected(model="toy", cause="a test", severity="decay", decision="retrain")
    assert send_from_outside(event)
    training = run_for(client, "train", str(event.id), lambda: None)
    assert started_by_event(training)
    assert training.state_name == "Registered"

    registered = journal.entries("toy", "training")[0]["event_id"]
    released = run_for(client, "release", registered, lambda: None)
    assert started_by_event(released)
    assert released.state_name == "Released"
    champion = find_champion("toy")
    assert champion is not None
    assert champion.number == 1


def test_repeated_event_starts_no_second_training(client: SyncPrefectClient) -> None:
    event = DriftDetected(model="toy", cause="a test", severity="decay", decision="retrain")
    send_from_outside(event)
    arrived = land_frame("toy", toy_table(seed=1, shift=1.0), "day")
    # By the end of this check, which was asked for later, the repeat would have started its training.
    checked = run_for(client, "check-drift", str(arrived.event_id), lambda: None)
    assert started_by_event(checked)
    trainings = client.read_flow_runs()
    same_cause = [run for run in trainings if run.parameters.get("cause") == str(event.id)]
    assert len([run for run in same_cause if run.state_name != "Duplicate"]) == 1


def test_event_without_the_label_starts_nothing(client: SyncPrefectClient) -> None:
    event = DriftDetected(model="toy", cause="a note", severity="mild_drift", decision="note")
    assert send_from_outside(event)
    arrived = land_frame("toy", toy_table(seed=2, shift=1.0), "day")
    run_for(client, "check-drift", str(arrived.event_id), lambda: None)
    assert not [run for run in client.read_flow_runs() if run.parameters.get("cause") == str(event.id)]
