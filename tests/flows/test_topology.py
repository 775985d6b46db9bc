"""The same training on a team's infrastructure: PostgreSQL, S3, a Dask cluster, and two workers that take events."""

import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import psutil
import pytest
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.settings import PREFECT_API_URL, temporary_settings

from adapters import journal, registry
from adapters.sent_code import code
from core.events import DriftDetected
from deployments.observe import run_for
from deployments.processes import mark_of, marked
from tasks.announce import send_from_outside
from tasks.landing import land_frame
from tests.conftest import TOY, Project, in_use, toy_table
from tests.topology import LIMIT, Topology, logs, most_at_once, own_children, send_at_once, topology

pytestmark = [pytest.mark.stack, pytest.mark.timeout(900)]

TINY = TOY.replace("trials: 4", "trials: 2")
MODELS = ("one", "two")
N_EVENTS = 20


def prepare(project: Project, models: tuple[str, ...]) -> None:
    for seed, model in enumerate(models):
        project.write_spec(
            TINY.replace("name: toy", f"name: {model}").replace("lake://toy/", f"lake://{model}/"), model
        )
        land_frame(model, toy_table(1500, seed), "day", tell=False)


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a training on local files finds."""
    from flows.training import train

    with in_use(Project(tmp_path_factory.mktemp("local"))) as project:
        prepare(project, MODELS)
        return {model: train(model) for model in MODELS}


@pytest.fixture(scope="module")
def running(here: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Topology]:
    before = own_children()
    with topology(tmp_path_factory.mktemp("topology")) as started:
        prepare(started.project, MODELS)
        yield started
    assert marked(mark_of(started.project.home)) == []
    # A library of this process may just be asking a program something: what is left behind stays.
    deadline = time.monotonic() + 60
    while (left := own_children() - before) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert [str(process) for process in psutil.process_iter() if process.pid in left] == []


@pytest.fixture(scope="module")
def client(running: Topology) -> Iterator[SyncPrefectClient]:
    with (
        pytest.MonkeyPatch.context() as patch,
        temporary_settings({PREFECT_API_URL: running.stack.prefect_api}),
        get_client(sync_client=True) as opened,
    ):
        # A dozen servers on two cores may take their time; what is shown here is not how long.
        patch.setattr("deployments.observe.START_WITHIN_S", 300.0)
        yield opened


def drift(model: str, cause: str) -> DriftDetected:
    return DriftDetected(model=model, cause=cause, severity="decay", decision="retrain")


def test_two_models_at_once_are_what_they_are_on_one_machine(
    running: Topology, client: SyncPrefectClient, here: dict[str, Any]
) -> None:
    events = {model: drift(model, "a test") for model in MODELS}
    assert all(send_from_outside(event) for event in events.values())
    for model, event in events.items():
        assert run_for(client, "train", str(event.id), lambda: None).state_name == "Registered"
        there = journal.entries(model, "training")[0]
        expected = here[model]
        assert (there["model_digest"], there["metrics"]["test"]) == (expected.model_digest, expected.metrics["test"])
        assert there["best"] == expected.best
        assert run_for(client, "release", there["event_id"], lambda: None).state_name == "Released"
        assert registry.champion_number(model) == 1
    # They were fitted there, by code that was sent there.
    assert list(running.dask.folder.glob(f"*/dask-scratch-space/*/{code().name}"))
    assert not (running.project.home / "store").exists()
    assert not (running.project.home / "mlflow.db").exists()


def test_twenty_events_in_a_second_start_one_training(running: Topology, client: SyncPrefectClient) -> None:
    before = len(journal.entries("one", "training"))
    events = [drift("one", f"storm {number}") for number in range(N_EVENTS)]
    send_at_once(client, events)
    last = drift("two", "after the storm")
    send_from_outside(last)
    run_for(client, "train", str(last.id), lambda: None)
    asked = {str(event.id) for event in events}
    started = [run for run in client.read_flow_runs() if run.parameters.get("cause") in asked]
    assert len(started) == 1
    run_for(client, "train", started[0].parameters["cause"], lambda: None)
    assert len(journal.entries("one", "training")) == before + 1


def test_no_more_runs_than_the_pool_allows_were_at_work_at_once(running: Topology, client: SyncPrefectClient) -> None:
    runs = [run for run in client.read_flow_runs() if run.deployment_id]
    assert len(runs) >= 5
    assert 1 <= most_at_once(runs) <= LIMIT
    told = logs(running.project.home)
    assert "database is locked" not in told
    assert "deadlock" not in told.lower()


def test_nothing_listens_beyond_the_loopback_interface(running: Topology) -> None:
    stack = {process.pid for process in marked(mark_of(running.project.home))}
    listening: set[str] = set()
    for pid in own_children() | stack:
        # One that has just ended listens nowhere.
        with suppress(psutil.NoSuchProcess):
            connections = psutil.Process(pid).net_connections("tcp")
            listening |= {each.laddr.ip for each in connections if each.status == psutil.CONN_LISTEN}
    assert "127.0.0.1" in listening
    assert listening <= {"127.0.0.1", "::1"}
