"""Who searches is killed: the process itself, or one of the workers of a named cluster."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from adapters.settings import PROJECT, settings
from benchmarks.faults.play import Outcome, project
from tests.clusters import dask_cluster
from tests.conftest import Project
from tests.servers import until

N_TRIALS = 24
DRIVE = "from tests.tasks.test_kills import drive; drive({home!r})"


def killed_training() -> Outcome:
    """The process that searches is killed; the next one goes on with what was told."""
    from tests.tasks.test_kills import found_by, n_told, told

    with project() as made:
        driver = subprocess.Popen(
            [sys.executable, "-c", DRIVE.format(home=str(made.home))], env=os.environ | {"PYTHONPATH": str(PROJECT)}
        )
        until(lambda: n_told(made.home) >= 5 or driver.poll() is not None, within_s=300)
        driver.kill()
        driver.wait()
        kept, began = n_told(made.home), time.monotonic()
        resumed, trials = _quietly(found_by), told(made)
        seconds = time.monotonic() - began
        _forget_studies(made)
        same = (_quietly(found_by), told(made)) == (resumed, trials)
        return Outcome("" if same and 5 <= kept < N_TRIALS else f"trials: {kept} kept, same answer {same}", seconds)


def killed_dask_worker() -> Outcome:
    """One of two workers of a named cluster is killed in the middle of a search."""
    from tests.tasks.test_kills import found_by, n_told, told

    with project() as made, ExitStack() as opened:
        expected, trials = _quietly(found_by), told(made)
        _forget_studies(made)
        patch = opened.enter_context(pytest.MonkeyPatch.context())
        cluster = opened.enter_context(dask_cluster(made.home / "cluster", 2))
        patch.setenv("EVERFIT_DASK", cluster.address)
        settings.cache_clear()
        at: list[float] = []

        def kill() -> None:
            until(lambda: n_told(made.home) >= 3, within_s=300)
            cluster.kill("worker-1")
            at.append(time.monotonic())

        with _beside(kill):
            same = (_quietly(found_by), told(made)) == (expected, trials)
        return Outcome("" if same else "the answer", time.monotonic() - at[0])


def _quietly(found_by: Callable[[int], Any]) -> Any:
    from prefect.logging import disable_run_logger

    with disable_run_logger():
        return found_by(1)


def _forget_studies(made: Project) -> None:
    for path in (made.home / "store" / "studies").glob("*"):
        path.unlink()


@contextmanager
def _beside(work: Callable[[], None]) -> Iterator[None]:
    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        thread.join()
