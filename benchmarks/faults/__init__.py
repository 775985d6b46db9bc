"""What is killed, what was lost, and how long until all is as if nothing had happened: real processes, real servers."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import pytest

from benchmarks.faults.on_a_stack import (
    on_a_stack,
    server_dies_between_event_and_run,
    server_dies_while_an_event_is_sent,
    worker_dies_before_it_takes_the_run,
)
from benchmarks.faults.play import Outcome
from benchmarks.faults.searching import N_TRIALS, killed_dask_worker, killed_training
from benchmarks.faults.services import AWAY_S, full_disk, registry_away, store_away
from core.errors import EverfitError

FAULTS: dict[tuple[str, str, str], Callable[[], Outcome]] = {
    ("kill -9 of the training process", "tune", f"a search of {N_TRIALS} trials"): killed_training,
    ("kill -9 of one of two Dask workers", "tune", f"a search of {N_TRIALS} trials"): killed_dask_worker,
    (f"S3 server gone for {AWAY_S:g} s", "ingest", "a training"): store_away("ingest"),
    (f"S3 server gone for {AWAY_S:g} s", "register", "a training"): store_away("register"),
    (f"MLflow gone for {AWAY_S:g} s", "release", "a release"): registry_away,
    ("disk full", "land", "a table of 1500 rows"): full_disk,
    ("kill -9 of the worker", "pending", "a training by an event"): on_a_stack(worker_dies_before_it_takes_the_run),
    ("kill -9 of the Prefect server", "sending", "a training by an event"): on_a_stack(
        server_dies_while_an_event_is_sent
    ),
    ("kill -9 of the Prefect server", "scheduling", "a training by an event"): on_a_stack(
        server_dies_between_event_and_run
    ),
}


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
def prefect_server() -> Iterator[None]:
    from prefect.testing.utilities import prefect_test_harness

    with prefect_test_harness(server_startup_timeout=180):
        yield
