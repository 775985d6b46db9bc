"""The contract of prefect.yaml: Prefect ignores in silence what it does not know, so the tests do not."""

import importlib
import inspect
import re
from typing import Any

import pytest
import yaml
from prefect.cli.deploy._models import DeploymentConfig, PrefectYamlModel
from prefect.events.schemas.deployment_triggers import DeploymentEventTrigger

from adapters.settings import PROJECT
from core.events import EVENTS

CONTENT: dict[str, Any] = yaml.safe_load((PROJECT / "prefect.yaml").read_text())
DEPLOYMENTS: list[dict[str, Any]] = CONTENT["deployments"]
TRIGGERS = [(deployment, trigger) for deployment in DEPLOYMENTS for trigger in deployment.get("triggers", [])]
BY_NAME = {event.name: event for event in EVENTS}
CRASHED = "prefect.flow-run.Crashed"  # sent by Prefect
OURS = [(deployment, trigger) for deployment, trigger in TRIGGERS if trigger["expect"] != [CRASHED]]


def flow_of(deployment: dict[str, Any]) -> Any:
    path, function = deployment["entrypoint"].split(":")
    return getattr(importlib.import_module(path.removesuffix(".py").replace("/", ".")), function)


@pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=lambda d: d["name"])
def test_deployment_has_only_keys_that_prefect_reads(deployment: dict[str, Any]) -> None:
    assert deployment.keys() <= set(DeploymentConfig.model_fields)


@pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=lambda d: d["name"])
def test_flow_and_deployment_have_one_name(deployment: dict[str, Any]) -> None:
    assert flow_of(deployment).name == deployment["name"]


@pytest.mark.parametrize(("deployment", "trigger"), TRIGGERS, ids=lambda x: x["name"])
def test_trigger_has_only_keys_that_prefect_reads(deployment: dict[str, Any], trigger: dict[str, Any]) -> None:
    assert trigger.keys() <= set(DeploymentEventTrigger.model_fields)


@pytest.mark.parametrize(("deployment", "trigger"), OURS, ids=lambda x: x["name"])
def test_trigger_waits_for_events_that_are_declared(deployment: dict[str, Any], trigger: dict[str, Any]) -> None:
    assert set(trigger["expect"]) <= BY_NAME.keys()


@pytest.mark.parametrize(("deployment", "trigger"), OURS, ids=lambda x: x["name"])
def test_trigger_matches_only_labels_that_the_event_carries(
    deployment: dict[str, Any], trigger: dict[str, Any]
) -> None:
    for name in trigger["expect"]:
        assert trigger["match"].keys() <= {"prefect.resource.id", *BY_NAME[name].labels}


@pytest.mark.parametrize(("deployment", "trigger"), TRIGGERS, ids=lambda x: x["name"])
def test_trigger_passes_only_parameters_that_the_flow_takes(
    deployment: dict[str, Any], trigger: dict[str, Any]
) -> None:
    assert trigger["parameters"].keys() <= inspect.signature(flow_of(deployment).fn).parameters.keys()


@pytest.mark.parametrize(("deployment", "trigger"), OURS, ids=lambda x: x["name"])
def test_parameters_come_from_payload_fields_that_the_event_declares(
    deployment: dict[str, Any], trigger: dict[str, Any]
) -> None:
    used = re.findall(r"event\.payload\.(\w+)", " ".join(trigger["parameters"].values()))
    for name in trigger["expect"]:
        assert set(used) <= set(BY_NAME[name].__dataclass_fields__)


@pytest.mark.parametrize(("deployment", "trigger"), OURS, ids=lambda x: x["name"])
def test_events_choose_no_code_and_no_source(deployment: dict[str, Any], trigger: dict[str, Any]) -> None:
    assert trigger["parameters"].keys() <= {"model", "version", "cause"}


def test_crash_gives_the_run_and_nothing_else() -> None:
    [(deployment, trigger)] = [each for each in TRIGGERS if each not in OURS]
    assert trigger["parameters"].keys() == {"run"}
    assert deployment["name"] not in trigger["match_related"]["prefect.resource.name"]
    assert set(trigger["match_related"]["prefect.resource.name"]) <= {each["name"] for each in DEPLOYMENTS}


def test_every_event_that_starts_a_flow_has_a_listener() -> None:
    assert {name for _, trigger in TRIGGERS for name in trigger["expect"]} == {
        "data.arrived", "drift.detected", "model.registered", "doctor.probe", CRASHED,
    }  # fmt: skip


def test_prefect_reads_the_file_as_it_is_written() -> None:
    assert len(PrefectYamlModel.model_validate(CONTENT).deployments) == len(DEPLOYMENTS)
