"""`everfit serve` as people run it: real processes, a real registry, real signals."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from adapters.prediction_log import read_log
from adapters.registry import set_champion
from adapters.settings import PROJECT, settings
from deployments.ports import free_port
from tests.conftest import TOY
from tests.serving.conftest import ROW
from tests.serving.test_bad_requests import BAD
from tests.serving.test_watcher import add_version

LOG_EVERY_S = 1.0
LIMITS = {"EVERFIT_SERVING_LOG_EVERY_S": str(LOG_EVERY_S), "EVERFIT_SERVING_REQUEST_TIMEOUT_S": "2"}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Two versions of a model, the first of them champion."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("home")
        patch.setenv("EVERFIT_HOME", str(folder))
        patch.setenv("EVERFIT_MODELS", str(folder / "models"))
        (folder / "models").mkdir()
        (folder / "models" / "toy.yaml").write_text(TOY)
        settings.cache_clear()
        add_version("s1")
        add_version("s2", "logistic_regression")
        set_champion("toy", 1)
        yield folder
    settings.cache_clear()


@contextmanager
def serving(*options: str) -> Iterator[tuple[psutil.Popen, int]]:
    """A process that serves, and its port; it is there until the block ends."""
    port = free_port()
    command = [sys.executable, "-m", "cli.main", "serve", "toy", "--port", str(port), *options]
    surroundings = {**os.environ, **LIMITS, "PYTHONPATH": str(PROJECT)}
    with psutil.Popen(command, env=surroundings, cwd=PROJECT, stdout=subprocess.DEVNULL) as process:
        try:
            until(lambda: get(port, "/ready") == 200 or process.poll() is not None)
            yield process, port
        finally:
            for each in [*process.children(recursive=True), process] if process.is_running() else []:
                each.kill()


def get(port: int, path: str) -> int:
    try:
        return httpx.get(f"http://127.0.0.1:{port}{path}", timeout=10).status_code
    except httpx.TransportError:
        return 0


def until(condition: Any, within_s: float = 120) -> None:
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.1)


class Asking(threading.Thread):
    """Asks one row after the other until nobody listens any more."""

    def __init__(self, port: int) -> None:
        super().__init__(daemon=True)
        self.port = port
        self.versions: list[int] = []
        self.failed: list[str] = []

    def run(self) -> None:
        with httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=30) as client:
            while True:
                try:
                    answer = client.post("/invocations", json={"instances": [ROW]})
                except httpx.TransportError:
                    # The server has stopped, and was asked on a connection that it had closed.
                    return
                if answer.status_code == 200:
                    self.versions.append(answer.json()["version"])
                else:
                    self.failed.append(answer.text)


def test_releases_and_a_rollback_under_load_fail_no_request_of_several_processes(home: Path) -> None:
    with serving("--workers", "2") as (process, port):
        until(lambda: all(get(port, "/ready") == 200 for _ in range(10)))
        asking = [Asking(port) for _ in range(4)]
        for each in asking:
            each.start()
        for number in (2, 1, 2):
            set_champion("toy", number)
            until(lambda number=number: all(each.versions[-1:] == [number] for each in asking))
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
        for each in asking:
            each.join(60)
    answered = [version for each in asking for version in each.versions]
    assert [each.failed for each in asking] == [[]] * 4
    assert set(answered) == {1, 2}
    # Also those who were answered while it stopped.
    assert len(read_log("toy")) == len(answered)


def test_slow_clients_are_told_so_and_a_killed_process_loses_only_the_last_seconds(home: Path) -> None:
    before = len(read_log("toy"))
    head = b"POST /invocations HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n"
    with serving() as (process, port), httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
        slow = [socket.create_connection(("127.0.0.1", port), timeout=30) for _ in range(3)]
        for connection, sent in zip(slow, (b"", head, head + b"\r\n{"), strict=True):
            connection.sendall(sent)
        for _ in range(20):
            client.post("/invocations", json={"instances": [ROW]}).raise_for_status()
        for connection in slow:
            answer = b"".join(iter(partial(connection.recv, 10_000), b""))
            assert answer.startswith(b"HTTP/1.1 408")
            assert b"2 s" in answer
            connection.close()
        until(lambda: 'outcome="written"} 20.0' in client.get("/metrics").text)
        client.post("/invocations", json={"instances": [ROW]})
        process.kill()
        process.wait(30)
    assert len(read_log("toy")) - before in (20, 21)


MILLION = ",".join(["1"] * 1_000_000)
HUGE = (
    f'{{"inputs": {{"age": [{MILLION}], "plan": [{MILLION}], "visits": [{MILLION}]}}}}'.encode(),
    b"[" + b"0," * 3_900_000 + b"0]",
    b'{"instances": [' + b" " * 9_000_000 + b"]}",
)


def test_bad_and_huge_requests_leave_the_process_up_and_its_memory_bounded(home: Path) -> None:
    bodies = [(kind, body if isinstance(body, bytes) else json.dumps(body).encode()) for kind, body, *_ in BAD]
    bodies += [("application/json", body) for body in HUGE]
    with serving() as (process, port), ThreadPoolExecutor(6) as pool:
        url = f"http://127.0.0.1:{port}/invocations"

        def ask(asked: tuple[str, bytes]) -> int:
            headers = {b"content-type": asked[0].encode("latin-1")}
            return httpx.post(url, content=asked[1], headers=headers, timeout=120).status_code

        statuses, memory = set[int](), []
        for _ in range(3):
            statuses |= set(pool.map(ask, bodies))
            memory.append(process.memory_info().rss)
        assert ask(("application/json", json.dumps({"instances": [ROW]}).encode())) == 200
    # 2,001 rows are too many where the table was written for, and are answered here.
    assert statuses <= {200, 400, 413, 415, 422}, statuses
    # What the first round takes it keeps for the next ones, and takes no more.
    assert memory[-1] < memory[0] * 1.25, memory


def test_port_in_use_is_told_before_anything_is_loaded(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        command = [sys.executable, "-m", "cli.main", "serve", "toy", "--port", port]
        done = subprocess.run(
            command, env={**os.environ, "PYTHONPATH": str(PROJECT)}, capture_output=True, text=True, check=False
        )
    assert done.returncode == 2
    assert f"port {port} cannot be used" in done.stderr
    assert "Traceback" not in done.stderr
