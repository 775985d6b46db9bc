"""Ports on the loopback interface: nothing of a local stack listens anywhere else."""

import socket
from dataclasses import dataclass

import psutil

from core.errors import SpecError

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the servers listen; no `mlflow` means no MLflow server, as where EVERFIT_MLFLOW names another one.

    No `serving` means that nothing is served, as in the demo, which asks no model over HTTP.
    """

    prefect: int
    mlflow: int | None = None
    serving: int | None = None

    def ensure_free(self) -> None:
        ensure_port_is_free(self.prefect, "EVERFIT_PREFECT_PORT")
        if self.mlflow is not None:
            ensure_port_is_free(self.mlflow, "EVERFIT_MLFLOW_PORT")
        if self.serving is not None:
            ensure_port_is_free(self.serving, "EVERFIT_SERVING_PORT")


def free_port() -> int:
    """A port of the loopback interface that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def ensure_port_is_free(port: int, setting_name: str) -> None:
    """Raises SpecError, naming the process that holds the port where the system tells it."""
    if not _is_taken(port):
        return
    raise SpecError(
        what=f"port {port} cannot be used",
        why=f"it is in use by {_owner_of(port)}",
        fix=f"stop that process, or set {setting_name} to a free port such as {free_port()}",
    )


def _is_taken(port: int) -> bool:
    with socket.socket() as probe:
        # Where SO_REUSEADDR lets a bind pass beside a listener on all interfaces (macOS), only connecting tells.
        if probe.connect_ex((LOOPBACK, port)) == 0:
            return True
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return True
    return False


def _owner_of(port: int) -> str:
    try:
        listening = [c for c in psutil.net_connections(kind="tcp") if c.status == psutil.CONN_LISTEN]
        pid = next((c.pid for c in listening if c.laddr.port == port and c.pid), None)
        if pid is None:
            return "another process"
        return f"process {pid} ({' '.join(psutil.Process(pid).cmdline())[:80]})"
    # Some systems tell other processes' sockets to root only.
    except psutil.Error:
        return "another process"
