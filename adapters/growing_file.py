"""A table that is written chunk by chunk, as CSV or Parquet: it is there whole or not at all."""

import csv
import os
import posixpath
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, TextIO
from urllib.parse import urlsplit

import pyarrow as pa
from fsspec.implementations.local import LocalFileSystem

from adapters.files import reached
from adapters.secrets import with_secrets
from adapters.storage import filesystem, told
from core.errors import DataMissing, EverfitError, SpecError, StorageUnavailable

SUFFIXES = {".csv": "csv", ".parquet": "parquet", ".pq": "parquet"}
# There a file appears when it is whole; elsewhere a draft is moved to its place.
APPEARS_WHOLE = {"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "memory"}
Append = Callable[[pa.Table], None]


def format_of(out: str) -> str:
    """`csv` or `parquet`, by the name of a file that is to be written.

    Raises:
        SpecError: It is neither, or the place cannot hold a file.
    """
    suffix = PurePosixPath(urlsplit(out).path if "://" in out else out).suffix.lower()
    if suffix not in SUFFIXES:
        told = f"its name ends in {suffix}" if suffix else "its name has no ending that tells the format"
        raise SpecError(f"predictions cannot be written to {out}", told, "name a file that ends in .csv or .parquet")
    with reached(out):
        files, path = filesystem(with_secrets(out))
    if isinstance(files, LocalFileSystem):
        _check_place(out, Path(path))
    return SUFFIXES[suffix]


def _check_place(out: str, path: Path) -> None:
    if path.is_dir():
        raise SpecError(f"predictions cannot be written to {out}", "it is a folder", "name a file in it")
    if not path.parent.is_dir():
        raise SpecError(
            f"predictions cannot be written to {out}", f"there is no folder {path.parent}", "make it, or name another"
        )
    if not os.access(path.parent, os.W_OK):
        raise SpecError(
            f"predictions cannot be written to {out}",
            f"the folder {path.parent} cannot be written",
            "correct its permissions, or name another file",
        )


@contextmanager
def growing(out: str, schema: pa.Schema) -> Iterator[Append]:
    """Append tables to a file; it takes its name when the block ends without an error, else nothing is left.

    Args:
        out: Path or address; what is there is replaced.
        schema: Of the tables.

    Raises:
        StorageUnavailable: The place cannot be written.
    """
    kind = format_of(out)
    files, path = filesystem(with_secrets(out))
    with ExitStack() as stack:
        local = isinstance(files, LocalFileSystem)
        folder = Path(path).parent if local else Path(stack.enter_context(tempfile.TemporaryDirectory()))
        draft = folder / f".draft-{uuid.uuid4().hex}"
        stack.callback(draft.unlink, missing_ok=True)
        with _written(out):
            append, close = OPENERS[kind](draft, schema)
        try:
            yield lambda table: _append(append, table, out)
        finally:
            with _written(out):
                close()
        with _written(out):
            _into_place(draft, files, path)


def _append(append: Append, table: pa.Table, out: str) -> None:
    with _written(out):
        append(table)


def _into_place(draft: Path, files: Any, path: str) -> None:
    if isinstance(files, LocalFileSystem):
        draft.replace(path)
        return
    protocols = {files.protocol} if isinstance(files.protocol, str) else set(files.protocol)
    if protocols & APPEARS_WHOLE:
        files.put_file(str(draft), path)
        return
    beside = posixpath.join(posixpath.dirname(path), draft.name)
    try:
        files.put_file(str(draft), beside)
        files.mv(beside, path)
    finally:
        if files.exists(beside):
            files.rm_file(beside)


@contextmanager
def _written(out: str) -> Iterator[None]:
    try:
        with told(out, "write"):
            yield
    except (DataMissing, StorageUnavailable, pa.ArrowException) as error:
        why = error.why if isinstance(error, EverfitError) else " ".join(str(error).split())[:200]
        raise StorageUnavailable(
            f"cannot write {out}", why, "free space or correct permissions there, or name another file"
        ) from error


def _open_parquet(draft: Path, schema: pa.Schema) -> tuple[Append, Callable[[], None]]:
    import pyarrow.parquet as pq

    writer = pq.ParquetWriter(draft, schema, compression="zstd")
    return writer.write_table, writer.close


@dataclass(frozen=True, slots=True)
class _Lines:
    """Ends lines as Unix does; told to do so itself, the writer would leave a carriage return in a text unquoted."""

    sink: TextIO

    def write(self, line: str) -> int:
        return self.sink.write(line.removesuffix("\r\n") + "\n")


def _open_csv(draft: Path, schema: pa.Schema) -> tuple[Append, Callable[[], None]]:
    sink = draft.open("w", encoding="utf-8", newline="")
    rows = csv.writer(_Lines(sink))
    rows.writerow(schema.names)
    return lambda table: rows.writerows(zip(*(column.to_pylist() for column in table.columns), strict=True)), sink.close


OPENERS = {"csv": _open_csv, "parquet": _open_parquet}
