"""What no cluster has run here: read as kustomize gives it, and held by what must fit together in it."""

import shutil
import subprocess
from importlib.util import find_spec
from typing import Any

import pytest
import yaml
from starlette.routing import Route

from adapters.settings import PROJECT
from serving.settings import ServingSettings
from tests.deployments.test_containers import is_command, unknown

FOLDER = PROJECT / "deployments" / "kubernetes"
Manifest = dict[str, Any]


def plain() -> list[Manifest]:
    """The resources as they are written, with the labels and the namespace that kustomize gives them."""
    content = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())
    pairs = content["labels"][0]["pairs"]
    found = [each for name in content["resources"] for each in yaml.safe_load_all((FOLDER / name).read_text()) if each]
    for each in found:
        for part in (each, each.get("spec", {}).get("template")):
            if part is not None:
                part.setdefault("metadata", {}).setdefault("labels", {}).update(pairs)
    return found


MANIFESTS = plain()
PODS = {
    each["metadata"]["name"]: each["spec"]["template"]
    for each in MANIFESTS
    if each["kind"] in {"Deployment", "StatefulSet"}
}
POOL = yaml.safe_load((PROJECT / "prefect.yaml").read_text())["definitions"]["pools"]["kubernetes"]
RUN = POOL["pod"]


def of(kind: str) -> list[Manifest]:
    return [each for each in MANIFESTS if each["kind"] == kind]


def names(kind: str) -> set[str]:
    return {each["metadata"]["name"] for each in of(kind)}


def chosen(selector: dict[str, str]) -> list[Manifest]:
    pods = [*PODS.values(), RUN]
    return [pod for pod in pods if selector.items() <= pod["metadata"]["labels"].items()]


def container(pod: Manifest) -> Manifest:
    (only,) = pod["spec"].get("containers") or [POOL["container"]]
    return only


def ports(pod: Manifest) -> dict[str, int]:
    return {each["name"]: each["containerPort"] for each in container(pod).get("ports", ())}


