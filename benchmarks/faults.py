"""What is killed, what was lost, and how long until all is as if nothing had happened: real processes, real servers."""

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from adapters import journal, registry
from adapters.settings import PROJECT, settings
from adapters.storage import list_files, store_path
from core.errors import EverfitError, StorageUnavailable
from core.events import DriftDetected
from tasks.landing import land_frame
from tests.buckets import bucket_server, forget_connections
from tests.clusters import dask_cluster
from tests.conftest import TOY, Project, in_use, toy_table
from tests.servers import make_database, mlflow_server, postgres, until

N_TRIALS = 24
AWAY_S = 4.0
TINY = TOY.replace("[hist_gradient_boosting, logistic_regression], trials: 4", "[logistic_regression], trials: 1")
DRIVE = "from tests.tasks.test_kills import drive; drive({home!r})"


@dataclass(frozen=True)
class Outcome:
    """What came of a fault.

    Attributes:
        lost: What a person would miss; empty for nothing.
        seconds: From the fault to the end of the work that it hit.
    """

    lost: str
    seconds: float


def run(options: Sequence[str] = ()) -> None:
    """Play all faults, or with `--STAGE` those of a stage."""
    stages = {option.removeprefix("--") for option in options}
    chosen = {named: play for named, play in FAULTS.items() if not stages or named[1] in stages}
    print(f"{'fault':<36} {'stage':<11} {'asked':<24} {'lost':<12} {'recovered in':>12}")
    with prefect_server():
        for (fault, stage, asked), play in chosen.items():
            print(f"{fault:<36} {stage:<11} {asked:<24} {_told(play)}", flush=True)


def _told(play: Callable[[], Outcome]) -> str:
    try:
        outcome = play()
    # A fault that is not survived is a line of the table too.
    except (EverfitError, AssertionError, pytest.skip.Exception, pytest.fail.Exception) as error:
        return f"{type(error).__name__}: {' '.join(str(error).split())[:120]}"
    return f"{outcome.lost or 'nothing':<12} {outcome.seconds:>10.1f} s"


@contextmanager
def project() -> Iterator[Project]:
    with tempfile.TemporaryDirectory(prefix="everfit-faults-") as folder, in_use(Project(Path(folder))) as made:
        made.write_spec(TINY)
        yield made


@contextmanager
def prefect_server() -> Iterator[None]:
    from prefect.testing.utilities import prefect_test_harness

    with prefect_test_harness(server_startup_timeout=180):
        yield


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


def on_a_stack(hit: Callable[[Any, Any], float]) -> Callable[[], Outcome]:
    """A part of the local stack is killed around an event that asks for a training."""

    def play() -> Outcome:
        from prefect.client.orchestration import get_client
        from prefect.settings import PREFECT_API_URL, temporary_settings

        from deployments.observe import run_for
        from deployments.ports import Ports, free_port
        from deployments.stack import local_stack

        with project(), ExitStack() as opened:
            land_frame("toy", toy_table(1500), "day", tell=False)
            stack = opened.enter_context(local_stack(settings(), Ports(free_port())))
            opened.enter_context(temporary_settings({PREFECT_API_URL: stack.prefect_api}))
            client = opened.enter_context(get_client(sync_client=True))
            event = DriftDetected(model="toy", cause="a fault", severity="decay", decision="retrain")
            at = hit(stack, event)
            ended = run_for(client, "train", str(event.id), lambda: None)
            seconds = time.monotonic() - at
            n_trained = len(journal.entries("toy", "training"))
            same = ended.state_name == "Registered" and n_trained == 1 and len(registry.list_versions("toy")) == 1
            return Outcome("" if same else f"{ended.state_name}, {n_trained} trainings", seconds)

    return play


def worker_dies_before_it_takes_the_run(stack: Any, event: DriftDetected) -> float:
    from tasks.announce import send_from_outside

    _kill(stack, "deployments.worker")
    at = time.monotonic()
    send_from_outside(event)
    return at


