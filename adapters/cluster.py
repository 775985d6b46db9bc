"""Dask: where candidates are fitted; a cluster in this process, or the one that `EVERFIT_DASK` names."""

import logging
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from adapters.settings import settings
from core.errors import OutsideError

LOOPBACK = "127.0.0.1:0"
Item = TypeVar("Item")
Answer = TypeVar("Answer")


def default_workers() -> int:
    """As many as this machine has cores for us."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def cluster(n_workers: int | None = None) -> Iterator[Any]:
    """A Dask client, gone with everything that it started when the block ends.

    Args:
        n_workers: Workers of the local cluster; default one a core. A named cluster has its own number.

    Raises:
        OutsideError: The scheduler that `EVERFIT_DASK` names does not answer.
    """
    from distributed import Client, LocalCluster

    logging.getLogger("distributed").setLevel(logging.WARNING)
    if settings().dask:
        try:
            client = Client(settings().dask, timeout="15s")
        except (OSError, ValueError) as error:
            raise OutsideError(
                f"the Dask scheduler {settings().dask} does not answer",
                str(error),
                "start it, or unset EVERFIT_DASK to fit in this process",
            ) from error
        with client:
            yield client
        return
    # Workers are threads: fits release the interpreter lock, and no process has to import the libraries again.
    local = LocalCluster(
        n_workers=n_workers or default_workers(),
        threads_per_worker=1,
        processes=False,
        # Dask always serves its pages; without an address it would do so on every interface.
        dashboard_address=LOOPBACK,
        worker_dashboard_address=LOOPBACK,
        local_directory=str(settings().home / "dask"),
    )
    with local, Client(local) as client:
        yield client


def in_parallel(client: Any, function: Callable[[Item], Answer], items: Sequence[Item]) -> list[Answer]:
    """The function's answer for each item, in the order of the items."""
    # Not pure: equal items are computed again, instead of being taken from an earlier batch.
    answers: list[Answer] = client.gather(client.map(function, items, pure=False))
    return answers
