"""What a stage needs goes away in the middle of it, or does badly: the bucket, the registry, its database, the disk."""

import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from adapters import journal, registry
from adapters.settings import settings
from adapters.storage import store_path
from core.errors import StorageUnavailable
from tasks.landing import land_frame
from tests.bad_line import BadLine, bad_line
from tests.buckets import BucketServer, bucket_server, forget_connections
from tests.conftest import Project, toy_table
from tests.fault_table import Survives
from tests.faults.play import half_files, when
from tests.servers import make_database, mlflow_server, postgres

pytestmark = [pytest.mark.usefixtures("harness"), pytest.mark.timeout(600)]

AWAY_S = 4.0
# What a stage calls first.
STAGES = {
    "ingest": "tasks.data.check_store",
    "tune": "tasks.tuning.read_array",
    "register": "tasks.registering.write_reference",
}


def after_a_while(put_right: Callable[[], None]) -> None:
    threading.Timer(AWAY_S, put_right).start()


def trained() -> int | None:
    from flows.training import train

    version: int | None = train("toy", workers=1).version
    return version


def missing_of_one_training() -> list[str]:
    versions = [version["version"] for version in registry.list_versions("toy")]
    lost = [] if versions == [1] else [f"versions {versions}"]
    lost += [] if len(journal.entries("toy", "training")) == 1 else ["the journal's entry"]
    return lost + journal.faults("toy") + half_files()


@pytest.fixture
def bucket(tiny: Project, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[BucketServer]:
    (tiny.home / "buckets" / "bucket").mkdir(parents=True)
    with bucket_server(tiny.home / "buckets") as server:
        # No cached stage knows it.
        monkeypatch.setenv("EVERFIT_STORE", f"s3://bucket/{abs(hash(request.node.name))}")
        settings.cache_clear()
        yield server
    forget_connections()


@pytest.fixture
def line(bucket: BucketServer) -> Iterator[BadLine]:
    with bad_line(bucket.address) as made:
        yield made


@pytest.mark.parametrize("stage", ["ingest", "register"])
def test_bucket_that_is_gone_for_a_while_costs_the_while(
    bucket: BucketServer, monkeypatch: pytest.MonkeyPatch, stage: str, survives: Survives
) -> None:
    land_frame("toy", toy_table(1500), "day", tell=False)

    def gone() -> None:
        bucket.kill()
        after_a_while(bucket.start)

    at = when(monkeypatch, STAGES[stage], gone)
    with survives(f"S3 server gone for {AWAY_S:g} s", stage, "a training") as fault:
        assert trained() == 1
        fault.since = at[0]
        fault.lost += missing_of_one_training()


@pytest.mark.parametrize(
    ("how", "stage"),
    [("503", "ingest"), ("503", "register"), ("half", "ingest"), ("half", "tune"), ("slow", "register"),
     ("denied", "register")],
)  # fmt: skip
def test_bucket_that_does_badly_for_a_while_costs_the_while(
    line: BadLine, monkeypatch: pytest.MonkeyPatch, how: str, stage: str, survives: Survives
) -> None:
    land_frame("toy", toy_table(1500), "day", tell=False)
    at = when(monkeypatch, STAGES[stage], lambda: line.go_bad(how, AWAY_S))
    with survives(f"S3 answers: {how}, for {AWAY_S:g} s", stage, "a training") as fault:
        assert trained() == 1
        fault.since = at[0]
        fault.lost += missing_of_one_training()
    assert line.n_hit > 0


def test_registry_that_is_gone_for_a_while_costs_the_while(
    tiny: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, survives: Survives
) -> None:
    from flows.release import release

    with (
        postgres() as databases,
        mlflow_server(make_database(databases, "mlflow"), str(tmp_path / "artifacts"), tmp_path) as server,
    ):
        monkeypatch.setenv("EVERFIT_MLFLOW", server.address)
        monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
        settings.cache_clear()
        land_frame("toy", toy_table(1500), "day", tell=False)

        def gone() -> None:
            server.kill()
            after_a_while(server.start)

        at = when(monkeypatch, STAGES["register"], gone)
        with survives(f"kill -9 of MLflow, gone for {AWAY_S:g} s", "register", "a training") as fault:
            assert trained() == 1
            fault.since = at[0]
            fault.lost += missing_of_one_training()
        at = when(monkeypatch, "tasks.releasing.moves.make", gone)
        with survives(f"kill -9 of MLflow, gone for {AWAY_S:g} s", "release", "a release") as fault:
            outcome = release("toy", 1, approved_by="ada")
            fault.since = at[0]
            moved = [entry["to_version"] for entry in journal.entries("toy", "release")]
            same = (outcome.verdict, registry.champion_number("toy"), moved) == ("released", 1, [1])
            fault.lost += [] if same else [f"{outcome.verdict}, journal {moved}"]


def test_database_of_the_registry_that_is_locked_for_a_while_costs_the_while(
    tiny: Project, monkeypatch: pytest.MonkeyPatch, survives: Survives
) -> None:
    land_frame("toy", toy_table(1500), "day", tell=False)

    def locked() -> None:
        holder = sqlite3.connect(tiny.home / "mlflow.db", isolation_level=None, check_same_thread=False)
        holder.execute("BEGIN EXCLUSIVE")
        after_a_while(holder.close)

    at = when(monkeypatch, STAGES["register"], locked)
    with survives(f"SQLite of MLflow locked for {AWAY_S:g} s", "register", "a training") as fault:
        assert trained() == 1
        fault.since = at[0]
        fault.lost += missing_of_one_training()


def test_table_that_finds_no_room_leaves_nothing_and_lands_when_there_is_some(
    tiny: Project, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest, survives: Survives
) -> None:
    small = tiny.home / "small"
    small.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", "size=200k", "none", small]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("no small disk can be mounted here")
    request.addfinalizer(lambda: subprocess.run(["umount", "-l", small], check=False))
    monkeypatch.setenv("EVERFIT_STORE", str(small))
    settings.cache_clear()
    (small / "ballast").write_bytes(bytes(190_000))
    with survives("disk full", "land", "a table of 1500 rows") as fault:
        with pytest.raises(StorageUnavailable):
            land_frame("toy", toy_table(1500), "day", tell=False)
        left = [str(path) for path in small.rglob("*") if path.is_file() and path.name != "ballast"]
        (small / "ballast").unlink()
        fault.since = time.monotonic()
        landed = land_frame("toy", toy_table(1500), "day", tell=False)
        fault.lost += left
    assert landed is not None
    assert store_path("lake", "toy") in str(next(small.rglob("*.parquet")))
