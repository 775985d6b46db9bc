"""One real stack after the other on one home: each test leaves to the next what a person would find."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psutil
import pytest

from adapters.settings import PROJECT, Settings
from core.errors import ServiceUnavailable
from deployments.ports import Ports, free_port
from deployments.processes import FLOW_RUN, mark_of, marked
from deployments.schedules import schedule_checks
from deployments.stack import Stack, running_stack, start_stack

pytestmark = pytest.mark.stack

FLOW = """
import os, time
from pathlib import Path
from prefect import flow

@flow(name="check-drift")
def check(model: str, seconds: float = 0.0) -> None:
    Path(os.environ["EVERFIT_HOME"], f"began-{model}").touch()
    time.sleep(seconds)
"""
DEPLOYMENTS = """
name: tiny
deployments:
  - name: check-drift
    entrypoint: flows/tiny.py:check
    work_pool: {name: everfit}
    triggers:
      - type: event
        expect: [tiny.wanted]
        match: {"prefect.resource.id": "everfit.model.*"}
        parameters: {model: "{{ event.resource['everfit.model'] }}", seconds: "{{ event.payload.seconds }}"}
"""
SECOND = """
import sys, time
from pathlib import Path
from adapters.settings import Settings
from deployments.ports import Ports
from deployments.stack import local_stack
home, root, port = sys.argv[1:]
with local_stack(Settings(home=Path(home)), Ports(int(port)), root=Path(root)) as stack:
    print(stack.prefect_api, flush=True)
    time.sleep(999)
"""


def until(condition: Callable[[], bool], within_s: float = 180.0) -> bool:
    deadline = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    project = tmp_path_factory.mktemp("tiny project")
    (project / "flows").mkdir()
    (project / "flows" / "tiny.py").write_text(FLOW)
    (project / "prefect.yaml").write_text(textwrap.dedent(DEPLOYMENTS))
    return project


@pytest.fixture(scope="module")
def where(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A home as awkward as they come: deep, and with what a configuration file or a shell would take for its own."""
    return Settings(home=tmp_path_factory.mktemp("home") / ("deep" * 20) / "50% of #1; it's $HOME" / ("down" * 10))


@pytest.fixture(scope="module")
def stack(where: Settings, root: Path) -> Iterator[Stack]:
    started = start_stack(where, Ports(free_port(), free_port(), free_port()), root=root)
    yield started
    started.stop()


def runs(api: str) -> dict[str, dict[str, Any]]:
    """The newest run of each model."""
    found = httpx.post(f"{api}/flow_runs/filter", json={"sort": "START_TIME_ASC"}).raise_for_status().json()
    return {run["parameters"]["model"]: run for run in found if run["state_type"] != "SCHEDULED"}


def state(api: str, model: str) -> str | None:
    return runs(api)[model]["state_type"] if model in runs(api) else None


def send(api: str, model: str, seconds: float = 0.0) -> None:
    event = {
        "id": str(uuid4()),
        "occurred": datetime.now(UTC).isoformat(),
        "event": "tiny.wanted",
        "resource": {"prefect.resource.id": f"everfit.model.{model}", "everfit.model": model},
        "payload": {"seconds": seconds},
    }
    httpx.post(f"{api}/events", json=[event]).raise_for_status()


def program(where: Settings, *words: str) -> psutil.Process | None:
    return next((p for p in marked(mark_of(where.home)) if set(words) <= set(p.cmdline())), None)


def killed(where: Settings, *words: str) -> int:
    process = program(where, *words)
    assert process is not None
    process.kill()
    return process.pid


def test_stack_starts_and_is_found_again(stack: Stack, where: Settings) -> None:
    assert stack.answers() == {"prefect": True, "mlflow": True, "serving": True}
    assert running_stack(where) == stack
    assert (where.home / "prefect" / "prefect.db").exists()
    assert (where.home / "stack").stat().st_mode & 0o077 == 0


def test_stack_listens_on_the_loopback_interface_only(stack: Stack, where: Settings) -> None:
    listening = [
        connection.laddr.ip
        for process in marked(mark_of(where.home))
        for connection in process.net_connections()
        if connection.status == psutil.CONN_LISTEN
    ]
    assert set(listening) == {"127.0.0.1"}


def test_second_start_beside_a_running_stack_is_refused(stack: Stack, where: Settings, root: Path) -> None:
    with pytest.raises(ServiceUnavailable, match="it runs already"):
        start_stack(where, Ports(free_port()), root=root)
    assert stack.is_alive()


def test_event_starts_a_run_by_an_automation(stack: Stack) -> None:
    send(stack.prefect_api, "event")
    assert until(lambda: state(stack.prefect_api, "event") == "COMPLETED")
    assert runs(stack.prefect_api)["event"]["created_by"]["type"] == "AUTOMATION"


