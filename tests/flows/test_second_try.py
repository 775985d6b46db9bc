"""A crashed run is started once more, by its own deployment and with its own id; a second crash is left alone."""

from typing import Any
from uuid import UUID

import pytest
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import State
from prefect.events import emit_event
from prefect.states import Completed, Crashed, Pending, Running

from flows import second_try as module
from flows.second_try import HEARTBEAT, SILENT, second_try


@flow
def work() -> None:
    """What a deployment of this test names."""


def run_that_went_through(*states: State) -> UUID:
    with get_client(sync_client=True) as client:
        deployment = client.create_deployment(client.create_flow(work), "work")
        run = client.create_flow_run_from_deployment(deployment)
        for state in states:
            client.set_flow_run_state(run.id, state, force=True)
        return run.id


def answer_to(run: UUID) -> Any:
    return second_try(run, return_state=True)


def state_of(run: UUID) -> str | None:
    with get_client(sync_client=True) as client:
        return client.read_flow_run(run).state_name


@pytest.mark.parametrize("before", [[Pending()], [Pending(), Running()]], ids=["before its start", "in the middle"])
def test_crashed_run_is_started_once_more_and_not_twice(before: list[State]) -> None:
    run = run_that_went_through(*before, Crashed())
    assert answer_to(run).name == "StartedAgain"
    assert state_of(run) == "AwaitingRetry"
    with get_client(sync_client=True) as client:
        for state in (*before, Crashed()):
            client.set_flow_run_state(run, state, force=True)
    told = answer_to(run)
    assert (told.name, state_of(run)) == ("LeftAlone", "Crashed")
    assert "2 times" in str(told.message)


def test_run_that_somebody_has_started_meanwhile_is_left_alone() -> None:
    run = run_that_went_through(Pending(), Running(), Crashed(), Running(), Completed())
    assert answer_to(run).name == "LeftAlone"
    assert state_of(run) == "Completed"


@pytest.mark.parametrize("lives", [True, False])
def test_run_that_was_only_silent_is_listened_for_once_more(monkeypatch: pytest.MonkeyPatch, lives: bool) -> None:
    monkeypatch.setattr(module, "BEAT_S", 20.0 if lives else 1.0)
    monkeypatch.setattr(module, "LOOK_AFTER_S", 0.1)
    run = run_that_went_through(Pending(), Running(), Crashed(message=SILENT))
    if lives:
        assert emit_event(HEARTBEAT, resource={"prefect.resource.id": f"prefect.flow-run.{run}"})
    told = answer_to(run)
    assert (told.name, state_of(run)) == (("LeftAlone", "Running") if lives else ("StartedAgain", "AwaitingRetry"))
    if lives:
        # That alarm was false, and is not held against the run.
        with get_client(sync_client=True) as client:
            client.set_flow_run_state(run, Crashed(), force=True)
        assert answer_to(run).name == "StartedAgain"
