"""A search whose worker or whose own process is killed in the middle ends as if nobody had."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from adapters.settings import settings
from core.fitting import Candidate, try_candidate
from tasks.tuning import Crew, Trials, tune
from tests.conftest import Project
from tests.fault_table import Survives
from tests.tasks.test_tuning import LEARNING, features, search

N_TRIALS = 24
PATIENCE_S = 120


@pytest.fixture(autouse=True)
def without_a_run() -> Iterator[None]:
    """The task is called by its function."""
    from prefect.logging import disable_run_logger

    with disable_run_logger():
        yield


def found_by(workers: int) -> Trials:
    return tune.fn(features(), search(trials=N_TRIALS), LEARNING, (), Crew("toy", workers))


def drive(home: str) -> None:
    """What the killed process does; its environment is the tests' own, since it has imported them."""
    from prefect.logging import disable_run_logger

    os.environ["EVERFIT_HOME"] = home
    with disable_run_logger():
        found_by(1)


def told(project: Project) -> list[tuple[Any, ...]]:
    """Parameters, state and curve of each trial in the stored study, in the order of telling."""
    import optuna
    from optuna.storages.journal import JournalFileBackend, JournalStorage

    (path,) = (project.home / "store" / "studies").glob("*.log")
    study = optuna.load_study(study_name=None, storage=JournalStorage(JournalFileBackend(str(path))))
    return [(trial.params, trial.state, trial.user_attrs["curve"]) for trial in study.trials]


def n_told(folder: Path) -> int:
    # A line creates the study; each further whole one is a trial.
    return sum(path.read_bytes().count(b"\n") - 1 for path in (folder / "store" / "studies").glob("*.log"))


def wait_for(condition: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if answer := condition():
            return answer
        time.sleep(0.005)
    raise AssertionError("what the test waits for has not happened")


def workers_of_this_process() -> list[psutil.Process]:
    return [each for each in psutil.Process().children() if "spawn_main" in " ".join(each.cmdline())]


def test_search_with_a_killed_worker_finds_what_it_finds_without(
    project: Project, monkeypatch: pytest.MonkeyPatch, survives: Survives
):
    expected, trials = found_by(1), told(project)
    for path in (project.home / "store" / "studies").glob("*"):
        path.unlink()
    monkeypatch.setenv("EVERFIT_WORKERS", "processes")
    settings.cache_clear()
    killed_after: list[int] = []

    def kill() -> None:
        wait_for(lambda: n_told(project.home) >= 3)
        workers_of_this_process()[0].kill()
        fault.since = time.monotonic()
        killed_after.append(n_told(project.home))

    with survives("kill -9 of a worker of the local cluster", "tune", f"a search of {N_TRIALS} trials") as fault:
        killer = threading.Thread(target=kill)
        killer.start()
        found = found_by(2)
        killer.join()
    assert 3 <= killed_after[0] < N_TRIALS
    assert found == expected
    assert told(project) == trials


def test_training_process_that_was_killed_goes_on_at_the_last_told_trial(
    project: Project, monkeypatch: pytest.MonkeyPatch, survives: Survives
):
    code = f"from tests.faults.test_search import drive; drive({str(project.home)!r})"
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    driver = subprocess.Popen([sys.executable, "-c", code], env=environment)
    wait_for(lambda: n_told(project.home) >= 5 or driver.poll() is not None)
    driver.kill()
    driver.wait()
    n_before = n_told(project.home)
    fitted: list[Candidate] = []

    def counted(candidate: Candidate, *rest: Any) -> Any:
        fitted.append(candidate)
        return try_candidate(candidate, *rest)

    monkeypatch.setattr("adapters.trials.try_candidate", counted)
    with survives("kill -9 of the training process", "tune", f"a search of {N_TRIALS} trials"):
        resumed, trials = found_by(1), told(project)
    assert 5 <= n_before < N_TRIALS
    assert len(fitted) == N_TRIALS - n_before
    for path in (project.home / "store" / "studies").glob("*"):
        path.unlink()
    assert (found_by(1), told(project)) == (resumed, trials)
