"""A release that an endpoint watches: real HTTP, a real registry, and versions that go wrong once they are asked."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
import uvicorn

from adapters import journal, registry
from adapters.endpoint import Look
from adapters.settings import PROJECT, settings
from core.gate_spec import ReleaseSpec
from core.watch import Seen
from deployments.ports import free_port
from serving import watcher
from serving.app import create
from serving.settings import ServingSettings
from tasks import watching
from tasks.cut_short import word_on_watch
from tasks.watching import _of_former, watch
from tests.conftest import TOY, Project, toy_table
from tests.serving.conftest import ROW
from tests.serving.test_watcher import add_version

GOOD, FAILING, SLOW, ALSO_GOOD = 1, 2, 3, 4
LIMIT_MS = 1000
# Releases a version and dies in its watch, as `kill -9` ends a process.
DIES = """
import os, signal, sys
from tasks import watching

watching._look_until_the_end = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
from flows.release import release

release("toy", int(sys.argv[1]), approved_by="ada")
"""


class Fails:
    """A way to predict that golden rows do not show to be broken."""

    def predict(self, *_: Any) -> Any:
        raise RuntimeError("the model breaks on what it is really asked")


class Slow:
    def __init__(self, path: Any) -> None:
        self.path = path

    def predict(self, *asked: Any) -> Any:
        time.sleep(1.1 * LIMIT_MS / 1000)
        return self.path.predict(*asked)


@pytest.fixture(scope="module")
def registered(shared_project: Project) -> Project:
    """Four versions; the first is released while nothing is served."""
    shared_project.write_spec(TOY.replace("release: {", "release: {watch: {requests: 40, span: 2m}, "))
    shared_project.land(toy_table(1000))
    for number in (GOOD, FAILING, SLOW, ALSO_GOOD):
        assert add_version(f"s{number}") == number
    return shared_project


@pytest.fixture(scope="module")
def endpoint(registered: Project) -> Iterator[str]:
    """An endpoint in a thread, which follows the registry; its versions break as their numbers say."""
    loaded = watcher.load

    def load(version: Any) -> Any:
        served = loaded(version)
        broken = {FAILING: Fails(), SLOW: Slow(served.path)}
        return replace(served, path=broken.get(served.number, served.path))

    port = free_port()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(watcher, "load", load)
        patch.setenv("EVERFIT_ENDPOINT", f"http://127.0.0.1:{port}")
        settings.cache_clear()
        app = create(ServingSettings(models="toy", poll_s=0.2))
        server = uvicorn.Server(uvicorn.Config(app, port=port, log_config=None))
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{port}"
        server.should_exit = True
        thread.join(30)
    settings.cache_clear()


class Asking(threading.Thread):
    """Asks one row after the other, as long as the block lasts."""

    def __init__(self, url: str, row: dict[str, Any]) -> None:
        super().__init__(daemon=True)
        self.url, self.row, self.ended = url, row, threading.Event()
        self.answers: list[tuple[int, int | None]] = []

    def run(self) -> None:
        with httpx.Client(base_url=self.url, timeout=30) as client:
            while not self.ended.wait(0.05):
                told = client.post("/invocations", json={"instances": [self.row]})
                self.answers.append((told.status_code, told.json().get("version")))

    def __enter__(self) -> "Asking":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        self.join(30)


def released(number: int) -> Any:
    from flows.release import release

    return release("toy", number, approved_by="ada")


def test_without_an_endpoint_the_release_says_so_and_ends(registered: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVERFIT_ENDPOINT", f"http://127.0.0.1:{free_port()}")
    settings.cache_clear()
    outcome = released(GOOD)
    assert outcome.verdict == "released", outcome.reason
    assert outcome.watched["told"].startswith("nothing serves toy: not watched, no endpoint of this store")


@pytest.mark.parametrize(
    ("number", "words"), [(FAILING, "requests failed (100.0%)"), (SLOW, "answers took more than 1000 ms a row")]
)
def test_version_that_goes_wrong_once_it_is_asked_is_taken_back_by_itself(
    endpoint: str, monkeypatch: pytest.MonkeyPatch, number: int, words: str
) -> None:
    told: list[str] = []
    monkeypatch.setattr("tasks.announce.emit_event", lambda **event: told.append(event["event"]))
    with Asking(endpoint, ROW) as asking:
        outcome = released(number)
        back = time.monotonic() + 30
        while asking.answers[-1] != (200, GOOD) and time.monotonic() < back:
            time.sleep(0.1)
    assert (outcome.verdict, outcome.from_version, outcome.to_version) == ("rolled_back", number, GOOD), outcome.reason
    assert words in outcome.reason
    assert registry.champion_number("toy") == GOOD
    assert asking.answers[-1] == (200, GOOD)
    entry = journal.entries("toy", "rollback")[0]
    assert (entry["to_version"], entry["cause"]) == (GOOD, journal.entries("toy", "release")[0]["event_id"])
    assert told == ["model.released", "model.rolled_back"]


def killed_while_it_releases(number: int) -> None:
    from prefect.settings import get_current_settings

    environment = os.environ | get_current_settings().to_environment_variables(exclude_unset=True)
    command = [sys.executable, "-c", DIES, str(number)]
    dead = subprocess.run(
        command, cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert dead.returncode == -signal.SIGKILL, dead.stderr


def cut_short(monkeypatch: pytest.MonkeyPatch, number: int, step: str) -> None:
    """A release in this process that ends in its watch as a process would, with nothing after it done."""

    def ends(*_: Any) -> None:
        raise InterruptedError

    with monkeypatch.context() as patch:
        patch.setattr(watching, step, ends)
        with pytest.raises(InterruptedError):
            released(number)


def assert_taken_back(outcome: Any) -> None:
    assert (outcome.verdict, outcome.from_version, outcome.to_version) == ("rolled_back", FAILING, GOOD), outcome.reason
    assert "requests failed (100.0%)" in outcome.reason
    assert registry.champion_number("toy") == GOOD
    assert word_on_watch("toy") is None


def test_release_that_is_killed_in_its_watch_is_watched_again_by_a_rerun(endpoint: str) -> None:
    with Asking(endpoint, ROW):
        killed_while_it_releases(FAILING)
        assert registry.champion_number("toy") == FAILING
        assert "not ended since" in str(word_on_watch("toy"))
        n_released = len(journal.entries("toy", "release"))
        outcome = released(FAILING)
    assert_taken_back(outcome)
    assert len(journal.entries("toy", "release")) == n_released


def test_version_that_was_found_to_be_wrong_and_not_taken_back_is_taken_back_by_a_rerun(
    endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Asking(endpoint, ROW):
        cut_short(monkeypatch, FAILING, "keep_or_take_back")
    assert "it was not taken back" in str(word_on_watch("toy"))
    # Nobody asks any more: what was seen is in the journal.
    assert_taken_back(released(FAILING))


def test_next_release_says_that_the_version_before_was_never_watched_to_its_end(
    endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut_short(monkeypatch, ALSO_GOOD, "_look_until_the_end")
    with Asking(endpoint, ROW):
        outcome = released(GOOD)
        again = released(GOOD)
    assert outcome.reason.endswith(f"version {ALSO_GOOD} was never watched to its end"), outcome.reason
    assert word_on_watch("toy") == outcome.watched["told"]
    # One that was watched to its end is not watched again.
    assert again is None


def test_version_that_answers_well_stays_after_the_requests_that_were_to_be_watched(endpoint: str) -> None:
    with Asking(endpoint, ROW):
        outcome = released(ALSO_GOOD)
    assert (outcome.verdict, outcome.watched["trouble"]) == ("released", None), outcome.reason
    assert outcome.watched["requests"] >= 40
    assert journal.entries("toy", "watch")[0]["version"] == ALSO_GOOD
    assert registry.champion_number("toy") == ALSO_GOOD


def test_requests_that_failed_before_as_well_are_no_reason_to_go_back(endpoint: str) -> None:
    with Asking(endpoint, {**ROW, "age": "not a number"}):
        time.sleep(3)
        outcome = released(GOOD)
    assert (outcome.verdict, outcome.watched["trouble"]) == ("released", None), outcome.reason
    assert outcome.watched["failed"] >= 40


def test_usual_failures_are_those_of_the_last_requests_where_these_are_enough() -> None:
    first = Look(GOOD, False, {GOOD: Seen(1000, 60, 940, 0)})
    for earlier, expected in ((Seen(950, 10, 940, 0), Seen(50, 50, 0, 0)), (Seen(990, 50, 940, 0), first.seen[GOOD])):
        assert _of_former(GOOD, first, Look(GOOD, False, {GOOD: earlier})) == expected
    assert _of_former(GOOD, first, None) == first.seen[GOOD]


def test_endpoint_that_nobody_asks_is_watched_no_longer_than_the_yaml_says_and_the_outcome_tells(
    registered: Project, endpoint: str
) -> None:
    spec = registered.models / "toy.yaml"
    kept = spec.read_text()
    spec.write_text(kept.replace("span: 2m", "span: 20m, first_within: 1s"))
    outcome = released(ALSO_GOOD)
    spec.write_text(kept)
    assert outcome.verdict == "released", outcome.reason
    assert outcome.watched["told"].startswith("no requests were seen in ")
    assert journal.entries("toy", "watch")[0]["told"] == outcome.watched["told"]


def test_endpoint_of_other_models_is_not_watched(endpoint: str) -> None:
    from prefect.logging import disable_run_logger

    with disable_run_logger():
        told = watch.fn("another", 1, None, ReleaseSpec()).told
    assert told == f"nothing serves another: not watched, the endpoint at {endpoint} serves other models"
