"""What was announced and no run has taken up; what has been overtaken is not asked for again."""

from typing import Any

import pytest

from adapters import journal
from core.events import ModelRegistered
from tasks.checks import news_of_check
from tasks.unanswered import unanswered
from tests.conftest import Project

RETRAIN = news_of_check("toy", "a window", 1, "decay", "retrain")
REGISTERED = ModelRegistered(model="toy", cause=str(RETRAIN.id), version=2)


def checked(**told: Any) -> None:
    entry = {"decision": "retrain", "severity": "decay", "champion": 1, "window": {"digest": "a window"}}
    journal.append("toy", "check", entry | {"event_id": str(RETRAIN.id), "flow_run_id": "run"} | told)


def trained(**told: Any) -> None:
    entry = {"rows": 1, "version": 2, "cause": str(RETRAIN.id), "model_digest": "m", "event_id": str(REGISTERED.id)}
    journal.append("toy", "training", entry | {"flow_run_id": "run"} | told)


@pytest.fixture(autouse=True)
def champion(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks.unanswered.registry.champion_number", lambda model: 1)


def events() -> list[Any]:
    return [event for event, _ in unanswered("toy")]


def test_nothing_is_asked_of_a_model_without_a_story() -> None:
    assert events() == []


def test_retraining_that_nobody_has_begun_is_asked_for_again_as_the_same_event() -> None:
    checked()
    assert list(unanswered("toy")) == [(RETRAIN, "run")]
    journal.claim("toy", f"train-{RETRAIN.id}", "a run")
    assert events() == []


@pytest.mark.parametrize("told", [{"decision": "alert"}, {"flow_run_id": None}, {"event_id": "of an older everfit"}])
def test_check_that_asked_for_nothing_that_is_known_is_left(told: dict[str, Any]) -> None:
    checked(**told)
    assert events() == []


def test_retraining_that_another_training_has_overtaken_is_not_asked_for() -> None:
    checked()
    trained(version=None, event_id="refused")
    assert events() == []


def test_newer_check_that_found_nothing_takes_the_word_back() -> None:
    checked()
    checked(decision="nothing", event_id=None)
    assert events() == []


def test_version_that_nobody_has_released_is_asked_for_until_it_is_taken_up() -> None:
    trained()
    assert events() == [REGISTERED]
    journal.claim("toy", f"release-{REGISTERED.id}", "a run")
    assert events() == []


@pytest.mark.parametrize("number", [2, 3])
def test_version_that_is_champion_or_older_is_left(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    trained()
    monkeypatch.setattr("tasks.unanswered.registry.champion_number", lambda model: number)
    assert events() == []
