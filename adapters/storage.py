"""The store: tables, arrays, models and small records, on this machine or in a bucket, written whole or not at all."""

import hashlib
import io
import json
import os
import posixpath
import sys
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

import fsspec
import numpy as np
import pandas as pd
import pyarrow as pa
from fsspec.implementations.local import LocalFileSystem

from adapters.settings import settings
from core.errors import DataMissing, DataRejected, SpecError, StorageUnavailable
from core.metrics import Floats
from core.refs import DatasetRef

S3_OPTIONS: Mapping[str, Any] = MappingProxyType(
    {
        # Other processes write too: a listing that is kept would hide it.
        "use_listings_cache": False,
        # Servers other than Amazon's answer a part of an object with the checksum of the whole.
        "config_kwargs": {"response_checksum_validation": "when_required"},
    }
)
# Well below the age that protects a file; more often would be writing for nothing.
RENEWED_AFTER = timedelta(hours=12)


def store_path(*parts: str) -> str:
    """Address of something in the store."""
    return posixpath.join(settings().store_url, *parts)


def filesystem(uri: str) -> tuple[Any, str]:
    """The file system behind an address, and the path in it.

    Raises:
        SpecError: Nothing here can open such an address.
    """
    try:
        files, path = fsspec.core.url_to_fs(uri, **(S3_OPTIONS if uri.startswith("s3://") else {}))
    except (ValueError, ImportError) as error:
        raise SpecError(
            f"cannot open {uri}",
            " ".join(str(error).split()),
            "give a path, an s3:// or https:// address, or install what the message names",
        ) from error
    return files, path


def _faults() -> tuple[type[Exception], ...]:
    # What S3 and an answer that breaks off raise is no OSError; whoever has not loaded them cannot have one.
    botocore, aiohttp = sys.modules.get("botocore.exceptions"), sys.modules.get("aiohttp")
    of_s3 = (botocore.BotoCoreError, botocore.ClientError) if botocore else ()
    return (OSError, *of_s3, *((aiohttp.ClientError,) if aiohttp else ()))


@contextmanager
def told(uri: str, doing: str) -> Iterator[None]:
    """Turn what a file system raises into what, why and how to fix."""
    try:
        yield
    except FileNotFoundError as error:
        raise DataMissing(f"cannot {doing} {uri}", "there is no such file", "correct the address") from error
    except IsADirectoryError as error:
        raise DataMissing(
            f"cannot {doing} {uri}", error.strerror or str(error), "name a file, or a glob such as folder/*.parquet"
        ) from error
    except _faults() as error:
        raise StorageUnavailable(
            what=f"cannot {doing} {uri}",
            why=getattr(error, "strerror", None) or " ".join(str(error).split()),
            fix="free space or correct permissions there, or set EVERFIT_STORE to another place, and try again",
        ) from error


def write_bytes(uri: str, content: bytes) -> None:
    """Write a file whole: it is there with all its content, or not at all."""
    write_all({uri: content})


def write_all(contents: Mapping[str, bytes]) -> None:
    """Write files whole. On this machine none is replaced before all are on the disk."""
    drafts: dict[str, str] = {}
    try:
        for uri, content in contents.items():
            files, path = filesystem(uri)
            with told(uri, "write"):
                if isinstance(files, LocalFileSystem):
                    drafts[path] = write_draft(path, content)
                else:
                    files.pipe_file(path, content)
        for path in list(drafts):
            with told(path, "write"):
                os.replace(drafts[path], path)
            del drafts[path]
    finally:
        for draft in drafts.values():
            os.unlink(draft)


def write_draft(path: str, content: bytes) -> str:
    """A new file beside a path on this machine, with its content; to be moved or linked there."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    # Not mkstemp, whose files are private: a worker of another user reads what this becomes.
    draft = os.path.join(os.path.dirname(path), f".draft-{uuid.uuid4().hex}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
    except BaseException:
        os.unlink(draft)
        raise
    return draft


def read_bytes(uri: str) -> bytes:
    """A file's content."""
    files, path = filesystem(uri)
    with told(uri, "read"):
        return bytes(files.cat_file(path))


