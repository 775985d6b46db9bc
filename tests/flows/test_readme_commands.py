"""The commands of the README, run as they are written, on a table that has the columns of its request."""

import json
import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest

from adapters.settings import PROJECT
from cli.answers import run
from cli.main import everfit
from deployments.ports import free_port
from tests.conftest import Project
from tests.told_commands import README_RUN, shell_lines, trips

# Two trainings and four moves of the champion, and the start of a server before them.
pytestmark = pytest.mark.timeout(900)

FILLED = {
    "SOURCE": "trips.csv", "table.csv": "trips.csv", "COL": "late", "NAME": "trips", "NAME:3": "trips:1", "3": "1",
    "FILE": "trips-v1.zip",
}  # fmt: skip
# One that is told only in general has its name from elsewhere, or would be written twice.
MORE = {"everfit init SOURCE --target COL": ["--name", "again"], "everfit evidence NAME:3": ["-o", "trips-v1.zip"]}
# Of rows so few the better model may stay undecided; either way it waits for a person.
ENDS = {"everfit train NAME": {0, 3}, "everfit release NAME": {3}}
CURL = re.compile(r"^curl .*?(?=^#|^```)", re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def started(shared_project: Project, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A folder with the table, in which somebody follows the README."""
    (shared_project.models / "toy.yaml").unlink()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("trips"))
        table = trips().rename(columns={"miles": "distance", "vehicle": "carrier"}).replace("van", "UA")
        # What no line through the distances can tell.
        table.assign(late=table["late"] ^ table["distance"].between(8, 16)).to_csv("trips.csv", index=False)
        yield shared_project


def words_of(told: str) -> list[str]:
    words = [FILLED.get(word, word) for word in shlex.split(told)[1:]]
    return words + MORE.get(told, [])


def answer(told: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, Any]:
    capsys.readouterr()
    code = run(everfit, [*words_of(told), "--json"])
    return code, json.loads(capsys.readouterr().out)


def edit(project: Project, old: str, new: str) -> None:
    path = project.models / "trips.yaml"
    changed, n = re.subn(old, new, path.read_text())
    assert n == 1, old
    path.write_text(changed)


def test_every_command_of_the_readme_that_needs_no_server_is_done(
    started: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = {}
    for told in README_RUN:
        if told == "everfit train NAME":
            # A better version, which waits for a person.
            edit(started, r"approval: never", "approval: always")
            edit(started, r"logistic_regression", "hist_gradient_boosting")
        code, answers[told] = answer(told, capsys)
        assert code in ENDS.get(told, {0}), (told, answers[told])
        if told == "everfit init trips.csv --target late":
            # A small search is enough here, and a small machine under load answers slower than the default allows.
            edit(started, r"families: .*", "families: [logistic_regression]")
            edit(started, r"trials: \d+", "trials: 2")
            edit(started, r"max_latency_ms: [\d.]+", "max_latency_ms: 5000")
    assert answers["everfit train NAME"]["verdict"] in ("promote", "undecided")
    assert answers["everfit release NAME"]["verdict"] == "awaitingapproval"
    assert answers["everfit approve NAME"]["to_version"] == 2
    assert answers["everfit rollback NAME --to 3"]["to_version"] == 1
    assert answers["everfit lineage NAME"]["broken"] == []
    assert answers["everfit verify FILE"]["whole"]
    assert Path("out.csv").exists()


@pytest.fixture(scope="module")
def port(started: Project) -> Iterator[int]:
    """The README's `everfit serve trips`, on a port that nobody else has."""
    (told,) = [line for line in shell_lines("README.md") if line.startswith("everfit serve")]
    port, command = free_port(), [sys.executable, "-m", "cli.main", *shlex.split(told)[1:]]
    around = {**os.environ, "EVERFIT_SERVING_PORT": str(port), "PYTHONPATH": str(PROJECT)}
    with subprocess.Popen(command, env=around) as process:
        try:
            wait_for(f"http://127.0.0.1:{port}/ready", process)
            yield port
        finally:
            process.terminate()


def wait_for(address: str, process: subprocess.Popen[bytes], within_s: float = 240) -> None:
    deadline = time.monotonic() + within_s
    while process.poll() is None and time.monotonic() < deadline:
        try:
            if httpx.get(address, timeout=10).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    pytest.fail("the endpoint does not answer")


def test_request_of_the_readme_is_answered_as_it_shows(port: int) -> None:
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")
    (told,) = CURL.findall(readme)
    (shown,) = re.findall(r'^# (\{"predictions".*\})$', readme, re.MULTILINE)
    words = shlex.split(told.replace("localhost:8000", f"127.0.0.1:{port}"))
    asked = dict(pairwise(words))
    name, _, value = asked["-H"].partition(": ")
    given = httpx.post(f"http://{words[2]}", content=asked["-d"], headers={name: value}, timeout=30).json()
    assert given.keys() == json.loads(shown).keys()
    assert given["predictions"][0].keys() == json.loads(shown)["predictions"][0].keys()
    assert given["model"] == "trips"
