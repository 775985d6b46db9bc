"""A part of the local stack is killed around an event that asks for a training, or while its endpoint is asked."""

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any

import httpx
import pytest
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.objects import FlowRun
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.states import Completed

from adapters import journal, registry
from adapters.settings import settings
from core.errors import EverfitError
from core.events import DriftDetected
from core.outcomes import CheckOutcome
from deployments.observe import run_for
from deployments.ports import Ports, free_port
from deployments.processes import mark_of, marked
from deployments.stack import Stack, local_stack
from tasks.announce import send_from_outside
from tasks.checks import news_of_check
from tasks.landing import land_frame
from tests.conftest import Project, toy_table
from tests.fault_table import Survives
from tests.faults.play import TINY, half_files
from tests.servers import until
from tests.serving.conftest import ROW

pytestmark = [pytest.mark.stack, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def stack(shared_project: Project) -> Iterator[Stack]:
    shared_project.write_spec(TINY)
    land_frame("toy", toy_table(1500), "day", tell=False)
    with local_stack(settings(), Ports(free_port(), free_port(), free_port())) as started:
        yield started


@pytest.fixture
def client(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Iterator[SyncPrefectClient]:
    monkeypatch.setattr("deployments.observe.START_WITHIN_S", 300.0)
    with temporary_settings({PREFECT_API_URL: stack.prefect_api}), get_client(sync_client=True) as opened:
        yield opened


def kill(stack: Stack, words: str) -> None:
    """All processes of a part: MLflow's server is a child that would outlive its parent."""
    found = [process for process in marked(mark_of(stack.home)) if words in " ".join(process.cmdline())]
    assert found
    for process in found:
        process.kill()


def checked(client: SyncPrefectClient, digest: str) -> DriftDetected:
    """What a check of the drift leaves: its word in the journal, under a run of its deployment, and an event."""
    deployment = client.read_deployment_by_name("check-drift/check-drift")
    run = client.create_flow_run_from_deployment(deployment.id, parameters={"model": "toy"}, state=Completed())
    event = news_of_check("toy", digest, 1, "decay", "retrain")
    window = {"start": None, "end": None, "rows": 0, "new_rows": 0, "digest": digest}
    outcome = CheckOutcome(
        model="toy", window=window, findings=[], drifted_share=0.0, severity="decay", decision="retrain",
        reason="a test", performance={"realized": None, "estimated": {}}, event_id=str(event.id), report=None,
        quarantined=None, champion=1, cause=None, matters=False, seconds=0.0, flow_run_id=str(run.id),
    )  # fmt: skip
    journal.append("toy", "check", asdict(outcome))
    return event


def runs_of(client: SyncPrefectClient, event: DriftDetected) -> list[FlowRun]:
    return [run for run in client.read_flow_runs() if run.parameters.get("cause") == str(event.id)]


def worker_dies_before_it_takes_the_run(stack: Stack, event: DriftDetected) -> float:
    kill(stack, "deployments.worker")
    at = time.monotonic()
    send_from_outside(event)
    return at


def server_dies_while_an_event_is_sent(stack: Stack, event: DriftDetected) -> float:
    """Whoever sends is told that it was not received, and sends it again."""
    kill(stack, "prefect server")
    at = time.monotonic()
    refused = 0
    while True:
        try:
            send_from_outside(event)
        except EverfitError:
            refused += 1
            time.sleep(1)
        else:
            break
    assert refused, "the server was back before the event was sent"
    return at


def server_dies_between_event_and_run(stack: Stack, event: DriftDetected) -> float:
    send_from_outside(event)
    # Received; the run may be made by now or not, and the server may remember it or not.
    kill(stack, "prefect server")
    return time.monotonic()


def event_is_forgotten(stack: Stack, event: DriftDetected) -> float:
    """Sent, and gone with a server that had it in memory only."""
    kill(stack, "prefect server")
    return time.monotonic()


FAULTS = {
    ("kill -9 of the worker", "pending"): worker_dies_before_it_takes_the_run,
    ("kill -9 of the Prefect server", "sending"): server_dies_while_an_event_is_sent,
    ("kill -9 of the Prefect server", "scheduling"): server_dies_between_event_and_run,
    ("the Prefect server has forgotten an event", "scheduling"): event_is_forgotten,
}


@pytest.mark.parametrize(("fault", "stage"), FAULTS, ids=[" ".join(each) for each in FAULTS])
def test_event_around_a_killed_part_starts_one_training_all_the_same(
    stack: Stack, client: SyncPrefectClient, fault: str, stage: str, survives: Survives
) -> None:
    hit: Callable[[Stack, DriftDetected], float] = FAULTS[fault, stage]
    before = len(journal.entries("toy", "training"))
    event = checked(client, digest=f"{stage} {fault}")
    with survives(fault, stage, "a training by an event") as told:
        told.since = hit(stack, event)
        run_for(client, "train", str(event.id), lambda: None)
        # That may be a repeat of the event, which ends as a duplicate before the training does.
        until(lambda: len(journal.entries("toy", "training")) > before)
        until(lambda: all(run.state is not None and run.state.is_final() for run in runs_of(client, event)))
        states = [run.state_name for run in runs_of(client, event) if run.state_name != "Duplicate"]
        trained = len(journal.entries("toy", "training")) - before
        told.lost += [] if (len(states), trained) == (1, 1) else [f"runs {states}, {trained} trainings"]
        told.lost += journal.faults("toy") + half_files()
    assert trained == 1


def test_endpoint_and_registry_that_are_killed_come_back_with_the_champion(
    stack: Stack, client: SyncPrefectClient, survives: Survives
) -> None:
    # Of the events before: a version that the gate let through is released by an event too.
    until(lambda: registry.champion_number("toy"))
    asked: dict[str, Any] = {"instances": [ROW]}
    address = f"http://127.0.0.1:{stack.ports.serving}"

    def answer() -> int | None:
        try:
            given = httpx.post(f"{address}/invocations", json=asked, timeout=30)
        except httpx.TransportError:
            return None
        return int(given.json()["version"]) if given.status_code == 200 else None

    until(lambda: answer() == registry.champion_number("toy"))
    for name, words in {"the endpoint": "-m serving", "MLflow of the stack": "mlflow"}.items():
        with survives(f"kill -9 of {name}", "serving", "an answer of the champion") as told:
            kill(stack, words)
            told.since = time.monotonic()
            until(lambda: answer() == registry.champion_number("toy") and all(stack.answers().values()))
        assert answer() == registry.champion_number("toy")
