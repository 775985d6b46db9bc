"""A real event, sent to a real server with the project's own prefect.yaml, starts the run that it should start."""

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, TypeVar
from uuid import UUID

import psutil
import pytest
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.settings import PREFECT_API_URL, temporary_settings

from adapters import journal, registration
from adapters.registry import champion_number, find_champion, find_version, load_pipeline
from adapters.settings import settings
from adapters.storage import read_frame
from core.diagnosis import examine
from core.events import DriftDetected
from deployments.approving import answer_waiting
from deployments.doctor_server import server_checks
from deployments.observe import run_for, started_by_event
from deployments.ports import Ports, free_port
from deployments.processes import FLOW_RUN, mark_of, marked
from deployments.stack import local_stack
from tasks.announce import send_from_outside
from tasks.landing import land_frame
from tests.conftest import TOY, Project, toy_table
from tests.topology import send_at_once

pytestmark = pytest.mark.stack

Found = TypeVar("Found")


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


def test_doctor_finds_the_stack_well_and_its_event_reaches_a_run(client: SyncPrefectClient) -> None:
    found = [examine(name, look) for name, look in server_checks(fire=True).items()]
    assert [each for each in found if not each.passed or each.skipped] == []
    assert found[-1].check == "event"
    whole, *parts = [float(part) for part in re.findall(r"([\d.]+) s ", found[-1].detail)]
    assert len(parts) == 5
    assert whole == pytest.approx(sum(parts), abs=0.5)
    automation = next(each for each in client.read_automations() if each.name == "data-checks")
    client.pause_automation(automation.id)
    try:
        told = examine("automations", server_checks(fire=False)["automations"])
    finally:
        client.resume_automation(automation.id)
    assert not told.passed
    assert "data-checks" in told.detail


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


def _waiting(client: SyncPrefectClient, version: int) -> FlowRun:
    """A release by its deployment, once it is suspended."""
    deployment = client.read_deployment_by_name("release/release")
    parameters = {"model": "toy", "version": version}
    run = client.create_flow_run_from_deployment(deployment.id, parameters=parameters)
    return wait_for(lambda: suspended(client.read_flow_run(run.id)))


def suspended(run: FlowRun) -> FlowRun | None:
    return run if run.state_name == "Suspended" else None


def wait_for(look: Callable[[], Found | None]) -> Found:
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline:
        if (found := look()) is not None:
            return found
        time.sleep(0.5)
    raise TimeoutError("it did not come to that within 240 s")


def test_release_waits_suspended_for_a_person_whose_no_keeps_the_champion_and_whose_yes_moves_it(
    client: SyncPrefectClient, shared_project: Project
) -> None:
    shared_project.write_spec(TOY.replace("release: {", "release: {approval: always, "))
    before = champion_number("toy")
    first = find_version("toy", 1)
    assert before == 1
    second = registration.register(
        replace(first.record, spec_digest="another"),
        load_pipeline(first),
        read_frame(first.record.golden).filter(items=first.record.columns.names),
    ).number

    run = _waiting(client, second)
    entry = answer_waiting("toy", second, {"approve": False, "by": "ada", "why": "not today"})
    assert entry is not None
    assert (entry["flow_run_id"], entry["verdict"]) == (str(run.id), "refused")
    assert "ada declined: not today" in entry["reason"]
    assert champion_number("toy") == before

    _waiting(client, second)
    entry = answer_waiting("toy", second, {"approve": True, "by": "ada", "why": ""})
    assert entry is not None
    assert (entry["verdict"], entry["approved_by"]) == ("released", "ada")
    assert champion_number("toy") == second
    assert answer_waiting("toy", second, {"approve": True, "by": "ada", "why": ""}) is None


def test_twenty_events_in_a_second_start_one_training(client: SyncPrefectClient, shared_project: Project) -> None:
    before = len(journal.entries("toy", "training"))
    events = [
        DriftDetected(model="toy", cause=f"storm {number}", severity="decay", decision="retrain")
        for number in range(20)
    ]
    send_at_once(client, events)
    asked = {str(event.id) for event in events}

    def started() -> list[FlowRun]:
        return [run for run in client.read_flow_runs() if run.parameters.get("cause") in asked]

    first = wait_for(lambda: next(iter(started()), None))
    run_for(client, "train", first.parameters["cause"], lambda: None)
    assert [run.id for run in started()] == [first.id]
    assert len(journal.entries("toy", "training")) == before + 1
    # Of the runs: the server's own services try again, and on a busy machine have to.
    assert "database is locked" not in (shared_project.home / "logs" / "worker.log").read_text()


def test_training_whose_process_is_killed_crashes_and_is_tried_once_more(client: SyncPrefectClient) -> None:
    event = DriftDetected(model="toy", cause="a kill", severity="decay", decision="retrain")
    assert send_from_outside(event)
    mark = mark_of(settings().home)

    def process() -> psutil.Process | None:
        return next((each for each in marked(mark, FLOW_RUN) if cause_of(each) == str(event.id)), None)

    def cause_of(process: psutil.Process) -> Any:
        return client.read_flow_run(UUID(process.environ()[FLOW_RUN])).parameters.get("cause")

    wait_for(process).kill()
    training = wait_for(
        lambda: next((r for r in client.read_flow_runs() if r.parameters.get("cause") == str(event.id)), None)
    )
    wait_for(lambda: client.read_flow_run(training.id).state_type is StateType.COMPLETED or None)
    names = [state.name for state in client.read_flow_run_states(training.id)]
    assert names.count("Crashed") == names.count("AwaitingRetry") == 1
    assert [each.get("cause") for each in journal.entries("toy", "training")].count(str(event.id)) == 1
