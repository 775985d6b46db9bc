"""What the stack runs: the programs, their environment, and supervisord's configuration."""

import os
import secrets
import shlex
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from adapters.settings import PROJECT, Settings, tool_credentials, tool_environment
from deployments.ports import LOOPBACK, Ports
from deployments.processes import MARK, mark_of

POOL = "everfit"
MLFLOW_ADMIN = "MLFLOW_AUTH_ADMIN_PASSWORD"
USERS_FILE = "mlflow-users.ini"
CONFIG_FILE = "supervisord.conf"
WORKER_NAME = "everfit"
SERVER, MLFLOW, WORKER, SERVING = "prefect", "mlflow", "worker", "serving"

# Quick to react, quiet at rest. A value that the user has set wins.
SPEED = {
    # From event to running flow: under 1 s to schedule, this long at most to fetch, 3 s to import Prefect. Each
    # question costs 40 ms of CPU.
    "PREFECT_WORKER_QUERY_SECONDS": "2",
    "PREFECT_SERVER_SERVICES_SCHEDULER_MIN_RUNS": "1",  # one missed check after a night's rest, not three
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",  # saves MLflow's task-queue processes, which only LLM jobs use
}


@dataclass(frozen=True, slots=True)
class Program:
    """A program that supervisord keeps alive; a higher priority starts later and stops earlier."""

    name: str
    arguments: tuple[str, ...]
    priority: int
    stop_within_s: int


def programs(ports: Ports) -> Iterator[Program]:
    """The programs of a stack, without one path: those travel in the environment, which needs no quoting."""
    server = ("-m", "deployments.server", "--host", LOOPBACK, "--port", str(ports.prefect))
    yield Program(SERVER, server, priority=10, stop_within_s=6)
    if ports.mlflow is not None:
        mlflow = ("-m", "mlflow", "server", "--host", LOOPBACK, "--port", str(ports.mlflow), "--workers", "1")
        # Who sets a password for its administrator wants it asked for.
        users = ("--app-name", "basic-auth") if os.environ.get(MLFLOW_ADMIN) else ()
        yield Program(MLFLOW, (*mlflow, *users), priority=20, stop_within_s=4)
    yield Program(WORKER, ("-m", "deployments.worker"), priority=30, stop_within_s=6)
    if ports.serving is not None:
        serving = ("-m", "serving", "--host", LOOPBACK, "--port", str(ports.serving))
        # Longer than running requests are given to end, and the log to be written.
        yield Program(SERVING, serving, priority=40, stop_within_s=15)


def configuration(ports: Ports) -> str:
    """What supervisord reads in HOME/stack: no socket and no port to control it, since a signal stops it."""
    parts = ["[supervisord]", "logfile = ../logs/supervisord.log", "logfile_maxbytes = 1MB", "logfile_backups = 1"]
    parts += ["pidfile = supervisord.pid", "childlogdir = ../logs", "minfds = 256", "minprocs = 64", ""]
    for program in programs(ports):
        parts += _section(program)
    return "\n".join(parts)


def _section(program: Program) -> list[str]:
    command = shlex.join([Path(sys.executable).name, *program.arguments])
    return [
        f"[program:{program.name}]",
        f"command = {command}",
        f"priority = {program.priority}",
        f"stdout_logfile = ../logs/{program.name}.log",
        "stdout_logfile_maxbytes = 5MB",
        "stdout_logfile_backups = 2",
        "redirect_stderr = true",
        "autorestart = true",
        # Dying sooner counts as a failed start: supervisord then waits longer each time, and gives up at last.
        "startsecs = 15",
        "startretries = 20",
        f"stopwaitsecs = {program.stop_within_s}",
        "stopasgroup = true",
        "killasgroup = true",
        "",
    ]


def environment(where: Settings, ports: Ports) -> dict[str, str]:
    """The environment of everything that the stack starts; what keeps it in its home is not the user's to change."""
    tools = tool_environment(where)
    user = {name: value for name, value in os.environ.items() if name not in ("PREFECT_API_KEY", "PREFECT_PROFILE")}
    executables, path = str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)
    imports, direct = os.environ.get("PYTHONPATH"), os.environ.get("NO_PROXY", os.environ.get("no_proxy"))
    ours = {
        MARK: mark_of(where.home),
        # Resolved to full paths: the user's may be relative to a folder that the stack does not work in.
        **{name: value for name, value in tools.items() if name.startswith("EVERFIT_")},
        "PREFECT_HOME": tools["PREFECT_HOME"],
        "PREFECT_API_URL": f"http://{LOOPBACK}:{ports.prefect}/api",
        "PATH": os.pathsep.join([executables, path]),
        "PYTHONPATH": os.pathsep.join([str(PROJECT), *([imports] if imports else [])]),
        "PYTHONUNBUFFERED": "1",
        "NO_PROXY": ",".join([LOOPBACK, *([direct] if direct else [])]),
        "MLFLOW_BACKEND_STORE_URI": where.mlflow_url,
        "MLFLOW_ARTIFACTS_DESTINATION": str(where.home / "mlartifacts"),
    }
    return {**tools, **SPEED, **_locks(where), **tool_credentials(user), **user, **ours}


def users_configuration(where: Settings) -> str:
    """Where MLflow keeps its users: with the state of this home, and not in the folder in which it was started."""
    return f"""[mlflow]
default_permission = READ
database_uri = sqlite:///{str(where.home / "mlflow-users.db").replace("%", "%%")}
authorization_function = mlflow.server.auth:authenticate_request_basic_auth
"""


def _locks(where: Settings) -> dict[str, str]:
    """What MLflow needs to ask for passwords; a key of its own for each start ends the sessions of the last."""
    return {
        "MLFLOW_AUTH_CONFIG_PATH": str(where.home / "stack" / USERS_FILE),
        "MLFLOW_FLASK_SERVER_SECRET_KEY": secrets.token_hex(32),
    }