def test_every_file_is_a_resource() -> None:
    listed = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())["resources"]
    assert sorted(listed) == sorted(path.name for path in FOLDER.glob("*.yaml") if path.name != "kustomization.yaml")


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")
def test_kustomize_gives_each_resource_once_in_the_namespace() -> None:
    done = subprocess.run(["kubectl", "kustomize", str(FOLDER)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    given = [each for each in yaml.safe_load_all(done.stdout) if each]
    key = [(each["kind"], each["metadata"]["name"]) for each in given]
    assert sorted(key) == sorted((each["kind"], each["metadata"]["name"]) for each in MANIFESTS)
    spaces = {each["metadata"].get("namespace") for each in given if each["kind"] != "Namespace"}
    assert spaces == {"everfit"}
    assert names("Namespace") == {"everfit"} == {POOL["work_pool"]["job_variables"]["namespace"]}
    pods = [each["spec"]["template"] for each in given if each["kind"] == "Deployment"]
    assert [pod["metadata"]["labels"].get("app.kubernetes.io/part-of") for pod in pods] == ["everfit"] * len(PODS)


@pytest.mark.skipif(find_spec("kubernetes_validate") is None, reason="kubernetes-validate is not installed")
def test_every_resource_keeps_the_schema_of_kubernetes() -> None:
    import kubernetes_validate

    newest = kubernetes_validate.latest_version()
    for each in MANIFESTS:
        kubernetes_validate.validate(each, newest, strict=True)


def test_every_selector_finds_pods() -> None:
    for each in [*of("Deployment"), *of("PodDisruptionBudget")]:
        assert chosen(each["spec"]["selector"]["matchLabels"]), each["metadata"]["name"]
    for each in of("Deployment"):
        own = each["spec"]["template"]["metadata"]["labels"]
        assert each["spec"]["selector"]["matchLabels"].items() <= own.items()
        assert len(chosen(each["spec"]["selector"]["matchLabels"])) == 1
    for each in of("NetworkPolicy"):
        peers = [peer for rule in each["spec"].get("ingress", ()) for peer in rule["from"] if "podSelector" in peer]
        for selector in (each["spec"]["podSelector"], *(peer["podSelector"] for peer in peers)):
            assert chosen(selector.get("matchLabels", {})), each["metadata"]["name"]


def test_every_port_that_is_named_is_one_of_the_pods_behind_it() -> None:
    for service in of("Service"):
        (pod,) = chosen(service["spec"]["selector"])
        assert {each["targetPort"] for each in service["spec"]["ports"]} <= ports(pod).keys()
    for policy in of("NetworkPolicy"):
        asked = {each["port"] for rule in policy["spec"].get("ingress", ()) for each in rule.get("ports", ())}
        for pod in chosen(policy["spec"]["podSelector"].get("matchLabels", {})) if asked else ():
            assert asked <= ports(pod).keys()


def test_every_address_in_the_settings_and_commands_is_a_service_on_its_port() -> None:
    known = {each["metadata"]["name"]: {port["port"] for port in each["spec"]["ports"]} for each in of("Service")}
    (settings,) = of("ConfigMap")
    told = [*settings["data"].values(), *(word for pod in PODS.values() for word in container(pod)["command"])]
    inside = [word.split("://")[1].split("/")[0] for word in map(str, told) if "://" in word and "s3:" not in word]
    for host, _, port in (each.partition(":") for each in inside):
        # A name with a dot is in another namespace, and the team's.
        if "." not in host:
            assert int(port) in known[host]


@pytest.mark.parametrize("name", PODS)
def test_every_reference_of_a_pod_is_there(name: str) -> None:
    pod = PODS[name]
    for source in container(pod).get("envFrom", ()):
        if "configMapRef" in source:
            assert source["configMapRef"]["name"] in names("ConfigMap")
        else:
            # The Secret itself is in no file: the example tells how it is made.
            assert f"secret generic {source['secretRef']['name']} " in (FOLDER / "secret.env.example").read_text()
    account = pod["spec"].get("serviceAccountName")
    assert account is None or account in names("ServiceAccount")
    mounted = {each["name"] for each in container(pod)["volumeMounts"]}
    assert mounted == {each["name"] for each in pod["spec"]["volumes"]}


def test_runs_find_their_account_and_their_settings() -> None:
    assert POOL["work_pool"]["job_variables"]["service_account_name"] in names("ServiceAccount")
    assert {each["configMapRef"]["name"] for each in POOL["container"]["envFrom"] if "configMapRef" in each} <= names(
        "ConfigMap"
    )


@pytest.mark.parametrize("name", [*PODS, "run"])
def test_pod_has_no_root_and_no_more_rights_than_it_needs(name: str) -> None:
    pod = PODS.get(name, RUN)
    assert pod["spec"]["securityContext"]["runAsNonRoot"] is True
    assert pod["spec"]["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    context = container(pod)["securityContext"]
    assert context == {
        "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]},
    }  # fmt: skip
    assert pod["spec"]["automountServiceAccountToken"] is (name == "worker")
    assert pod["spec"]["enableServiceLinks"] is False


@pytest.mark.parametrize("name", PODS)
def test_container_says_what_it_needs_and_how_it_is_asked_whether_it_is_well(name: str) -> None:
    only = container(PODS[name])
    assert only["image"] == "everfit"
    assert {"cpu", "memory"} <= only["resources"]["requests"].keys()
    assert "memory" in only["resources"]["limits"]
    assert is_command(only["command"]) is None
    assert unknown([each["name"] for each in only.get("env", ())]) == []
    for probe in ("startupProbe", "livenessProbe"):
        assert only[probe]["httpGet"]["port"] in ports(PODS[name])


def test_probes_of_the_endpoint_ask_paths_that_it_has_without_a_token() -> None:
    from serving.app import create
    from serving.door import OPEN_PATHS

    only = container(PODS["serving"])
    asked = {only[probe]["httpGet"]["path"] for probe in ("startupProbe", "livenessProbe", "readinessProbe")}
    assert asked <= OPEN_PATHS
    assert only["readinessProbe"]["httpGet"]["path"] == "/ready"
    routes = {route.path for route in create().app.routes if isinstance(route, Route)}
    assert asked <= routes


def test_autoscaler_scales_a_deployment_that_leaves_its_number_to_it() -> None:
    (scaler,) = of("HorizontalPodAutoscaler")
    target = scaler["spec"]["scaleTargetRef"]
    (deployment,) = [each for each in of(target["kind"]) if each["metadata"]["name"] == target["name"]]
    assert "replicas" not in deployment["spec"]
    # A share of the processor is counted against what is asked for.
    assert "cpu" in container(deployment["spec"]["template"])["resources"]["requests"]
    assert 1 < scaler["spec"]["minReplicas"] < scaler["spec"]["maxReplicas"]


def test_no_pod_is_reached_but_by_those_who_are_named() -> None:
    everybody = [each for each in of("NetworkPolicy") if each["spec"]["podSelector"] == {}]
    assert [each["spec"].get("ingress", []) for each in everybody] == [[]]
    rules = [rule for each in of("NetworkPolicy") for rule in each["spec"].get("ingress", ())]
    assert all(rule["from"] for rule in rules)


def test_settings_are_read_and_hold_no_secret() -> None:
    (settings,) = of("ConfigMap")
    example = [line.split("=") for line in (FOLDER / "secret.env.example").read_text().splitlines() if line[0] != "#"]
    assert unknown([*settings["data"], *(name for name, _ in example)]) == []
    assert {value for _, value in example} == {""}
    assert not settings["data"].keys() & {name for name, _ in example}
    assert not of("Secret")


def test_endpoint_has_longer_to_stop_than_it_takes() -> None:
    grace = PODS["serving"]["spec"]["terminationGracePeriodSeconds"]
    assert grace > ServingSettings().stop_within_s + 5
