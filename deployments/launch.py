"""Starting the processes of a stack, and telling what died where one does not come up."""

import os
import subprocess
import sys
import time
from pathlib import Path

from core.errors import ServiceUnavailable
from deployments.health import LOOK_AFTER_S
from deployments.ports import LOOPBACK, Ports
from deployments.processes import SUPERVISE

START_WITHIN_S = 180.0
TAIL_LINES = 15


def start_supervisor(home: Path, environment: dict[str, str], tied: bool) -> subprocess.Popen[bytes]:
    """The supervisor has a session of its own: Ctrl-C in a terminal is for the launcher, which then stops in order."""
    # `await_start` must not take an earlier life's deaths for ours.
    _supervisor_log(home).unlink(missing_ok=True)
    command = [sys.executable, "-m", "deployments.supervise", *(["--launcher", str(os.getpid())] if tied else [])]
    return _start(command, home / "stack", {**environment, SUPERVISE: "1"}, _log(home, "launch"))


def start_bootstrap(
    home: Path, environment: dict[str, str], root: Path, limit: int, ports: Ports
) -> subprocess.Popen[bytes]:
    servers = [] if ports.mlflow is None else ["--server", f"http://{LOOPBACK}:{ports.mlflow}/health"]
    servers += [] if ports.serving is None else ["--server", f"http://{LOOPBACK}:{ports.serving}/ping"]
    command = [sys.executable, "-m", "deployments.bootstrap", "--limit", str(limit), *servers]
    return _start(command, root, environment, _log(home, "bootstrap"))


def _start(command: list[str], folder: Path, environment: dict[str, str], log: Path) -> subprocess.Popen[bytes]:
    with log.open("wb") as output:
        return subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def await_start(home: Path, supervisor: subprocess.Popen[bytes], bootstrap: subprocess.Popen[bytes]) -> None:
    """Wait until the bootstrap is done.

    Raises:
        ServiceUnavailable: Something died, or it takes longer than `START_WITHIN_S`.
    """
    deadline = time.monotonic() + START_WITHIN_S
    while (code := bootstrap.poll()) is None:
        if supervisor.poll() is not None:
            raise _failure(home, "launch", "its supervisor ended")
        if dead := _dead_program(home):
            raise _failure(home, dead, f"the program {dead!r} ended while it started")
        if time.monotonic() > deadline:
            raise _failure(home, "prefect", f"it is not ready after {START_WITHIN_S:.0f} s")
        time.sleep(LOOK_AFTER_S)
    if code != 0:
        raise _failure(home, "bootstrap", f"its work pool and deployments could not be made (exit code {code})")


def _dead_program(home: Path) -> str | None:
    """The first program that supervisord has seen ending; while starting none should, though it would be restarted."""
    if not _supervisor_log(home).exists():
        return None
    for line in _supervisor_log(home).read_text(errors="replace").splitlines():
        for sign in (" exited: ", " gave up: ", " spawnerr: "):
            if sign in line:
                return line.split(sign)[1].split(" ")[0].rstrip(":")
    return None


def _failure(home: Path, name: str, reason: str) -> ServiceUnavailable:
    log = _log(home, name)
    tail = log.read_text(errors="replace").splitlines()[-TAIL_LINES:] if log.exists() else []
    return ServiceUnavailable(
        what="the local stack did not start",
        why="\n    ".join([f"{reason}; the last lines of {log}:", *tail]),
        fix=f"remove the cause that the log names, then start again; all logs are in {log.parent}",
    )


def _log(home: Path, name: str) -> Path:
    return home / "logs" / f"{name}.log"


def _supervisor_log(home: Path) -> Path:
    return _log(home, "supervisord")
