"""Workers of a Dask cluster made ready: they are given the code, and asked for versions, memory and the store."""

import tempfile
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from adapters.remote import Remote
from adapters.sent_code import code
from adapters.settings import settings
from adapters.storage import read_bytes, remove, store_path, write_bytes
from core.errors import DataMissing, EverfitError, OutsideError, StorageUnavailable, TrainingError


def equipped(client: Any, least_bytes: int) -> Remote:
    """The client's workers with our code on them, and with a store that they share with this process.

    Args:
        client: Of a Dask cluster by address.
        least_bytes: Memory that each worker must have.

    Raises:
        OutsideError: There is no worker, or one has other versions.
        StorageUnavailable: A worker does not reach the store.
        TrainingError: A worker is too small.
    """
    _send_code(client)
    remote = Remote(client)
    _refuse_small(client.scheduler_info(n_workers=-1)["workers"], least_bytes)
    _check_workers(remote)
    return remote


def _send_code(client: Any) -> None:
    from distributed.diagnostics.plugin import UploadFile

    name = code().name
    if client.run_on_scheduler(_knower(name)):
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{name}.zip"
        path.write_bytes(code().content)
        # As a plugin, not by `upload_file`: a worker that joins later is given it too.
        client.register_plugin(UploadFile(str(path), load=False), name=name)


def _knower(name: str) -> Callable[..., bool]:
    return lambda dask_scheduler: name in dask_scheduler.worker_plugins


def _refuse_small(workers: dict[str, Any], least_bytes: int) -> None:
    if not workers:
        raise OutsideError(
            f"the Dask scheduler {settings().dask} has no workers",
            "nobody has joined it",
            f"start some: dask worker {settings().dask}",
        )
    small = {address: each["memory_limit"] for address, each in workers.items() if each["memory_limit"]}
    least = min(small.values(), default=least_bytes)
    if least < least_bytes:
        raise TrainingError(
            f"the table is too large for the workers of {settings().dask}",
            f"a worker needs {least_bytes:,} bytes, one has {least:,}",
            "set search.max_rows, or start workers with a higher --memory-limit",
        )


def _check_workers(remote: Remote) -> None:
    """Let each worker do once what its calls will do: import the code, read from the store, and write into it."""
    probe = store_path("workers", uuid.uuid4().hex)
    write_bytes(probe, probe.encode())
    try:
        for worker, answer in remote.on_all(reach, probe).items():
            if answer is not True:
                raise _refusal(worker, answer)
    finally:
        remove(probe)


def reach(probe: str) -> bool:
    """On a worker: whether what the caller wrote is there, and whether the worker may write beside it."""
    mine = f"{probe}-{uuid.uuid4().hex}"
    there = read_bytes(probe) == probe.encode()
    write_bytes(mine, b"everfit")
    remove(mine)
    return there


def _refusal(worker: str, answer: object) -> EverfitError:
    if isinstance(answer, StorageUnavailable | DataMissing):
        return StorageUnavailable(
            f"the Dask worker {worker} does not share the store {store_path()} with this process",
            answer.why,
            "set EVERFIT_STORE to s3://bucket/prefix, whose credentials the workers have too, or to a folder that all"
            " machines mount at one path",
        )
    if isinstance(answer, EverfitError):
        return answer
    return OutsideError(
        f"the Dask worker {worker} cannot run the project's code",
        f"{type(answer).__name__}: {answer}",
        "install requirements.lock on all workers, or start them from the project's image",
    )
