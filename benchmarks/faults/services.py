"""What a stage needs goes away in the middle of it: the bucket, the registry, room on the disk."""

import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from adapters import journal, registry
from adapters.settings import settings
from adapters.storage import list_files, store_path
from benchmarks.faults.play import Outcome, project
from core.errors import StorageUnavailable
from tasks.landing import land_frame
from tests.buckets import bucket_server, forget_connections
from tests.conftest import toy_table
from tests.servers import make_database, mlflow_server, postgres

AWAY_S = 4.0
# What a stage calls first.
STAGES = {"ingest": "tasks.data.check_store", "register": "tasks.registering.write_reference"}


def store_away(stage: str) -> Callable[[], Outcome]:
    """The S3 server is killed when a stage begins, and comes back a little later."""

    def play() -> Outcome:
        with project() as made, ExitStack() as opened:
            (made.home / "buckets" / "bucket").mkdir(parents=True)
            patch = opened.enter_context(pytest.MonkeyPatch.context())
            server = opened.enter_context(bucket_server(made.home / "buckets"))
            patch.setenv("EVERFIT_STORE", f"s3://bucket/{stage}")  # No cached stage knows it.
            settings.cache_clear()
            land_frame("toy", toy_table(1500), "day", tell=False)
            at = _when(patch, STAGES[stage], lambda: _away(server.kill, server.start))
            from flows.training import train

            outcome = train("toy", workers=1)
            seconds = time.monotonic() - at[0]
            versions = [version["version"] for version in registry.list_versions("toy")]
            lost = [] if versions == [1] and outcome.version == 1 else [f"versions {versions}"]
            lost += [] if len(journal.entries("toy", "training")) == 1 else ["the journal's entry"]
            lost += [f"half a file: {name}" for name in list_files(store_path("**", "*.draft*"))]
            forget_connections()
            return Outcome(", ".join(lost), seconds)

    return play


def registry_away() -> Outcome:
    """MLflow is killed when a release is about to move the champion, and comes back at its address."""
    with project(), ExitStack() as opened:
        patch = opened.enter_context(pytest.MonkeyPatch.context())
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="everfit-mlflow-")))
        database = make_database(opened.enter_context(postgres()), "mlflow")
        server = opened.enter_context(mlflow_server(database, str(folder / "artifacts"), folder))
        patch.setenv("EVERFIT_MLFLOW", server.address)
        patch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
        settings.cache_clear()
        land_frame("toy", toy_table(1500), "day", tell=False)
        from flows.release import release
        from flows.training import train

        train("toy", workers=1)
        at = _when(patch, "tasks.releasing.moves.make", lambda: _away(server.kill, server.start))
        outcome = release("toy", 1, approved_by="ada")
        seconds = time.monotonic() - at[0]
        moved = [entry["to_version"] for entry in journal.entries("toy", "release")]
        same = (outcome.verdict, registry.champion_number("toy"), moved) == ("released", 1, [1])
        return Outcome("" if same else f"{outcome.verdict}, journal {moved}", seconds)


def full_disk() -> Outcome:
    """The disk of the store is full when a table lands; then there is room again."""
    with project() as made, ExitStack() as opened:
        small = made.home / "small"
        small.mkdir(parents=True)
        mount = ["mount", "-t", "tmpfs", "-o", "size=200k", "none", small]
        if subprocess.run(mount, check=False, capture_output=True).returncode:
            pytest.skip("no small disk can be mounted here")
        opened.callback(subprocess.run, ["umount", "-l", small], check=False)
        opened.enter_context(pytest.MonkeyPatch.context()).setenv("EVERFIT_STORE", str(small))
        settings.cache_clear()
        (small / "ballast").write_bytes(bytes(190_000))
        began = time.monotonic()
        with pytest.raises(StorageUnavailable):
            land_frame("toy", toy_table(1500), "day", tell=False)
        lost = [str(path) for path in small.rglob("*") if path.is_file() and path.name != "ballast"]
        (small / "ballast").unlink()
        land_frame("toy", toy_table(1500), "day", tell=False)
        return Outcome(", ".join(lost), time.monotonic() - began)


def _away(kill: Callable[[], None], start: Callable[[], None]) -> None:
    kill()
    threading.Timer(AWAY_S, start).start()


def _when(patch: pytest.MonkeyPatch, name: str, hit: Callable[[], None]) -> list[float]:
    """Hit before the first call of a function; the list is given the moment."""
    place, _, last = name.rpartition(".")
    words = place.split(".")
    home: Any = import_module(".".join(words[:2]))
    for word in words[2:]:
        home = getattr(home, word)
    original, at = getattr(home, last), list[float]()

    def called(*given: Any, **named: Any) -> Any:
        if not at:
            at.append(time.monotonic())
            hit()
        return original(*given, **named)

    patch.setattr(home, last, called)
    return at
