"""The same deployments on processes, Docker and Kubernetes: read back from a real server, and run from git."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import jsonschema
import pytest
import yaml

from adapters.settings import PROJECT, Settings
from core.errors import EverfitError, ServiceUnavailable
from deployments.deploy import deploy, variables
from deployments.pools import deployment_file, job_template, read_project
from deployments.ports import free_port
from deployments.silence import NAME, PATIENCE
from flows.second_try import BEAT_S, HEARTBEAT, SILENT
from tests.conftest import Project
from tests.servers import until

PACKAGES = ("core", "adapters", "tasks", "flows", "deployments", "models")
POOLS = ("process", "docker", "kubernetes")
CONTENT = read_project()
DECLARED = [each["name"] for each in CONTENT["deployments"]]
SECRET = "s3cr3t-of-the-store"
PROBE = """
from prefect import flow
from prefect.states import Completed
import core
from adapters.settings import PROJECT
@flow(name="probe")
def probe(cause: str = ""):
    return Completed(message=f"{core.__file__} {PROJECT}")
"""
TOLD = {
    "EVERFIT_STORE": "s3://fit/store",
    "EVERFIT_MLFLOW": "http://mlflow:5000",
    "EVERFIT_IMAGE": "registry.example/everfit",
    "EVERFIT_IMAGE_TAG": "1.4",
}


@pytest.mark.parametrize("pool", POOLS)
def test_every_pool_has_the_same_deployments_with_the_same_triggers(pool: str) -> None:
    found = deployment_file(pool, TOLD, build=False)["deployments"]
    assert [each | {"work_pool": None} for each in found] == [
        each | {"work_pool": None} for each in CONTENT["deployments"]
    ]
    assert {each["work_pool"]["name"] for each in found} == {CONTENT["definitions"]["pools"][pool]["work_pool"]["name"]}


def test_plain_prefect_deploy_takes_the_pool_of_processes() -> None:
    assert {each["work_pool"]["name"] for each in CONTENT["deployments"]} == {"everfit"}
    assert CONTENT["definitions"]["pools"]["process"]["work_pool"]["name"] == "everfit"


def test_run_is_told_the_settings_that_are_set_and_no_other() -> None:
    (train, *_) = deployment_file("docker", TOLD, build=False)["deployments"]
    told = train["work_pool"]["job_variables"]
    settings = {name: TOLD[name] for name in ("EVERFIT_STORE", "EVERFIT_MLFLOW")}
    assert told["env"] == settings | {"PREFECT_FLOWS_HEARTBEAT_FREQUENCY": str(BEAT_S)}
    assert told["image"] == "registry.example/everfit:1.4"


@pytest.mark.parametrize("pool", POOLS)
def test_run_on_any_pool_is_told_to_be_heard_of_in_time(pool: str) -> None:
    for each in deployment_file(pool, TOLD, build=False)["deployments"]:
        told = each["work_pool"]["job_variables"]["env"]
        assert float(told["PREFECT_FLOWS_HEARTBEAT_FREQUENCY"]) == BEAT_S < PATIENCE.total_seconds()


def test_image_is_built_and_pushed_only_when_asked() -> None:
    built, plain = (deployment_file("kubernetes", TOLD, build) for build in (True, False))
    assert not {"build", "push"} & plain.keys()
    ((step, asked),) = built["build"][0].items()
    assert step == "prefect_docker.deployments.steps.build_docker_image"
    assert (asked["image_name"], asked["tag"]) == ("registry.example/everfit", "1.4")
    assert (PROJECT / asked["dockerfile"]).exists()


@pytest.mark.parametrize("pool", POOLS)
def test_repository_is_cloned_where_one_is_set(pool: str) -> None:
    given = TOLD | {"EVERFIT_REPOSITORY": "https://git.example/fit.git"}
    assert deployment_file(pool, given, build=False)["pull"] == [
        {"prefect.deployments.steps.git_clone": {"id": "clone", "repository": "https://git.example/fit.git"}}
    ]


def test_store_that_is_a_folder_is_not_told_to_other_machines(tmp_path: Path) -> None:
    assert "EVERFIT_STORE" not in variables(Settings(store=str(tmp_path)))
    assert variables(Settings(store="s3://fit/x"))["EVERFIT_STORE"] == "s3://fit/x"


def test_every_variable_of_the_file_is_a_setting() -> None:
    named = set(re.findall(r"EVERFIT_(\w+)", (PROJECT / "prefect.yaml").read_text()))
    assert {name.lower() for name in named} <= Settings.model_fields.keys()


def refusal(pool: str, api: str | None, where: Settings) -> EverfitError:
    from prefect.settings import PREFECT_API_URL, temporary_settings

    changes = {"updates": {PREFECT_API_URL: api}} if api else {"restore_defaults": {PREFECT_API_URL}}
    with temporary_settings(**changes), pytest.raises(EverfitError) as told:
        deploy(where, pool, build=False)
    return told.value


def test_what_cannot_work_is_refused_before_anything_is_made(project: Project) -> None:
    assert "PREFECT_API_URL is not set" in refusal("process", None, Settings()).why
    assert "a container's folders go with it" in refusal("docker", "http://127.0.0.1:1/api", Settings()).why
    hidden = Settings(store="s3://x/y", mlflow="http://m:1", repository="https://me:hunter2@git.example/fit.git")
    assert "holds a password in the clear" in refusal("kubernetes", "http://127.0.0.1:1/api", hidden).what


def test_server_that_does_not_answer_is_told_without_a_traceback(project: Project) -> None:
    told = refusal("process", f"http://127.0.0.1:{free_port()}/api", Settings())
    assert isinstance(told, ServiceUnavailable)
    assert "does not answer" in told.what


def everfit(home: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    surroundings = {**os.environ, "EVERFIT_HOME": str(home), "PYTHONPATH": str(PROJECT), **more}
    command = [sys.executable, "-m", "cli.main", *words]
    return subprocess.run(command, cwd=PROJECT, env=surroundings, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def api(home: Path) -> Iterator[str]:
    """A Prefect server that does not ask the outside world for what it has itself."""
    port = free_port()
    surroundings = {
        **os.environ,
        "PREFECT_HOME": str(home / "server"),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "HTTPS_PROXY": "http://127.0.0.1:9",
    }
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    with (home / "server.log").open("wb") as log:
        server = subprocess.Popen(command, env=surroundings, stdout=log, stderr=subprocess.STDOUT)
    address = f"http://127.0.0.1:{port}/api"
    try:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and server.poll() is None:
            try:
                httpx.get(f"{address}/health").raise_for_status()
                break
            except httpx.HTTPError:
                time.sleep(0.2)
        yield address
    finally:
        server.terminate()
        server.wait(30)


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with the code, whose probe tells where its packages come from."""
    folder = tmp_path_factory.mktemp("team")
    for package in PACKAGES:
        shutil.copytree(PROJECT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(PROJECT / "prefect.yaml", folder)
    (folder / "flows" / "probe.py").write_text(PROBE)
    git = ["git", "-c", "user.name=everfit", "-c", "user.email=everfit@example.org"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "The code"]):
        subprocess.run([*git, *words], cwd=folder, check=True)
    return folder


