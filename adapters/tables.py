"""Read the table that a spec names: Parquet, CSV or JSON lines, one file or many, on this machine or behind an URL."""

import posixpath
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Any

import pandas as pd
import pyarrow as pa

from adapters.settings import PROJECT
from adapters.storage import filesystem, list_files, store_path, told
from core.errors import DataMissing, DataRejected, SpecError

LAKE = "lake://"
READERS: Mapping[str, Callable[..., pd.DataFrame]] = MappingProxyType(
    {
        ".parquet": pd.read_parquet,
        ".csv": pd.read_csv,
        ".jsonl": lambda file: pd.read_json(file, lines=True),
    }
)


def resolve_source(source: str) -> str:
    """The full address of a source: `lake://` lies in the store, a relative path in the project.

    Raises:
        SpecError: A lake address leaves the lake.
    """
    if not source.startswith(LAKE):
        return source if "://" in source or Path(source).is_absolute() else str(PROJECT / source)
    inside = posixpath.normpath(source.removeprefix(LAKE))
    if inside.startswith(("..", "/")):
        raise SpecError(f"the source {source} cannot be read", "it leaves the lake", "name a folder below lake://")
    return store_path("lake", inside)


def read_table(source: str, time: str | None = None) -> pd.DataFrame:
    """All rows of all files of a source, in order of the files' names.

    Args:
        source: Address or glob, as in the YAML.
        time: Column that is read as a time, where the file holds text.

    Raises:
        DataMissing: There is no such file.
        DataRejected: A file cannot be read as what its name says.
    """
    address = resolve_source(source)
    found = list_files(address) if "*" in address or "?" in address else [address]
    if not found:
        raise DataMissing(
            f"there is no table at {source}",
            f"no file matches {address}",
            "land data there first (`everfit land`), or correct `data.source`",
        )
    frames = [_read_file(uri) for uri in found]
    frame = pd.concat(frames, ignore_index=True) if len(frames) > 1 else frames[0]
    if time and time in frame.columns and not pd.api.types.is_datetime64_any_dtype(frame[time]):
        frame[time] = _as_time(frame[time], source)
    return frame


def _read_file(uri: str) -> pd.DataFrame:
    reader = READERS.get(PurePosixPath(uri).suffix)
    if reader is None:
        raise SpecError(
            f"the format of {uri} is not known",
            f"its name ends in none of {', '.join(READERS)}",
            "give a Parquet, CSV or JSON lines file",
        )
    files, path = filesystem(uri)
    try:
        with told(uri, "read"), files.open(path, "rb") as file:
            return reader(file)
    except (ValueError, pa.ArrowException) as error:
        raise _unreadable(uri, error) from error


def _unreadable(uri: str, error: Exception) -> DataRejected:
    why = " ".join(str(error).split()) or type(error).__name__
    return DataRejected(f"cannot read {uri}", why[:200], "give a whole file in the format that its name says")


def _as_time(column: pd.Series, source: str) -> Any:
    try:
        return pd.to_datetime(column, format="mixed" if column.dtype.kind not in "iuf" else None)
    except (ValueError, TypeError) as error:
        why = " ".join(str(error).split())[:200]
        raise DataRejected(
            f"the time column '{column.name}' of {source} cannot be read",
            why,
            "correct the values, or name another `data.time`",
        ) from error
