"""Dask: where candidates are fitted; a cluster on this machine, or the one that `EVERFIT_DASK` names."""

import logging
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import numpy as np

from adapters.equipping import equipped
from adapters.remote import Remote
from adapters.settings import settings
from core.errors import OutsideError, TrainingError
from core.metrics import Floats

LOOPBACK = "127.0.0.1:0"
# A fit that killed so many workers is not tried again: it needs more memory than they have.
MOST_DEATHS = 2
# Of the memory that is free, what workers may use together.
MEMORY_SHARE = 0.8
# Threads start at once, but fits on few rows hardly let each other run; processes start in seconds, and each reads its
# libraries. So little work is done by threads; else all but one worker are processes, and the one, a thread of this
# process, begins without them. Many workers leave this process to their asking, and a fit that may need more memory
# than there is must die alone.
FEW_WORKERS = 4
LARGE_BYTES = 1_000_000_000
ENOUGH_WORK = 16_000_000
Kind = Literal["threads", "mixed", "processes"]
Item = TypeVar("Item")
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Size:
    """A local cluster: processes die alone and are bounded in memory; threads start at once; mixed has one thread."""

    n_workers: int
    kind: Kind
    memory_bytes: int


def default_workers() -> int:
    """As many as this machine has cores for us."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def threads(n_workers: int | None = None) -> Size:
    """Workers that share this process and its memory; default one a core."""
    return Size(n_workers or default_workers(), "threads", memory_bytes=0)


def free_bytes() -> int:
    """Memory of this machine that nobody uses."""
    import psutil

    return int(psutil.virtual_memory().available * MEMORY_SHARE)


def kind_for(n_workers: int | None, table_bytes: int, work: float) -> Kind:
    """What workers are, unless `EVERFIT_WORKERS` says.

    Args:
        n_workers: As asked for.
        table_bytes: Of the encoded rows.
        work: Numbers of the table times trials; what is little is done before a process has started.
    """
    said = settings().workers
    if said != "auto":
        return said
    if table_bytes >= LARGE_BYTES:
        return "processes"
    if work < ENOUGH_WORK:
        return "threads"
    return "processes" if (n_workers or default_workers()) > FEW_WORKERS else "mixed"


def size_for(n_workers: int | None, bytes_each: int, kind: Kind, free: int) -> Size:
    """As many workers as were asked for, or as fit into memory; how many a named cluster has is its own affair.

    Raises:
        TrainingError: Not even one fits.
    """
    wanted = n_workers or default_workers()
    if settings().dask:
        return Size(wanted, "processes", memory_bytes=bytes_each)
    fitting = min(wanted, free // bytes_each)
    if fitting < 1:
        raise TrainingError(
            "the table is too large for this machine",
            f"a worker needs {bytes_each:,} bytes, {free:,} are free",
            "set search.max_rows, or EVERFIT_DASK to a cluster whose workers have as much",
        )
    return Size(fitting, kind if fitting > 1 else "threads", max(bytes_each, free // fitting))


@contextmanager
def cluster(size: Size) -> Iterator[Any]:
    """A Dask client, gone with everything that it started when the block ends.

    Args:
        size: Of the local cluster; a named one has its own workers, which must have the memory.

    Raises:
        OutsideError: The scheduler that `EVERFIT_DASK` names does not answer, or its workers are of no use.
    """
    import dask
    from distributed import Client

    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    if settings().dask:
        try:
            client = Client(settings().dask, timeout="15s")
        except (OSError, ValueError) as error:
            raise OutsideError(
                f"the Dask scheduler {settings().dask} does not answer",
                str(error),
                "start it, or unset EVERFIT_DASK to fit on this machine",
            ) from error
        with client:
            yield equipped(client, size.memory_bytes)
        return
    # Nothing waits at a worker that is busy: who has climbed would stand behind what was asked before it.
    rules = {"distributed.scheduler.allowed-failures": MOST_DEATHS, "distributed.scheduler.worker-saturation": 1.0}
    with dask.config.set(rules), _local(size) as local, Client(local) as client:
        if size.kind == "mixed":
            _join(local, size)
        yield client


def _local(size: Size) -> Any:
    from distributed import LocalCluster

    return LocalCluster(
        n_workers=1 if size.kind == "mixed" else size.n_workers,
        threads_per_worker=1,
        processes=size.kind == "processes",
        protocol="inproc://" if size.kind == "threads" else "tcp://",
        memory_limit=size.memory_bytes if size.kind == "processes" else 0,
        # Dask always serves its pages; without an address it would do so on every interface.
        dashboard_address=LOOPBACK,
        worker_dashboard_address=LOOPBACK,
        local_directory=str(settings().home / "dask"),
        silence_logs=logging.CRITICAL,
    )


def _join(local: Any, size: Size) -> None:
    """Let processes join the thread of a mixed cluster when they are up; nobody waits for them."""
    from distributed import Nanny

    local.new_spec = {"cls": Nanny, "options": {**local.new_spec["options"], "memory_limit": size.memory_bytes}}
    local.scale(size.n_workers)


def versions_of_cluster(address: str) -> str:
    """What the cluster at an address consists of.

    Raises:
        OutsideError: Its workers are none, have other versions of what tasks travel through, or another store.
    """
    with cluster(threads()) as client:
        n_workers = len(client.ncores())
    return f"{n_workers} workers at {address} have the versions of this process, and share its store"


def started(client: Any, priority: int, function: Callable[..., Answer], *small: Any) -> Callable[[], Answer | None]:
    """Start a call on a worker; what is returned waits for its answer, None when it killed its workers.

    Args:
        client: Of `cluster`.
        priority: Higher goes first.
        function: Of a module of the project.
        small: Its arguments, which travel with it.
    """
    from distributed import KilledWorker

    # Not pure: an equal call is computed again, instead of being taken from an earlier one.
    future = client.submit(function, *small, pure=False, priority=priority)

    def wait() -> Answer | None:
        try:
            answer: Answer = future.result()
        except KilledWorker:
            return None
        return answer

    return wait


def in_parallel(client: Any, function: Callable[[Item], Answer], items: Sequence[Item]) -> list[Answer]:
    """The function's answer for each item, in the order of the items."""
    # Not pure: equal items are computed again, instead of being taken from an earlier batch.
    answers: list[Answer] = client.gather(client.map(function, items, pure=False))
    return answers


def dask_client(client: Any) -> Any:
    """Dask's own client, for a library that brings its own calls: what it sends is known to the workers."""
    return client.client if isinstance(client, Remote) else client


def rows_in_parts(client: Any, read: Callable[[int, int], Floats], parts: Sequence[tuple[int, int]], width: int) -> Any:
    """A Dask array of two dimensions whose parts the workers read; `read` is given a part's first row and its end."""
    from dask import array
    from dask.delayed import delayed

    # Not pure: what a name says of the arguments would need the reader to be hashed.
    calls = [client.plain(read, *part) if isinstance(client, Remote) else (read, *part) for part in parts]
    blocks = [delayed(call, pure=False)(*given) for call, *given in calls]
    sized = zip(blocks, parts, strict=True)
    return array.concatenate(
        [array.from_delayed(block, (stop - start, width), dtype=float) for block, (start, stop) in sized]
    )


def sent(values: Floats, parts: Sequence[tuple[int, int]]) -> Any:
    """Numbers of this process as a Dask array of the same parts, along its first dimension."""
    from dask import array

    cut = tuple(stop - start for start, stop in parts)
    return array.from_array(np.asarray(values), chunks=(cut, *((n,) for n in values.shape[1:])))