@pytest.fixture(scope="module")
def deployed(home: Path, api: str, team: Path) -> Callable[[str], tuple[dict[str, Any], list[dict[str, Any]]]]:
    """A pool and its deployments as the server tells of them, deployed once."""

    @cache
    def deploy(pool: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        more = {"EVERFIT_REPOSITORY": f"file://{team}"} if pool == "process" else {"AWS_SECRET_ACCESS_KEY": SECRET}
        done = everfit(home, "deploy", "--pool", pool, PREFECT_API_URL=api, **TOLD, **more)
        assert done.returncode == 0, done.stderr
        name = CONTENT["definitions"]["pools"][pool]["work_pool"]["name"]
        found = httpx.post(f"{api}/deployments/filter", json={}).raise_for_status().json()
        return httpx.get(f"{api}/work_pools/{name}").json(), [e for e in found if e["work_pool_name"] == name]

    return deploy


@pytest.mark.stack
@pytest.mark.parametrize("pool", ["docker", "kubernetes", "process"])
def test_server_has_every_deployment_on_the_pool_with_job_variables_that_its_template_knows(
    deployed: Any, api: str, pool: str
) -> None:
    made, found = deployed(pool)
    assert made["type"] == pool
    assert sorted(each["name"] for each in found) == sorted(DECLARED)
    known = made["base_job_template"]["variables"]
    for each in found:
        jsonschema.Draft202012Validator(known).validate(each["job_variables"])
        # What the template does not know, Prefect drops in silence.
        assert each["job_variables"].keys() <= known["properties"].keys()
    automations = httpx.post(f"{api}/automations/filter", json={}).json()
    wanted = {trigger["name"] for each in CONTENT["deployments"] for trigger in each.get("triggers", ())}
    assert wanted | {NAME} <= {each["name"] for each in automations if each["enabled"]}
    assert len(automations) == len({each["name"] for each in automations})


@pytest.mark.stack
def test_secret_of_a_container_is_a_block_and_stands_in_no_template(deployed: Any, api: str) -> None:
    made, found = deployed("docker")
    assert SECRET not in str((made, found))
    given = made["base_job_template"]["variables"]["properties"]["env"]["default"]
    assert given == {"AWS_SECRET_ACCESS_KEY": "{{ prefect.blocks.secret.everfit-aws-secret-access-key }}"}
    kept = httpx.get(f"{api}/block_types/slug/secret/block_documents/name/everfit-aws-secret-access-key")
    assert kept.raise_for_status().json()["data"]["value"] == "********"


@pytest.mark.stack
def test_run_takes_all_of_its_code_from_git(deployed: Any, api: str, tmp_path: Path) -> None:
    deployed("process")
    (tmp_path / "worker").mkdir()
    probe = httpx.get(f"{api}/deployments/name/probe/probe").json()
    run = httpx.post(f"{api}/deployments/{probe['id']}/create_flow_run", json={}).raise_for_status().json()
    surroundings = {**os.environ, "PREFECT_API_URL": api, "PREFECT_HOME": str(tmp_path), "EVERFIT_HOME": str(tmp_path)}
    surroundings.pop("PYTHONPATH", None)
    worker = [sys.executable, "-m", "prefect", "worker", "start", "--pool", "everfit", "--run-once"]
    subprocess.run(worker, cwd=tmp_path / "worker", env=surroundings, capture_output=True, timeout=240, check=True)
    state = httpx.get(f"{api}/flow_runs/{run['id']}").json()["state"]
    assert state["type"] == "COMPLETED", state
    core, project = state["message"].split()
    assert str(PROJECT) not in core
    assert Path(core).parent.parent == Path(project)


def test_template_of_a_job_gives_root_to_nobody() -> None:
    spec = {"containers": [{"name": "prefect-job", "image": "{{ image }}"}], "restartPolicy": "Never"}
    default = {"job_configuration": {"job_manifest": {"spec": {"template": {"spec": spec}}}}}
    pod = job_template("kubernetes", default, {})["job_configuration"]["job_manifest"]["spec"]["template"]
    assert pod["spec"]["securityContext"]["runAsNonRoot"] is True
    assert pod["spec"]["restartPolicy"] == "Never"
    (container,) = pod["spec"]["containers"]
    assert container["image"] == "{{ image }}"
    assert container["securityContext"]["allowPrivilegeEscalation"] is False
    mounted = {each["name"] for each in container["volumeMounts"]}
    assert mounted == {each["name"] for each in pod["spec"]["volumes"]}


def test_file_is_plain_yaml_without_anchors(tmp_path: Path) -> None:
    assert "&" not in yaml.safe_dump(deployment_file("docker", TOLD, build=True), width=1000)


@pytest.mark.stack
def test_run_of_which_nothing_is_heard_any_more_is_marked_and_one_that_ended_is_not(deployed: Any, api: str) -> None:
    _, found = deployed("docker")
    train = next(each["id"] for each in found if each["name"] == "train")

    def begun() -> str:
        run = httpx.post(f"{api}/deployments/{train}/create_flow_run", json={"parameters": {"model": "toy"}}).json()
        httpx.post(f"{api}/flow_runs/{run['id']}/set_state", json={"state": {"type": "RUNNING"}, "force": True})
        beat = {
            "id": str(uuid4()),
            "occurred": datetime.now(UTC).isoformat(),
            "event": HEARTBEAT,
            "resource": {"prefect.resource.id": f"prefect.flow-run.{run['id']}"},
            "related": [{"prefect.resource.id": f"prefect.deployment.{train}", "prefect.resource.role": "deployment"}],
        }
        httpx.post(f"{api}/events", json=[beat]).raise_for_status()
        return str(run["id"])

    def state(run: str) -> dict[str, Any]:
        return dict(httpx.get(f"{api}/flow_runs/{run}").raise_for_status().json()["state"])

    lost, ended = begun(), begun()
    httpx.post(f"{api}/flow_runs/{ended}/set_state", json={"state": {"type": "COMPLETED", "name": "Registered"}})
    until(lambda: state(lost)["type"] != "RUNNING")
    assert (state(lost)["type"], state(lost)["message"]) == ("CRASHED", SILENT)
    assert state(ended)["name"] == "Registered"
