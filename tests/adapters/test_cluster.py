import os
import signal
import time
from pathlib import Path

import pytest

from adapters.cluster import Size, by_processes, cluster, size_for, started
from adapters.settings import settings
from core.errors import OutsideError, TrainingError
from tests.conftest import Project

GIGA = 10**9


def square_in(folder: str, number: int, seconds: float = 0.0) -> int:
    (Path(folder) / f"{os.getpid()}-{number}").touch()
    time.sleep(seconds)
    return number * number


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def pids(folder: Path) -> set[int]:
    return {int(path.name.split("-")[0]) for path in folder.iterdir()}


def test_fewer_workers_are_taken_where_memory_is_short():
    assert size_for(4, 2 * GIGA, processes=True, free=5 * GIGA) == Size(2, True, 5 * GIGA // 2)


def test_table_that_fits_no_worker_is_refused_with_its_bytes():
    with pytest.raises(TrainingError, match="needs 6,000,000,000 bytes, 5,000,000,000 are free"):
        size_for(4, 6 * GIGA, processes=True, free=5 * GIGA)


def test_one_worker_needs_no_process_of_its_own():
    assert not size_for(1, GIGA, processes=True, free=5 * GIGA).processes


@pytest.mark.usefixtures("project")
def test_answers_come_in_order_from_threads_of_this_process(tmp_path: Path):
    seen = tmp_path / "seen"
    seen.mkdir()
    with cluster(Size(2, False, GIGA)) as client:
        waiting = [started(client, 0, square_in, str(seen), number) for number in range(5)]
        assert [wait() for wait in waiting] == [0, 1, 4, 9, 16]
    assert pids(seen) == {os.getpid()}


@pytest.mark.usefixtures("project")
def test_killed_worker_costs_nothing_but_time(tmp_path: Path):
    seen = tmp_path / "seen"
    seen.mkdir()
    with cluster(Size(2, True, GIGA)) as client:
        waiting = [started(client, 0, square_in, str(seen), number, 0.5) for number in range(8)]
        deadline = time.monotonic() + 180
        while not any(seen.iterdir()) and time.monotonic() < deadline:
            time.sleep(0.05)
        os.kill(min(pids(seen)), signal.SIGKILL)
        assert [wait() for wait in waiting] == [number * number for number in range(8)]
    assert len(pids(seen)) >= 2


@pytest.mark.usefixtures("project")
def test_fit_that_kills_every_worker_is_given_up():
    with cluster(Size(2, True, GIGA)) as client:
        assert started(client, 0, die)() is None


def test_cluster_that_does_not_answer_is_told(project: Project, monkeypatch: pytest.MonkeyPatch):
    from adapters import cluster as module
    from adapters.settings import settings

    where = settings().model_copy(update={"dask": "not-an-address"})
    monkeypatch.setattr(module, "settings", lambda: where)
    with pytest.raises(OutsideError, match="does not answer"), cluster(Size(1, False, GIGA)):
        pass


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(
    ("n_workers", "table_bytes", "work", "expected"),
    [(2, 10**8, 10**9, False), (16, 10**8, 10**9, True), (16, 10**5, 10**6, False), (2, 2 * 10**9, 10**9, True)],
)
def test_processes_are_for_many_workers_with_much_to_do_and_for_large_tables(n_workers, table_bytes, work, expected):
    assert by_processes(n_workers, table_bytes, work) is expected


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(("said", "expected"), [("threads", False), ("processes", True)])
def test_setting_decides_for_threads_or_processes(said, expected, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("EVERFIT_WORKERS", said)
    settings.cache_clear()
    assert by_processes(2 if expected else 16, 10**6, 10**9) is expected
