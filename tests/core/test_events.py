import re
from dataclasses import fields

import pytest

from core.events import EVENTS, DataArrived, DriftDetected, Event, ModelReleased

VALUES = {"version": 3, "window": "2013-01", "severity": "drift", "decision": "retrain", "verdict": "keep"}


def example(kind: type[Event], **changed: object) -> Event:
    given = {"model": "trips", "cause": "abc"} | VALUES | changed
    return kind(**{field.name: given[field.name] for field in fields(kind)})


@pytest.mark.parametrize("kind", EVENTS)
def test_same_event_has_the_same_id(kind):
    assert example(kind).id == example(kind).id


@pytest.mark.parametrize("kind", EVENTS)
def test_event_of_another_cause_has_another_id(kind):
    assert example(kind).id != example(kind, cause="def").id


@pytest.mark.parametrize("kind", EVENTS)
def test_event_of_another_model_has_another_id(kind):
    assert example(kind).id != example(kind, model="other").id


def test_events_of_two_kinds_have_two_ids():
    assert len({example(kind).id for kind in EVENTS}) == len(EVENTS)


def test_each_action_of_one_decision_has_an_id_of_its_own():
    assert example(DriftDetected, decision="alert").id != example(DriftDetected, decision="retrain").id


def test_id_is_the_same_in_every_process_and_version():
    assert str(DataArrived(model="trips", cause="abc", window="2013-01").id) == "d415221a-892a-5e90-a43e-18fbe58c9ba5"


@pytest.mark.parametrize("kind", EVENTS)
def test_labels_are_fields(kind):
    assert set(kind.labels) <= {field.name for field in fields(kind)}


@pytest.mark.parametrize("kind", EVENTS)
def test_every_event_carries_its_model_as_resource(kind):
    assert example(kind).resource["prefect.resource.id"] == "everfit.model.trips"


@pytest.mark.parametrize("kind", EVENTS)
def test_labels_are_text(kind):
    assert {type(value) for value in example(kind).resource.values()} == {str}


def test_decision_and_severity_can_be_matched_on():
    resource = example(DriftDetected).resource
    assert (resource["model"], resource["severity"], resource["decision"]) == ("trips", "drift", "retrain")


def test_version_stays_a_number_in_the_payload():
    assert example(ModelReleased).payload["version"] == 3


@pytest.mark.parametrize("kind", EVENTS)
def test_name_is_a_thing_and_what_happened_to_it(kind):
    assert re.fullmatch(r"[a-z]+\.[a-z_]+", kind.name)


def test_names_are_unique():
    assert len({kind.name for kind in EVENTS}) == len(EVENTS)


def test_every_kind_of_event_is_listed():
    assert {kind.__name__ for kind in EVENTS} == {kind.__name__ for kind in Event.__subclasses__()}


@pytest.mark.parametrize("kind", EVENTS)
def test_payload_names_no_path_source_or_code(kind):
    assert not {field.name for field in fields(kind)} & {"path", "uri", "url", "source", "code", "entrypoint"}
