"""What no engine has run here is held by its schema, and by what a person would look for in it."""

import re
import shlex
import shutil
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, requires
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from packaging.requirements import Requirement

from adapters.settings import PROJECT, Settings
from cli.main import everfit
from deployments.image_lock import image_lock
from serving.settings import ServingSettings

FOLDER = PROJECT / "deployments"
DOCKERFILE = (FOLDER / "Dockerfile").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load((FOLDER / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"].startswith("${EVERFIT_IMAGE")}
# Gives a volume away and ends.
ROOT = {"owner"}
ENDS = {"owner", "deploy"}
VALUE = re.compile(r'"?(,?\$\{[A-Z_0-9]+(:[-?][^}]*)?\})+"?')
SECRET = re.compile(r"PASSWORD|SECRET|TOKEN|AUTH_STRING|AUTH_KEY|ACCESS_KEY_ID|REDISCLI_AUTH")


def known_variables() -> set[str]:
    from prefect.settings import Settings as PrefectSettings
    from prefect.settings.legacy import _get_settings_fields

    ours = {f"EVERFIT_{name.upper()}" for name in Settings.model_fields}
    ours |= {f"EVERFIT_SERVING_{name.upper()}" for name in ServingSettings.model_fields}
    source = Path(str(find_spec("mlflow").submodule_search_locations[0]), "environment_variables.py").read_text()  # type: ignore[union-attr,index]
    mlflow = set(re.findall(r'"(MLFLOW_\w+)"', source)) | {"MLFLOW_BACKEND_STORE_URI", "MLFLOW_ARTIFACTS_DESTINATION"}
    return ours | set(_get_settings_fields(PrefectSettings)) | mlflow


KNOWN = known_variables()


def unknown(variables: Any) -> list[str]:
    """Of the variables of everfit, Prefect and MLflow, those that nothing reads."""
    named = [name for name in variables if name.startswith(("EVERFIT_", "PREFECT_", "MLFLOW_"))]
    # prefect-redis and prefect-kubernetes are installed in the image only.
    theirs = ("PREFECT_REDIS_MESSAGING_URL", "PREFECT_INTEGRATIONS_KUBERNETES_OBSERVER_NAMESPACES")
    return [name for name in named if name not in KNOWN and name not in theirs]


def is_command(words: list[str]) -> str | None:
    """What is wrong with a command line of our image, None where nothing is."""
    if words[0] == "everfit":
        command = everfit.commands.get(words[1])
        options = {option for each in command.params for option in each.opts} if command else set()
        wrong = [word for word in words[2:] if word.startswith("--") and word.partition("=")[0] not in options]
        return None if command and not wrong else f"{words[:2]} {wrong}"
    if words[:2] == ["python", "-m"]:
        return None if find_spec(words[2]) else f"no module {words[2]}"
    return None if words[0] in {"prefect", "mlflow", "dask"} else f"no program {words[0]}"


def instructions() -> list[tuple[str, str]]:
    joined = re.sub(r"\\\n", " ", re.sub(r"(?m)^#.*\n", "", DOCKERFILE))
    return [(line.split(" ", 1)[0], line.split(" ", 1)[1]) for line in joined.splitlines() if line.strip()]


def last_stage() -> list[tuple[str, str]]:
    found = instructions()
    return found[max(place for place, (word, _) in enumerate(found) if word == "FROM") :]


def test_image_is_made_in_two_stages_and_runs_as_nobody_special() -> None:
    assert [word for word, _ in instructions()].count("FROM") == 2
    users = [rest for word, rest in last_stage() if word == "USER"]
    assert users == ["10001:10001"]
    words = [word for word, _ in last_stage()]
    assert "RUN" not in words[words.index("USER") :]


def test_image_installs_what_the_lock_names_by_its_hashes_and_nothing_else() -> None:
    installs = [rest for word, rest in instructions() if word == "RUN" and "pip install" in rest]
    assert len(installs) == 2
    assert "--require-hashes --no-deps -r image.lock" in installs[0]
    assert "--no-deps --no-build-isolation --no-index --editable ." in installs[1]


def test_image_asks_itself_whether_it_is_well_and_starts_with_commands_that_are_there() -> None:
    for word in ("CMD", "HEALTHCHECK"):
        (rest,) = [rest for each, rest in last_stage() if each == word]
        assert is_command(yaml.safe_load(rest[rest.index("[") :])) is None
    assert unknown(re.findall(r"(\w+)=", next(rest for word, rest in last_stage() if word == "ENV"))) == []


def test_image_has_every_package_and_no_secret() -> None:
    copied = {rest.split()[0] for word, rest in last_stage() if word == "COPY" and not rest.startswith("--from")}
    packages = {path.parent.name for path in PROJECT.glob("*/__init__.py")} - {"benchmarks", "tests"}
    assert packages | {"models"} <= copied
    assert not SECRET.search(DOCKERFILE)
    let_in = {line[1:] for line in (PROJECT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    named = {name for word, rest in instructions() if word == "COPY" for name in rest.split()[:-1] if "--" not in name}
    assert named - {"/opt/everfit"} - {"deployments/image_lock.py"} <= let_in
    assert (PROJECT / ".dockerignore").read_text().splitlines()[1] == "*"


def test_lock_of_the_image_has_all_that_its_packages_ask_for_and_no_tool_of_developers() -> None:
    lock = image_lock((PROJECT / "pyproject.toml").read_text(), (PROJECT / "requirements.lock").read_text())
    lines = [Requirement(line.rstrip(" \\")) for line in lock.splitlines() if not line.startswith(" ")]
    # What pip installs of it here: an entry for another Python or system is not among it.
    kept = {each.name for each in lines if each.marker is None or each.marker.evaluate()}
    assert not kept & {"pytest", "mypy", "ruff", "bandit", "mkdocs", "hypothesis", "uv"}
    # For the pools, for Redis, for S3 and the users of MLflow, for PostgreSQL, and for what has an extra of its own.
    assert kept >= {
        "prefect-docker",
        "prefect-kubernetes",
        "prefect-redis",
        "boto3",
        "flask-wtf",
        "psycopg",
        "lightgbm",
    }
    assert "# via" not in lock
    missing = [(name, each) for name in sorted(kept) for each in wanted_by(name) if each not in kept]
    assert missing == []


def wanted_by(name: str) -> list[str]:
    try:
        asked = [Requirement(each) for each in requires(name) or ()]
    except PackageNotFoundError:
        return []
    here = [each for each in asked if each.marker is None or each.marker.evaluate({"extra": ""})]
    return [each.name.lower().replace("_", "-").replace(".", "-") for each in here]


@pytest.mark.skipif(find_spec("check_jsonschema") is None, reason="check-jsonschema is not installed")
def test_compose_file_keeps_the_schema_of_the_compose_specification() -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    done = subprocess.run([*command, str(FOLDER / "compose.yaml")], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def has_compose() -> bool:
    if shutil.which("docker") is None:
        return False
    return subprocess.run(["docker", "compose", "version"], check=False, capture_output=True).returncode == 0


@pytest.mark.skipif(not has_compose(), reason="docker has no compose plugin here")
def test_compose_itself_reads_the_file() -> None:
    given = dict.fromkeys(required(), "given")
    command = ["docker", "compose", "-f", str(FOLDER / "compose.yaml"), "config", "--quiet"]
    assert subprocess.run(command, env={**given, "PATH": "/usr/bin:/usr/local/bin"}, check=False).returncode == 0


def required() -> set[str]:
    return set(re.findall(r"\$\{(\w+):\?", (FOLDER / "compose.yaml").read_text()))


def test_every_required_secret_is_in_the_example_and_has_no_value_there() -> None:
    lines = (FOLDER / ".env.example").read_text().splitlines()
    given = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    assert required() <= given.keys()
    assert {name: given[name] for name in required() if given[name]} == {}


@pytest.mark.parametrize("name", SERVICES)
def test_service_publishes_to_this_machine_only(name: str) -> None:
    assert [port for port in SERVICES[name].get("ports", ()) if not re.fullmatch(r"127\.0\.0\.1:\d+:\d+", port)] == []
    assert "privileged" not in SERVICES[name]
    assert not [each for each in SERVICES[name].get("volumes", ()) if "docker.sock" in each]


@pytest.mark.parametrize("name", SERVICES)
def test_service_is_no_root(name: str) -> None:
    user = str(SERVICES[name].get("user", "root"))
    assert name in ROOT or user.partition(":")[0] not in {"0", "root"}


@pytest.mark.parametrize("name", sorted(SERVICES.keys() - ENDS))
def test_service_tells_whether_it_is_well(name: str) -> None:
    test = SERVICES[name]["healthcheck"]["test"]
    assert test[0] in {"CMD", "CMD-SHELL"}
    if name in OURS:
        assert test[:4] == ["CMD", "python", "-m", "deployments.health"]


@pytest.mark.parametrize("name", OURS)
def test_service_starts_with_a_command_of_the_image_and_variables_that_are_read(name: str) -> None:
    assert is_command(OURS[name]["command"]) is None
    assert unknown(OURS[name].get("environment", {})) == []
    assert OURS[name]["read_only"] is True
    assert any(str(volume).endswith("/var/lib/everfit") for volume in OURS[name]["volumes"])


@pytest.mark.parametrize("name", SERVICES)
def test_secret_stands_in_no_service_and_no_command(name: str) -> None:
    service = SERVICES[name]
    given = {key: value for key, value in service.get("environment", {}).items() if SECRET.search(key)}
    assert [key for key, value in given.items() if not VALUE.fullmatch(str(value))] == []
    urls = [
        str(value) for value in service.get("environment", {}).values() if "://" in str(value) and "@" in str(value)
    ]
    assert [url for url in urls if not re.search(r":\$\{\w+:\?\}@", url)] == []
    assert not re.search(r"(?<!\$)\$\{", shlex.join(map(str, service.get("command", ()))))


def test_every_service_waits_for_what_it_needs_until_that_is_well() -> None:
    for name, service in SERVICES.items():
        for other, how in service.get("depends_on", {}).items():
            ends = "service_completed_successfully" if other in ENDS else "service_healthy"
            assert how == {"condition": ends}, f"{name} waits for {other}"


def test_every_address_inside_is_a_service_on_the_port_that_it_listens_on() -> None:
    """What a container is told to ask answers there, by its command or by the port that its image is known for."""
    known = {"postgres": {"5432"}, "redis": {"6379"}, "s3": {"9000"}}
    for name, service in OURS.items():
        words = " ".join(map(str, [*service["command"], *service.get("environment", {}).values()]))
        for host, port in re.findall(r"(?:://|@)([a-z][a-z0-9-]*):(\d+)", words):
            assert host in SERVICES, f"{name} asks {host}"
            listens = known.get(host) or set(re.findall(r"\b\d{4,5}\b", " ".join(map(str, SERVICES[host]["command"]))))
            assert port in listens, f"{name} asks {host}:{port}"


def test_every_volume_and_configuration_is_declared_and_used() -> None:
    mounted = {str(each).split(":")[0] for service in SERVICES.values() for each in service.get("volumes", ())}
    assert {each for each in mounted if not each.startswith("/")} == COMPOSE["volumes"].keys()
    sources = {each["source"] for service in SERVICES.values() for each in service.get("configs", ())}
    assert sources == COMPOSE["configs"].keys()


def test_network_of_the_docker_pool_is_that_of_compose() -> None:
    pool = yaml.safe_load((PROJECT / "prefect.yaml").read_text())["definitions"]["pools"]["docker"]
    assert pool["work_pool"]["job_variables"]["networks"] == [COMPOSE["networks"]["everfit"]["name"]]


def test_click_knows_the_commands_that_are_compared() -> None:
    assert isinstance(everfit, click.Group)
    assert is_command(["everfit", "serve", "--prot", "1"])
    assert is_command(["everfit", "srve"])
    assert unknown(["EVERFIT_STROE", "PREFECT_API_ULR", "MLFLOW_TRACKING_USER"]) == [
        "EVERFIT_STROE", "PREFECT_API_ULR", "MLFLOW_TRACKING_USER",
    ]  # fmt: skip
