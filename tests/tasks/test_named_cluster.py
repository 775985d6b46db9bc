"""A Dask cluster by its address: a real scheduler, and workers that have the libraries but not the project."""

import io
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from adapters import equipping, remote
from adapters.cluster import cluster, in_parallel, started, threads, versions_of_cluster
from adapters.scoring import Way, score_table
from adapters.sent_code import Code, code
from adapters.settings import PROJECT, settings
from adapters.trials import fit_members, read_rows
from core.errors import OutsideError, StorageUnavailable, TrainingError
from core.families import FAMILIES
from core.fitting import Candidate, predict, search_value
from tasks.profiling import _each
from tasks.tuning import Crew, Trials, tune
from tests.buckets import bucket_server
from tests.clusters import DaskCluster, dask_cluster
from tests.conftest import Project, toy_table
from tests.fault_table import Survives
from tests.faults.test_search import n_told, told, wait_for
from tests.tasks.test_tuning import LEARNING, features, forget, search

N_TRIALS = 10


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskCluster]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        with dask_cluster(tmp_path_factory.mktemp("dask") / "cluster", 2) as started_:
            yield started_


def use(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVERFIT_DASK", address)
    settings.cache_clear()


@pytest.fixture
def named(running: DaskCluster, project: Project, monkeypatch: pytest.MonkeyPatch) -> DaskCluster:
    use(running.address, monkeypatch)
    return running


def where_am_i(number: int) -> tuple[int, str]:
    import os

    import core

    time.sleep(0.2)
    return os.getpid(), str(core.__file__)


def by_value() -> None:
    # Of the tests workers have nothing either.
    import cloudpickle

    cloudpickle.register_pickle_by_value(sys.modules[__name__])


def test_calls_run_on_workers_with_the_code_of_this_process(named: DaskCluster) -> None:
    by_value()
    with cluster(threads()) as client:
        answers = in_parallel(client, where_am_i, range(6))
    assert len({pid for pid, _ in answers}) == 2
    assert {Path(place).parents[1].name for _, place in answers} == {code().name}
    assert all(str(named.folder) in place and str(PROJECT) not in place for _, place in answers)


def found() -> Trials:
    return tune.fn(features(), search(trials=N_TRIALS), LEARNING, (), Crew("toy", 1))


def test_search_finds_there_what_it_finds_here_though_a_worker_is_killed(
    project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, survives: Survives
) -> None:
    expected, trials = found(), told(project)
    rows = features()
    here = [predict(each, [[0.1] * 4], "binary") for each in fit_members(rows, expected.members, LEARNING)]
    forget(project)
    with dask_cluster(tmp_path / "own", 2) as own:
        use(own.address, monkeypatch)

        def kill() -> None:
            wait_for(lambda: n_told(project.home) >= 3)
            own.kill("worker-1")
            fault.since = time.monotonic()

        with survives("kill -9 of a worker of a named cluster", "tune", f"a search of {N_TRIALS} trials") as fault:
            killer = threading.Thread(target=kill)
            killer.start()
            assert (found(), told(project)) == (expected, trials)
            killer.join()
        assert "worker-1" not in own.processes
        forget(project)
        # With the one that is left, from the start.
        assert (found(), told(project)) == (expected, trials)
        there = [predict(each, [[0.1] * 4], "binary") for each in fit_members(rows, expected.members, LEARNING)]
        assert [each.tolist() for each in there] == [each.tolist() for each in here]
    assert len(trials) == N_TRIALS


def test_batch_is_scored_there_as_here(
    project: Project, running: DaskCluster, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from adapters.registry import find_version
    from adapters.specs import read_spec
    from tests.serving.test_watcher import add_version

    version, spec = find_version("toy", add_version("s1")), read_spec("toy")
    pd.concat([toy_table(500, seed=3), toy_table(10, seed=3)]).to_parquet(tmp_path / "new.parquet")
    source, written = str(tmp_path / "new.parquet"), []
    for address in ("", running.address):
        use(address, monkeypatch)
        with cluster(threads(1)) as client:
            score_table(version, spec, source, str(tmp_path / "out.csv"), Way(n_rows=60, client=client))
        written.append((tmp_path / "out.csv").read_text())
    assert written[0] == written[1]


def test_profile_is_counted_there_by_a_users_own_step(named: DaskCluster, project: Project) -> None:
    from adapters.custom_code import find_code, load_step

    (project.models / "own.py").write_text("FACTOR = 3\n\ndef threefold(n):\n    return n * FACTOR\n")
    step = load_step(find_code("own:threefold"))
    assert step is not None
    assert _each(step, range(4)) == [0, 3, 6, 9]


def test_last_fit_of_all_workers_together_is_theirs(named: DaskCluster) -> None:
    pytest.importorskip("xgboost", reason="xgboost is not installed, `pip install 'everfit[distributed]'` brings it")
    member = Candidate("xgboost", tuple(FAMILIES["xgboost"].start.items()))
    (fitted,) = fit_members(features(), [member], LEARNING, distributed=True)
    held = read_rows(features(), "trees")[1]
    assert type(fitted).__name__ == "XGBClassifier"
    assert search_value(LEARNING, held.y, predict(fitted, held.x, "binary")) > 0.7


def other(digest: str) -> Code:
    """The code as somebody else may have it, with one more module."""
    buffer = io.BytesIO(code().content)
    with zipfile.ZipFile(buffer, "a") as packed:
        packed.writestr("core/marker.py", f"DIGEST = '{digest}'")
    return Code(digest, buffer.getvalue())


def read_marker(_: int) -> Any:
    import importlib

    return importlib.import_module("core.marker").DIGEST


def test_two_versions_of_the_code_share_the_workers(named: DaskCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    by_value()
    for digest in ("a" * 16, "b" * 16, "a" * 16):
        mine = other(digest)
        monkeypatch.setattr(remote, "code", lambda mine=mine: mine)
        monkeypatch.setattr(equipping, "code", lambda mine=mine: mine)
        with cluster(threads()) as client:
            assert set(in_parallel(client, read_marker, range(4))) == {digest}


def test_worker_with_another_version_of_a_library_is_told(named: DaskCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.sent_code.versions", lambda: {"numpy": "1.0", "python": "3.11"})
    code.cache_clear()
    try:
        with pytest.raises(OutsideError, match=r"other versions") as refused, cluster(threads()):
            pytest.fail("the worker computes")
    finally:
        code.cache_clear()
    assert "instead of 1.0" in refused.value.why
    assert "requirements.lock" in refused.value.fix


def test_store_that_a_worker_cannot_read_is_told(
    named: DaskCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "buckets" / "bucket").mkdir(parents=True)
    with bucket_server(tmp_path / "buckets"):
        monkeypatch.setenv("EVERFIT_STORE", "s3://bucket/everfit")
        settings.cache_clear()
        with pytest.raises(StorageUnavailable, match="does not share the store s3://bucket/everfit") as refused:
            tune.fn(features(), search(), LEARNING, (), Crew("toy"))
    assert "credentials" in refused.value.why + refused.value.fix


def test_worker_that_is_too_small_is_told(named: DaskCluster) -> None:
    from adapters.cluster import size_for

    with (
        pytest.raises(TrainingError, match="too large for the workers"),
        cluster(size_for(1, 10**15, "threads", free=0)),
    ):
        pytest.fail("a worker with so much memory")


def test_cluster_is_examined_in_words(named: DaskCluster) -> None:
    assert versions_of_cluster(named.address).startswith(f"2 workers at {named.address}")


def test_scheduler_without_workers_and_one_that_dies_in_the_middle_are_told(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_value()
    with dask_cluster(tmp_path / "empty", 0) as own:
        use(own.address, monkeypatch)
        with pytest.raises(OutsideError, match="has no workers"), cluster(threads()):
            pytest.fail("nobody works")
        own.start_worker("late")
        wait_for(lambda: _has_worker(own.address))
        with cluster(threads()) as client:
            wait = started(client, 0, time.sleep, 600)
            own.kill("scheduler")
            with pytest.raises(OutsideError, match="went away in the middle"):
                wait()


def _has_worker(address: str) -> bool:
    from distributed import Client

    with Client(address) as client:
        return bool(client.ncores())
