"""The processes of a stack: marked when they start, found again by the mark, and ended to the last one.

The mark is a variable in the environment, which every descendant inherits, also a flow run that its worker put into a
session of its own. So nothing depends on who is still whose parent after a crash.
"""

import contextlib
import hashlib
import os
import time
from collections.abc import Sequence
from pathlib import Path

import psutil

from core.errors import ServiceUnavailable

MARK = "EVERFIT_STACK"
SUPERVISE = "EVERFIT_STACK_SUPERVISOR"  # in the environment of the supervisor alone
FLOW_RUN = "PREFECT__FLOW_RUN_ID"  # set by Prefect's worker in the process of a flow run


def mark_of(home: Path) -> str:
    """The mark of the stack of this home: no other home shares it, and it holds no path."""
    return hashlib.sha256(str(home.resolve()).encode()).hexdigest()[:16]


def marked(mark: str, variable: str = MARK) -> list[psutil.Process]:
    """Living processes of this user, other than this one, whose environment carries the mark and the variable."""
    return [process for process in psutil.process_iter() if _carries(process, mark, variable)]


def flow_runs(mark: str) -> set[str]:
    """Ids of the flow runs that a living process of this stack works on."""
    found = set()
    for process in marked(mark, FLOW_RUN):
        with contextlib.suppress(psutil.Error, OSError):
            found.add(process.environ()[FLOW_RUN])
    return found


def _carries(process: psutil.Process, mark: str, variable: str) -> bool:
    if process.pid == os.getpid():
        return False
    try:
        if process.uids().real != os.getuid() or process.status() == psutil.STATUS_ZOMBIE:
            return False
        environment = process.environ()
    # Gone meanwhile, or not ours to look at: then it is not one that we started.
    except (psutil.Error, OSError):
        return False
    return environment.get(MARK) == mark and variable in environment


def is_supervisor(pid: int, mark: str) -> bool:
    try:
        return _carries(psutil.Process(pid), mark, SUPERVISE)
    except psutil.NoSuchProcess:
        return False


def end(processes: Sequence[psutil.Process], grace_s: float) -> None:
    """Ask the processes to end, and kill those that have not after the grace."""
    for process in processes:
        _send(process, kill=False)
    alive = _still_alive(processes, grace_s)
    for process in alive:
        _send(process, kill=True)
    _still_alive(alive, grace_s)


def _still_alive(processes: Sequence[psutil.Process], within_s: float) -> list[psutil.Process]:
    """Wait until all have ended. One that only waits for another parent's notice has; psutil would wait for it too."""
    deadline = time.monotonic() + within_s
    while True:
        _, there = psutil.wait_procs(processes, timeout=0.05)
        alive = [process for process in there if not _has_ended(process)]
        if not alive or time.monotonic() > deadline:
            return alive


def _has_ended(process: psutil.Process) -> bool:
    """Of our own children the notice is ours to take: until then they are waited for, so that none stays a zombie."""
    try:
        return bool(process.status() == psutil.STATUS_ZOMBIE and process.ppid() != os.getpid())
    except psutil.NoSuchProcess:
        return True


def _send(process: psutil.Process, *, kill: bool) -> None:
    try:
        process.kill() if kill else process.terminate()
    except psutil.NoSuchProcess:
        return


def end_flow_runs(mark: str, grace_s: float = 4.0) -> None:
    """End the running flows while the server still lives, so that it records them as crashed and not as running."""
    end(marked(mark, FLOW_RUN), grace_s)


def end_supervisor(mark: str, grace_s: float = 20.0) -> None:
    """End the programs in their order; the grace is longer than supervisord grants to all of them together."""
    end(marked(mark, SUPERVISE), grace_s)


def sweep(mark: str, grace_s: float = 5.0) -> None:
    """End every process that carries the mark; it takes several rounds where one starts another meanwhile.

    Raises:
        ServiceUnavailable: A process does not go away even when killed.
    """
    deadline = time.monotonic() + 4 * grace_s
    while found := marked(mark):
        if time.monotonic() > deadline:
            raise ServiceUnavailable(
                what="the local stack could not be stopped completely",
                why=f"still running: {', '.join(str(process.pid) for process in found)}",
                fix="look at these processes with `ps`, end them by hand, and run `everfit down` again",
            )
        end(found, grace_s)
