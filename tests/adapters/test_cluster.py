import os
import signal
import time
from pathlib import Path

import psutil
import pytest

from adapters.cluster import Size, cluster, kind_for, size_for, started
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
    assert size_for(4, 2 * GIGA, "processes", free=5 * GIGA) == Size(2, "processes", 5 * GIGA // 2)


def test_table_that_fits_no_worker_is_refused_with_its_bytes():
    with pytest.raises(TrainingError, match="needs 6,000,000,000 bytes, 5,000,000,000 are free"):
        size_for(4, 6 * GIGA, "processes", free=5 * GIGA)


def test_one_worker_needs_no_process_of_its_own():
    assert size_for(1, GIGA, "processes", free=5 * GIGA).kind == "threads"


@pytest.mark.usefixtures("project")
def test_answers_come_in_order_from_threads_of_this_process(tmp_path: Path):
    seen = tmp_path / "seen"
    seen.mkdir()
    with cluster(Size(2, "threads", GIGA)) as client:
        waiting = [started(client, 0, square_in, str(seen), number) for number in range(5)]
        assert [wait() for wait in waiting] == [0, 1, 4, 9, 16]
    assert pids(seen) == {os.getpid()}


@pytest.mark.usefixtures("project")
def test_killed_worker_costs_nothing_but_time(tmp_path: Path):
    seen = tmp_path / "seen"
    seen.mkdir()
    with cluster(Size(2, "processes", GIGA)) as client:
        waiting = [started(client, 0, square_in, str(seen), number, 0.5) for number in range(8)]
        deadline = time.monotonic() + 180
        while not any(seen.iterdir()) and time.monotonic() < deadline:
            time.sleep(0.05)
        os.kill(min(pids(seen)), signal.SIGKILL)
        assert [wait() for wait in waiting] == [number * number for number in range(8)]
    assert len(pids(seen)) >= 2


@pytest.mark.usefixtures("project")
def test_fit_that_kills_every_worker_is_given_up():
    with cluster(Size(2, "processes", GIGA)) as client:
        assert started(client, 0, die)() is None


def test_cluster_that_does_not_answer_is_told(project: Project, monkeypatch: pytest.MonkeyPatch):
    from adapters import cluster as module
    from adapters.settings import settings

    where = settings().model_copy(update={"dask": "not-an-address"})
    monkeypatch.setattr(module, "settings", lambda: where)
    with pytest.raises(OutsideError, match="does not answer"), cluster(Size(1, "threads", GIGA)):
        pass


@pytest.mark.usefixtures("project")
def test_mixed_crew_begins_in_this_process_and_is_joined_by_others(tmp_path: Path):
    seen = tmp_path / "seen"
    seen.mkdir()
    with cluster(Size(2, "mixed", GIGA)) as client:
        assert started(client, 0, square_in, str(seen), 0)() == 0
        assert pids(seen) == {os.getpid()}
        client.wait_for_workers(2, timeout=180)
        waiting = [started(client, 0, square_in, str(seen), number, 0.2) for number in range(1, 7)]
        assert [wait() for wait in waiting] == [1, 4, 9, 16, 25, 36]
    assert len(pids(seen)) == 2


@pytest.mark.usefixtures("project")
def test_mixed_crew_may_end_before_the_others_have_come(tmp_path: Path):
    before = psutil.Process().children(recursive=True)
    with cluster(Size(3, "mixed", GIGA)) as client:
        assert started(client, 0, square_in, str(tmp_path), 3)() == 9
    new = [child for child in psutil.Process().children(recursive=True) if child not in before]
    # Python's own watcher over shared memory stays with the process.
    assert not [child for child in new if "resource_tracker" not in " ".join(child.cmdline())]


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(
    ("n_workers", "table_bytes", "work", "expected"),
    [
        (2, 10**8, 10**9, "mixed"),
        (16, 10**8, 10**9, "processes"),
        (16, 10**5, 10**6, "threads"),
        (2, 2 * 10**9, 10**9, "processes"),
    ],
)
def test_processes_are_for_who_has_much_to_do_and_alone_for_many_workers_and_large_tables(
    n_workers, table_bytes, work, expected
):
    assert kind_for(n_workers, table_bytes, work) == expected


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("said", ["threads", "mixed", "processes"])
def test_setting_decides_what_workers_are(said, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("EVERFIT_WORKERS", said)
    settings.cache_clear()
    assert {kind_for(n_workers, 10**6, work) for n_workers in (2, 16) for work in (1, 10**9)} == {said}
