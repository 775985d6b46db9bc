"""A stack whose servers ask who is there: strangers are turned away, and everything of ours still works."""

import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import httpx
import pytest

from adapters.settings import PROJECT, Settings, tool_credentials
from deployments.ports import Ports, free_port
from deployments.stack import Stack, start_stack

pytestmark = pytest.mark.stack

NAME, WORD = "fit", "the-word-of-the-api"
ADMIN_WORD = "the-word-of-the-registry"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The deployments, of which only the probe has a flow here."""
    import yaml

    folder = tmp_path_factory.mktemp("locked")
    (folder / "flows").mkdir()
    (folder / "flows" / "probe.py").write_bytes((PROJECT / "flows" / "probe.py").read_bytes())
    content = yaml.safe_load((PROJECT / "prefect.yaml").read_text())
    content["deployments"] = [each for each in content["deployments"] if each["name"] == "probe"]
    (folder / "prefect.yaml").write_text(yaml.safe_dump(content))
    return folder


@pytest.fixture(scope="module")
def where(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(home=tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def stack(where: Settings, root: Path) -> Iterator[Stack]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PREFECT_SERVER_API_AUTH_STRING", f"{NAME}:{WORD}")
        registry = None
        if find_spec("flask_wtf") is not None:
            patch.setenv("MLFLOW_AUTH_ADMIN_USERNAME", NAME)
            patch.setenv("MLFLOW_AUTH_ADMIN_PASSWORD", ADMIN_WORD)
            registry = free_port()
        started = start_stack(where, Ports(free_port(), registry, None), root=root)
    yield started
    started.stop()


def everfit(where: Settings, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    surroundings = {**os.environ, "EVERFIT_HOME": str(where.home), "PYTHONPATH": str(PROJECT), **more}
    command = [sys.executable, "-m", "cli.main", *words]
    return subprocess.run(command, cwd=PROJECT, env=surroundings, capture_output=True, text=True, check=False)


def test_server_turns_strangers_away_and_lets_us_in(stack: Stack) -> None:
    asked = f"{stack.prefect_api}/deployments/filter"
    assert httpx.post(asked, json={}).status_code == 401
    assert httpx.post(asked, json={}, auth=(NAME, "a guess")).status_code == 401
    known = httpx.post(asked, json={}, auth=(NAME, WORD)).raise_for_status().json()
    assert [each["name"] for each in known] == ["probe"]


def test_event_of_the_doctor_reaches_a_run_and_no_word_is_told(stack: Stack, where: Settings) -> None:
    import json

    done = everfit(where, "doctor", "--json", PREFECT_SERVER_API_AUTH_STRING=f"{NAME}:{WORD}")
    told = {each["check"]: each for each in json.loads(done.stdout)}
    for check in ("server", "worker", "event"):
        assert told[check]["passed"], told[check]
    assert WORD not in done.stdout + done.stderr


def test_doctor_who_does_not_know_the_word_is_told_what_to_set(stack: Stack, where: Settings) -> None:
    import json

    done = everfit(where, "doctor", "--json", "--no-event")
    told = {each["check"]: each for each in json.loads(done.stdout)}
    assert not told["server"]["passed"]
    assert "PREFECT_API_AUTH_STRING" in told["server"]["fix"]
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(find_spec("flask_wtf") is None, reason="mlflow[auth] is not installed")
def test_registry_turns_strangers_away_and_lets_us_in(stack: Stack, where: Settings) -> None:
    asked = f"{stack.mlflow_url}/api/2.0/mlflow/experiments/search?max_results=5"
    assert httpx.get(asked).status_code == 401
    assert httpx.get(asked, auth=(NAME, "a guess")).status_code == 401
    assert httpx.get(asked, auth=(NAME, ADMIN_WORD)).status_code == 200
    assert (where.home / "mlflow-users.db").exists()


def test_no_log_and_no_file_of_the_stack_holds_a_word(stack: Stack, where: Settings) -> None:
    files = [path for part in ("logs", "stack") for path in (where.home / part).rglob("*") if path.is_file()]
    assert files
    told = {path.name: path.read_bytes() for path in files}
    assert [name for name, text in told.items() if WORD.encode() in text or ADMIN_WORD.encode() in text] == []


def test_word_of_a_client_wins_over_that_of_the_server() -> None:
    given = {"PREFECT_SERVER_API_AUTH_STRING": "a:b"}
    assert tool_credentials(given) == {"PREFECT_API_AUTH_STRING": "a:b"}
    assert tool_credentials({}) == {}
