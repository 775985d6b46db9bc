"""Servers of a team's infrastructure on this machine, for as long as a test runs: PostgreSQL, and MLflow on it."""

import getpass
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from deployments.health import is_healthy
from deployments.ports import LOOPBACK, free_port

WORD = "not-a-secret"
# A test's data may be lost with the machine.
QUICK = ("-c", "fsync=off", "-c", "full_page_writes=off", "-c", "synchronous_commit=off")
DEBIAN = Path("/usr/lib/postgresql")


@contextmanager
def postgres() -> Iterator[str]:
    """A PostgreSQL server with its own data; gives the address of its databases, without their name and driver."""
    pytest.importorskip("psycopg", reason="psycopg is not installed, `pip install everfit[postgres]` brings it")
    initdb, server = _program("initdb"), _program("postgres")
    # Not in the test's own folder: the server runs as somebody who cannot look into that.
    folder = Path(tempfile.mkdtemp(prefix="everfit-postgres-"))
    owner = _unprivileged()
    (folder / "word").write_text(WORD)
    for path in (folder, folder / "word"):
        shutil.chown(path, owner)
    port, data, asked = free_port(), folder / "data", {"user": owner} if os.getuid() == 0 else {}
    words = ("--username", "everfit", "--pwfile", str(folder / "word"), "--auth", "scram-sha-256", "--encoding", "UTF8")
    subprocess.run(
        [initdb, "--pgdata", data, "--no-sync", "--locale", "C", *words], check=True, stdout=subprocess.DEVNULL, **asked
    )
    where = ("-D", str(data), "-p", str(port), "-k", str(folder), "-c", f"listen_addresses={LOOPBACK}")
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen([server, *where, *QUICK], stdout=log, stderr=log, **asked) as running,
    ):
        try:
            address = f"everfit:{WORD}@{LOOPBACK}:{port}"
            until(lambda: _answers(address), running)
            yield address
        finally:
            # The quick way out, which does not wait for who is still connected.
            running.send_signal(signal.SIGINT)
            running.wait(30)
            shutil.rmtree(folder)


def make_database(address: str, name: str) -> str:
    """A new database; its address without the driver."""
    import psycopg

    with psycopg.connect(f"postgresql://{address}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")  # type: ignore[call-overload]
    return f"{address}/{name}"


class MlflowServer:
    """MLflow's server, which can be killed, and started again at its address."""

    def __init__(self, database: str, artifacts: str, folder: Path) -> None:
        port, self.folder = free_port(), folder
        self.address = f"http://{LOOPBACK}:{port}"
        places = ["--backend-store-uri", f"postgresql+psycopg://{database}", "--artifacts-destination", artifacts]
        where = ["--host", LOOPBACK, "--port", str(port), "--workers", "1"]
        self.command = [sys.executable, "-m", "mlflow", "server", *where, *places]
        self.running: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        quiet = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
        with (self.folder / "mlflow.log").open("ab") as log:
            self.running = subprocess.Popen(
                self.command, env=os.environ | quiet, cwd=self.folder, stdout=log, stderr=log, start_new_session=True
            )
        until(lambda: is_healthy(f"{self.address}/health"), self.running)

    def kill(self) -> None:
        if self.running is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.running.pid, signal.SIGKILL)
            self.running.wait()


@contextmanager
def mlflow_server(database: str, artifacts: str, folder: Path) -> Iterator[MlflowServer]:
    """MLflow's server over a database and a place for artifacts."""
    server = MlflowServer(database, artifacts, folder)
    try:
        server.start()
        yield server
    finally:
        server.kill()


def until(
    condition: Callable[[], object], running: subprocess.Popen[bytes] | None = None, within_s: float = 180
) -> None:
    """Wait for a condition, as long as what shall bring it about lives."""
    deadline = time.monotonic() + within_s
    while not condition():
        assert running is None or running.poll() is None, f"{running.args} has ended"
        assert time.monotonic() < deadline, "what is waited for has not happened"
        time.sleep(0.1)


def _program(name: str) -> str:
    newest_first = sorted((str(path) for path in DEBIAN.glob(f"*/bin/{name}")), reverse=True)
    found = shutil.which(name) or next(iter(newest_first), None)
    if found is None:
        pytest.skip(f"{name} is not installed: PostgreSQL cannot be started")
    return found


def _unprivileged() -> str:
    # PostgreSQL refuses to be run by root.
    if os.getuid() != 0:
        return getpass.getuser()
    known = {each.pw_name for each in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


def _answers(address: str) -> bool:
    import psycopg

    try:
        psycopg.connect(f"postgresql://{address}/postgres", connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True