def exists(uri: str) -> bool:
    """Whether a file is there."""
    with told(uri, "look for"):
        files, path = filesystem(uri)
        return bool(files.exists(path))


def list_files(pattern: str) -> list[str]:
    """Addresses of the files that match, in order of their names."""
    files, path = filesystem(pattern)
    with told(pattern, "list"):
        found = files.glob(path, detail=True)
    # Some servers of buckets show an empty folder where objects were.
    names = sorted(name for name, each in found.items() if each["type"] == "file" and ".draft-" not in name)
    return [str(files.unstrip_protocol(name)) for name in names]


def remove(uri: str) -> None:
    """Delete a file."""
    files, path = filesystem(uri)
    with told(uri, "remove"):
        files.rm_file(path)


def parquet_bytes(frame: pd.DataFrame) -> bytes:
    """A frame as Parquet, the same bytes for the same frame."""
    buffer = io.BytesIO()
    try:
        frame.to_parquet(buffer, index=False, compression="zstd")
    except (pa.ArrowException, ValueError, TypeError) as error:
        raise DataRejected(
            "the table cannot be stored",
            " ".join(str(error).split())[:300],
            "give each column one name and one kind of value",
        ) from error
    return buffer.getvalue()


def write_frame(frame: pd.DataFrame, folder: str = "snapshots") -> DatasetRef:
    """Store a frame under the digest of its content; equal data are stored once."""
    content = parquet_bytes(frame)
    uri = _write_once(store_path(folder), content, ".parquet")
    return DatasetRef(uri=uri, sha256=hashlib.sha256(content).hexdigest(), n_rows=len(frame))


def read_frame(ref: DatasetRef, columns: list[str] | None = None) -> pd.DataFrame:
    """The stored frame, or some of its columns."""
    return pd.read_parquet(io.BytesIO(read_bytes(ref.uri)), columns=columns)


def write_array(array: Floats, beside: str = "") -> str:
    """Store an array under the digest of its content; returns its address.

    Args:
        array: What is stored.
        beside: Address of an array of the same store, for a process that has other settings; default our own store.
    """
    buffer = io.BytesIO()
    np.save(buffer, np.ascontiguousarray(array), allow_pickle=False)
    return _write_once(posixpath.dirname(beside) or store_path("arrays"), buffer.getvalue(), ".npy")


def read_array(uri: str) -> Floats:
    """The stored array, mapped into memory where the store is on this machine."""
    files, path = filesystem(uri)
    with told(uri, "read"):
        source = path if isinstance(files, LocalFileSystem) else io.BytesIO(files.cat_file(path))
        array: Floats = np.load(source, mmap_mode="r" if isinstance(source, str) else None, allow_pickle=False)
    return array


def write_content(content: bytes, folder: str, suffix: str) -> str:
    """Store bytes under their digest; returns the address."""
    return _write_once(store_path(folder), content, suffix)


def _write_once(folder: str, content: bytes, suffix: str) -> str:
    uri = posixpath.join(folder, hashlib.sha256(content).hexdigest() + suffix)
    if not renew(uri):
        write_bytes(uri, content)
    return uri


def renew(uri: str) -> bool:
    """Whether a file is there; if it is, it is young again, so that `everfit gc` leaves it to whoever names it now."""
    files, path = filesystem(uri)
    with told(uri, "look for"):
        try:
            if datetime.now(UTC) - files.modified(path) > RENEWED_AFTER:
                # A bucket knows no other way than to write it again.
                os.utime(path) if isinstance(files, LocalFileSystem) else files.pipe_file(path, files.cat_file(path))
        except FileNotFoundError:
            return False
    return True


def write_json(uri: str, document: Any) -> None:
    """Store a document as readable JSON."""
    write_bytes(uri, json.dumps(document, indent=1, default=str).encode())


def read_json(uri: str) -> Any:
    """A stored document."""
    return json.loads(read_bytes(uri))


def check_store() -> None:
    """Make sure that the store can be written before anything is computed.

    Raises:
        StorageUnavailable: It cannot.
    """
    probe = store_path(f".probe-{os.getpid()}")
    write_bytes(probe, b"everfit")
    remove(probe)
    Path(settings().home).mkdir(parents=True, exist_ok=True)