def server_dies_while_an_event_is_sent(stack: Any, event: DriftDetected) -> float:
    """Whoever sends is told that it was not received, and sends it again."""
    from tasks.announce import send_from_outside

    _kill(stack, "server")
    at = time.monotonic()
    refused = 0
    while True:
        try:
            send_from_outside(event)
        except EverfitError:
            refused += 1
            time.sleep(1)
        else:
            break
    assert refused, "the server was back before the event was sent"
    return at


def server_dies_between_event_and_run(stack: Any, event: DriftDetected) -> float:
    from tasks.announce import send_from_outside

    send_from_outside(event)
    # Received and recorded; the run may or may not be made yet.
    _kill(stack, "server")
    return time.monotonic()


def worker_and_run_die() -> Outcome:
    """A run goes with its worker, as when a machine does: nobody is left who could say so."""
    from prefect.client.orchestration import get_client
    from prefect.settings import PREFECT_API_URL, temporary_settings

    from deployments.ports import Ports, free_port
    from deployments.processes import FLOW_RUN, mark_of, marked
    from deployments.stack import local_stack
    from tasks.announce import send_from_outside

    with project(), ExitStack() as opened:
        land_frame("toy", toy_table(1500), "day", tell=False)
        stack = opened.enter_context(local_stack(settings(), Ports(free_port())))
        opened.enter_context(temporary_settings({PREFECT_API_URL: stack.prefect_api}))
        client = opened.enter_context(get_client(sync_client=True))
        send_from_outside(DriftDetected(model="toy", cause="a fault", severity="decay", decision="retrain"))
        until(lambda: [run for run in client.read_flow_runs() if run.state_name == "Running"])
        (found,) = client.read_flow_runs()
        # Stopped first: it would see its run die, and say so before it dies itself.
        worker = next(each for each in marked(mark_of(stack.home)) if "deployments.worker" in each.cmdline())
        worker.suspend()
        for each in marked(mark_of(stack.home), FLOW_RUN):
            each.kill()
        worker.kill()
        at = time.monotonic()
        until(lambda: client.read_flow_run(found.id).state_name != "Running")
        state = client.read_flow_run(found.id).state_name
        seconds = time.monotonic() - at
        return Outcome("" if state == "Crashed" and not registry.list_versions("toy") else f"marked {state}", seconds)


STAGES = {"ingest": "tasks.data.check_store", "register": "tasks.registering.write_reference"}
FAULTS: dict[tuple[str, str, str], Callable[[], Outcome]] = {
    ("kill -9 of the training process", "tune", f"a search of {N_TRIALS} trials"): killed_training,
    ("kill -9 of one of two Dask workers", "tune", f"a search of {N_TRIALS} trials"): killed_dask_worker,
    (f"S3 server gone for {AWAY_S:g} s", "ingest", "a training"): store_away("ingest"),
    (f"S3 server gone for {AWAY_S:g} s", "register", "a training"): store_away("register"),
    (f"MLflow gone for {AWAY_S:g} s", "release", "a release"): registry_away,
    ("disk full", "land", "a table of 1500 rows"): full_disk,
    ("kill -9 of the worker", "pending", "a training by an event"): on_a_stack(worker_dies_before_it_takes_the_run),
    ("kill -9 of run and worker", "tune", "the run marked crashed"): worker_and_run_die,
    ("kill -9 of the Prefect server", "sending", "a training by an event"): on_a_stack(
        server_dies_while_an_event_is_sent
    ),
    ("kill -9 of the Prefect server", "scheduling", "a training by an event"): on_a_stack(
        server_dies_between_event_and_run
    ),
}


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


def _away(kill: Callable[[], None], start: Callable[[], None]) -> None:
    kill()
    threading.Timer(AWAY_S, start).start()


def _when(patch: pytest.MonkeyPatch, name: str, hit: Callable[[], None]) -> list[float]:
    """Hit before the first call of a function; the list is given the moment."""
    place, _, last = name.rpartition(".")
    from importlib import import_module

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


def _kill(stack: Any, word: str) -> None:
    from deployments.processes import mark_of, marked

    next(process for process in marked(mark_of(stack.home)) if word in process.cmdline()).kill()