def test_mlflow_serves_what_was_written_past_it(stack: Stack, where: Settings) -> None:
    from mlflow import MlflowClient

    client = MlflowClient(where.mlflow_url)
    experiment = client.create_experiment("past", artifact_location=str(where.home / "mlartifacts" / "past"))
    run = client.create_run(experiment)
    client.log_text(run.info.run_id, "kept", "note.txt")
    asked = {"path": "note.txt", "run_uuid": run.info.run_id}
    assert httpx.get(f"{stack.mlflow_url}/get-artifact", params=asked).raise_for_status().text == "kept"


def test_schedules_follow_the_models_and_survive_being_set_again(stack: Stack) -> None:
    def schedules() -> dict[str, Any]:
        found = httpx.get(f"{stack.prefect_api}/deployments/name/check-drift/check-drift").raise_for_status().json()
        return {schedule["slug"]: schedule for schedule in found["schedules"]}

    schedule_checks(stack.prefect_api, {"flights": timedelta(days=1), "gone": timedelta(hours=1)})
    first = schedules()
    assert first["flights"]["parameters"] == {"model": "flights"}
    schedule_checks(stack.prefect_api, {"flights": timedelta(days=1), "new": timedelta(hours=2)})
    assert schedules().keys() == {"flights", "new"}
    assert schedules()["flights"]["id"] == first["flights"]["id"]

    def scheduled() -> set[str]:
        asked = {
            "deployments": {"name": {"any_": ["check-drift"]}},
            "flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}},
        }
        found = httpx.post(f"{stack.prefect_api}/flow_runs/filter", json=asked).raise_for_status().json()
        return {run["parameters"]["model"] for run in found if run["auto_scheduled"]}

    # The server makes runs of them.
    assert until(lambda: scheduled() == {"flights", "new"})


def test_killed_server_and_worker_come_back(stack: Stack, where: Settings) -> None:
    server, worker = killed(where, "prefect", "server"), killed(where, "deployments.worker")
    assert until(lambda: all(stack.answers().values()))
    send(stack.prefect_api, "again")
    assert until(lambda: state(stack.prefect_api, "again") == "COMPLETED")
    assert not {server, worker} & {process.pid for process in marked(mark_of(where.home))}


def test_run_that_went_with_its_worker_is_marked_by_the_next_and_one_that_outlived_it_ends_by_itself(
    stack: Stack, where: Settings
) -> None:
    for model, seconds in (("lost", 600), ("outlived", 30)):
        send(stack.prefect_api, model, seconds)
        assert until((where.home / f"began-{model}").exists)
    lost = httpx.get(f"{stack.prefect_api}/flow_runs/{runs(stack.prefect_api)['lost']['id']}").json()
    [process] = [p for p in marked(mark_of(where.home), FLOW_RUN) if p.environ()[FLOW_RUN] == lost["id"]]
    killed(where, "deployments.worker")
    process.kill()
    assert until(lambda: state(stack.prefect_api, "lost") == "CRASHED")
    assert until(lambda: state(stack.prefect_api, "outlived") == "COMPLETED")


def test_stop_leaves_no_process_though_the_supervisor_was_killed_in_the_middle_of_a_run(
    stack: Stack, where: Settings
) -> None:
    send(stack.prefect_api, "cut", seconds=600)
    assert until((where.home / "began-cut").exists)
    psutil.Process(stack.supervisor_pid).kill()
    assert until(lambda: running_stack(where) is None)
    stack.stop()
    assert marked(mark_of(where.home)) == []


def test_second_start_keeps_the_state_and_sigterm_to_its_launcher_leaves_no_process(
    where: Settings, root: Path
) -> None:
    command = [sys.executable, "-c", SECOND, str(where.home), str(root), str(free_port())]
    surroundings = {**os.environ, "PYTHONPATH": str(PROJECT)}
    with subprocess.Popen(command, env=surroundings, stdout=subprocess.PIPE, text=True) as launcher:
        assert launcher.stdout is not None
        api = launcher.stdout.readline().strip()
        assert [state(api, model) for model in ("event", "cut")] == ["COMPLETED", "CRASHED"]
        launcher.send_signal(signal.SIGTERM)
        assert launcher.wait(60) == 128 + signal.SIGTERM
    assert marked(mark_of(where.home)) == []


def test_server_that_does_not_start_is_told_at_once_with_the_end_of_its_log(
    tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_SERVER_DATABASE_CONNECTION_URL", "sqlite+aiosqlite:////no/such/folder/x.db")
    with pytest.raises(ServiceUnavailable) as told:
        start_stack(Settings(home=tmp_path), Ports(free_port()), root=root)
    assert "the program 'prefect' ended while it started" in told.value.why
    assert "unable to open database file" in told.value.why
    assert marked(mark_of(tmp_path)) == []
