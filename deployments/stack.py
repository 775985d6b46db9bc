"""The local stack of one home: Prefect server, MLflow, worker and deployments, kept alive by supervisord."""

import fcntl
import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FrameType

import psutil

from adapters.settings import PROJECT, Settings
from core.errors import ServiceUnavailable
from deployments.health import is_healthy
from deployments.launch import await_start, start_bootstrap, start_supervisor
from deployments.ports import LOOPBACK, Ports
from deployments.processes import end_flow_runs, end_supervisor, is_supervisor, mark_of, sweep
from deployments.programs import CONFIG_FILE, USERS_FILE, configuration, environment, users_configuration


@dataclass(frozen=True, slots=True)
class Stack:
    """A running stack; the record of it is HOME/stack/stack.json."""

    home: Path
    ports: Ports
    supervisor_pid: int

    @property
    def prefect_url(self) -> str:
        return f"http://{LOOPBACK}:{self.ports.prefect}"

    @property
    def prefect_api(self) -> str:
        return f"{self.prefect_url}/api"

    @property
    def mlflow_url(self) -> str | None:
        return None if self.ports.mlflow is None else f"http://{LOOPBACK}:{self.ports.mlflow}"

    @property
    def serving_url(self) -> str | None:
        return None if self.ports.serving is None else f"http://{LOOPBACK}:{self.ports.serving}"

    def is_alive(self) -> bool:
        """Whether its supervisor lives; a part of it may be just restarting."""
        return is_supervisor(self.supervisor_pid, mark_of(self.home))

    def answers(self) -> dict[str, bool]:
        """Which of its servers answer now."""
        servers = {"prefect": f"{self.prefect_api}/health"}
        if self.mlflow_url is not None:
            servers["mlflow"] = f"{self.mlflow_url}/health"
        if self.serving_url is not None:
            servers["serving"] = f"{self.serving_url}/ping"
        return {name: is_healthy(url) for name, url in servers.items()}

    def wait(self) -> None:
        """Return when the supervisor has ended, whoever ended it."""
        try:
            psutil.Process(self.supervisor_pid).wait()
        except psutil.NoSuchProcess:
            return

    def stop(self) -> None:
        stop_stack(self.home)


def start_stack(where: Settings, ports: Ports, *, root: Path = PROJECT, limit: int = 2, tied: bool = True) -> Stack:
    """Start the stack; return when the deployments of `root` are in place and a worker waits for their runs.

    Args:
        where: Its home, whose state an earlier stack may have left, also by a crash.
        ports: Where the servers listen, on the loopback interface only.
        root: The folder that holds `prefect.yaml`.
        limit: Flow runs at the same time.
        tied: Whether the stack ends with the calling process, however that ends; otherwise it stays until `stop`.

    Raises:
        SpecError: A port is in use.
        ServiceUnavailable: A stack of this home runs already, or a part died while starting, told with its log's end.
    """
    folder = _private_folder(where.home)
    with _alone(folder):
        _refuse_a_second(where)
        stop_stack(where.home)
        ports.ensure_free()
        (folder / CONFIG_FILE).write_text(configuration(ports))
        (folder / USERS_FILE).write_text(users_configuration(where))
        surroundings = environment(where, ports)
        try:
            supervisor = start_supervisor(where.home, surroundings, tied)
            bootstrap = start_bootstrap(where.home, surroundings, root, limit, ports)
            await_start(where.home, supervisor, bootstrap)
        except BaseException:
            stop_stack(where.home)
            raise
        stack = Stack(where.home, ports, supervisor.pid)
        _write_record(stack)
    return stack


@contextmanager
def local_stack(where: Settings, ports: Ports, *, root: Path = PROJECT, limit: int = 2) -> Iterator[Stack]:
    """A stack for the length of a block in the main thread; SIGTERM and SIGHUP end the block as Ctrl-C does."""
    before = {number: signal.signal(number, _leave) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        stack = start_stack(where, ports, root=root, limit=limit)
        try:
            yield stack
        finally:
            stack.stop()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _leave(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def running_stack(where: Settings) -> Stack | None:
    """The stack of this home, where one runs: its record is believed only if the supervisor lives and is ours."""
    try:
        record = json.loads(_record(where.home).read_text())
        stack = Stack(
            where.home, Ports(record["prefect"], record["mlflow"], record.get("serving")), record["supervisor_pid"]
        )
    # No record, or half of one: there is no stack that was started to its end.
    except (FileNotFoundError, json.JSONDecodeError, KeyError):
        return None
    return stack if stack.is_alive() else None


def stop_stack(home: Path) -> None:
    """End all that the stack of this home started; safe to call again, and after a crash of any part."""
    mark = mark_of(home)
    for sign in ("stack.json", "ready"):
        (home / "stack" / sign).unlink(missing_ok=True)
    end_flow_runs(mark)
    end_supervisor(mark)
    sweep(mark)


def _private_folder(home: Path) -> Path:
    (home / "logs").mkdir(parents=True, exist_ok=True)
    folder = home / "stack"
    folder.mkdir(exist_ok=True)
    folder.chmod(0o700)
    return folder


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Two starts of one home at the same time would end each other's processes."""
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ServiceUnavailable(
                what="the local stack cannot be started",
                why=f"another command is just starting it in {folder.parent}",
                fix="wait until that has ended, or set EVERFIT_HOME to another folder",
            ) from error
        yield


def _refuse_a_second(where: Settings) -> None:
    if stack := running_stack(where):
        raise ServiceUnavailable(
            what="the local stack cannot be started",
            why=f"it runs already, at {stack.prefect_url}, with its state in {where.home}",
            fix="use it, stop it with `everfit down`, or set EVERFIT_HOME to another folder",
        )


def _record(home: Path) -> Path:
    return home / "stack" / "stack.json"


def _write_record(stack: Stack) -> None:
    record = _record(stack.home)
    record.touch(mode=0o600)
    record.write_text(json.dumps({**asdict(stack.ports), "supervisor_pid": stack.supervisor_pid}))
