"""Runs that went with their worker are crashed; what a stack that begins anew finds open is called off."""

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from prefect import flow
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.objects import StateType
from prefect.exceptions import ObjectAlreadyExists
from prefect.states import Pending, Running, Scheduled

from deployments.lost_runs import ANEW, mark_lost_runs
from deployments.processes import FLOW_RUN, MARK
from deployments.programs import POOL


@flow
def work() -> None:
    """What a deployment of this test names."""


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[SyncPrefectClient]:
    monkeypatch.setenv(MARK, "of-this-test")
    with get_client(sync_client=True) as opened:
        try:
            opened.create_work_pool(WorkPoolCreate(name=POOL, type="process"))
        except ObjectAlreadyExists:
            assert opened.read_work_pool(POOL).type == "process"
        yield opened


def run_in(client: SyncPrefectClient, *states: Any) -> Any:
    deployment = client.create_deployment(client.create_flow(work), "pooled", work_pool_name=POOL)
    run = client.create_flow_run_from_deployment(deployment)
    for state in states:
        client.set_flow_run_state(run.id, state, force=True)
    return run.id


def test_run_without_a_process_is_crashed_and_what_waits_or_lives_is_left(client: SyncPrefectClient) -> None:
    lost, waits = run_in(client, Pending(), Running()), run_in(client)
    lives = run_in(client, Pending(), Running())
    around = {**os.environ, FLOW_RUN: str(lives)}
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], env=around) as process:
        try:
            mark_lost_runs()
        finally:
            process.kill()
    found = {run: client.read_flow_run(run).state_type for run in (lost, waits, lives)}
    assert found == {lost: StateType.CRASHED, waits: StateType.SCHEDULED, lives: StateType.RUNNING}


def test_stack_that_begins_anew_calls_off_what_was_asked_for_before_and_nothing_else(
    client: SyncPrefectClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = [run_in(client, Pending(), Running()), run_in(client, Scheduled())]
    monkeypatch.setenv(ANEW, (datetime.now(UTC) + timedelta(hours=1)).isoformat())
    mark_lost_runs()
    assert {client.read_flow_run(run).state_type for run in old} == {StateType.CANCELLED}
    new = [run_in(client, Pending(), Running()), run_in(client, Scheduled())]
    monkeypatch.setenv(ANEW, (datetime.now(UTC) - timedelta(hours=1)).isoformat())
    mark_lost_runs()
    assert [client.read_flow_run(run).state_type for run in new] == [StateType.CRASHED, StateType.SCHEDULED]
