"""A real Dask scheduler with workers that do not have the project, for as long as a test runs."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

# An editable install would put the project on the path: what is started here must not have it. A nanny hands its path
# on to its worker.
DASK = """
import sys
from pathlib import Path
sys.path[:] = [place for place in sys.path if place and not (Path(place) / "adapters").is_dir()]
from dask.__main__ import main
sys.argv = ["dask", *sys.argv[1:]]
main()
"""
# Dask always serves its pages; without an address it would do so on every interface.
PAGES = ("--dashboard-address", "127.0.0.1:0")


@dataclass
class DaskCluster:
    """A scheduler and its workers, each in a session of its own."""

    folder: Path
    address: str = ""
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, name: str, *words: str) -> None:
        surroundings = {k: v for k, v in os.environ.items() if k != "PYTHONPATH" and not k.startswith("EVERFIT_")}
        command = [sys.executable, "-c", DASK, *words]
        with (self.folder / f"{name}.log").open("wb") as log:
            self.processes[name] = subprocess.Popen(
                command, cwd=self.folder, env=surroundings, stdout=log, stderr=log, start_new_session=True
            )

    def start_worker(self, name: str, *words: str) -> None:
        place = ["--local-directory", str(self.folder / name), "--name", name, "--nthreads", "1"]
        self.start(name, "worker", self.address, "--host", "127.0.0.1", *place, *PAGES, *words)

    def kill(self, name: str) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.processes[name].pid, signal.SIGKILL)
        self.processes.pop(name).wait()

    def stop(self) -> None:
        for name in reversed(list(self.processes)):
            self.kill(name)


@contextmanager
def dask_cluster(folder: Path, n_workers: int) -> Iterator[DaskCluster]:
    """A cluster on the loopback interface, on ports that the system chooses."""
    folder.mkdir(parents=True)
    cluster, written = DaskCluster(folder), folder / "scheduler.json"
    try:
        cluster.start(
            "scheduler", "scheduler", "--host", "127.0.0.1", "--port", "0", *PAGES,
            "--scheduler-file", str(written),
        )  # fmt: skip
        cluster.address = _address(cluster, written)
        for number in range(n_workers):
            cluster.start_worker(f"worker-{number}")
        if n_workers:
            _await_workers(cluster.address, n_workers)
        yield cluster
    finally:
        cluster.stop()


def _address(cluster: DaskCluster, written: Path) -> str:
    import json

    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        with suppress(FileNotFoundError, json.JSONDecodeError):
            return str(json.loads(written.read_text())["address"])
        if cluster.processes["scheduler"].poll() is not None:
            break
        time.sleep(0.1)
    raise AssertionError((cluster.folder / "scheduler.log").read_text())


def _await_workers(address: str, n_workers: int) -> None:
    from distributed import Client

    with Client(address) as client:
        client.wait_for_workers(n_workers, timeout=120)
