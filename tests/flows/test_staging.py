"""Staging and production: two aliases, each with its own policy and its own history."""

from typing import Any

import pytest

from adapters import journal, registry
from core.traffic import STAGING
from tests.conftest import TOY, Project, toy_table
from tests.serving.test_watcher import add_version


def write_policy(project: Project, production: str, staging: str) -> None:
    policy = f"release: {{approval: {production}, staging: {{approval: {staging}}}, watch: {{requests: 0}}, "
    project.write_spec(TOY.replace("release: {", policy))


@pytest.fixture(scope="module")
def registered(shared_project: Project) -> Project:
    shared_project.land(toy_table(1000))
    assert [add_version(f"s{number}") for number in (1, 2, 3)] == [1, 2, 3]
    return shared_project


def released(number: int, by: str | None = None) -> Any:
    from flows.release import release

    return release("toy", number, approved_by=by, return_state=True)


def where() -> tuple[int | None, int | None]:
    return registry.champion_number("toy", STAGING), registry.champion_number("toy")


def test_version_goes_through_staging_to_champion_where_both_policies_ask_nobody(
    registered: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr("tasks.announce.emit_event", lambda **event: told.append(event["event"]))
    write_policy(registered, "never", "never")
    assert released(1).name == "Released"
    assert where() == (1, 1)
    assert told == ["model.staged", "model.released"]


def test_version_stays_in_staging_until_a_person_agrees_to_production(registered: Project) -> None:
    write_policy(registered, "always", "never")
    state = released(2)
    assert (state.name, "as champion" in state.message) == ("AwaitingApproval", True)
    assert where() == (2, 1)
    assert journal.entries("toy", "staging")[0]["to_version"] == 2
    assert released(2, by="ada").name == "Released"
    assert where() == (2, 2)


def test_who_agrees_to_staging_has_not_agreed_to_production(registered: Project) -> None:
    write_policy(registered, "always", "always")
    state = released(3)
    assert (state.name, "as staging" in state.message) == ("AwaitingApproval", True)
    assert where() == (2, 2)
    assert "as champion" in released(3, by="ada").message
    assert where() == (3, 2)
    assert released(3, by="bob").name == "Released"
    assert where() == (3, 3)


def test_each_alias_has_a_history_of_its_own(registered: Project) -> None:
    from tasks.lineage import history_of, version_of

    staging, champion = history_of("toy", STAGING), history_of("toy")
    assert [move["to_version"] for move in staging] == [move["to_version"] for move in champion] == [1, 2, 3]
    assert [move["by"] for move in staging] == [None, None, "ada"]
    assert [move["by"] for move in champion] == [None, "ada", "bob"]
    assert version_of("toy@staging").number == 3
