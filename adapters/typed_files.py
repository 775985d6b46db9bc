"""Read files whose values have types of their own: Parquet and JSON lines."""

import io
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, islice
from typing import Any, BinaryIO

import pandas as pd

from adapters.files import file_size, kind_of, opened
from adapters.samples import WHOLE_BYTES, sample_text
from core.errors import DataRejected
from core.layouts import refuse_twins

MOST_CELLS = 20_000_000


def read_typed(uri: str) -> pd.DataFrame:
    """All rows of a Parquet or JSON lines file."""
    if kind_of(uri) == "parquet":
        return _parquet(uri, None)[0]
    with opened(uri) as file:
        return _json(file, uri)


def typed_chunks(uri: str, n_rows: int) -> Iterator[pd.DataFrame]:
    """The rows of a Parquet or JSON lines file, so many at a time, each value of its own type."""
    if kind_of(uri) == "parquet":
        with _parquet_file(uri) as table:
            for batch in table.iter_batches(batch_size=n_rows):
                # A whole number stays one where another row of the chunk is empty.
                yield batch.to_pandas(integer_object_nulls=True)
        return
    with opened(uri) as file:
        rows = _json_rows(file, uri)
        while some := list(islice(rows, n_rows)):
            yield pd.DataFrame(some, dtype=object)


def column_types(uri: str) -> dict[str, str]:
    """The types of a Parquet file's columns, in the words of the contract."""
    import pyarrow as pa

    ways = (
        (pa.types.is_boolean, "boolean"),
        (pa.types.is_integer, "int"),
        (pa.types.is_floating, "float"),
        (pa.types.is_decimal, "float"),
        (pa.types.is_temporal, "datetime"),
    )
    with _parquet_file(uri) as table:
        return {
            field.name: next((kind for is_kind, kind in ways if is_kind(field.type)), "text")
            for field in table.schema_arrow
        }


def look_at_typed(uris: Sequence[str]) -> tuple[pd.DataFrame, int, bool]:
    """Rows spread over some files, how many rows there are, and whether these are all."""
    parts = [_look(uri, len(uris)) for uri in uris]
    frames = [part[0] for part in parts]
    return pd.concat(frames, ignore_index=True), sum(part[1] for part in parts), all(part[2] for part in parts)


def _look(uri: str, n_files: int) -> tuple[pd.DataFrame, int, bool]:
    if kind_of(uri) == "parquet":
        frame, n_rows = _parquet(uri, MOST_CELLS // n_files)
        return frame, n_rows, len(frame) == n_rows
    size = file_size(uri)
    if size is not None and size <= WHOLE_BYTES // n_files:
        frame = read_typed(uri)
        return frame, len(frame), True
    sample = sample_text(uri, "utf-8", WHOLE_BYTES // n_files)
    frame = _json(io.BytesIO(sample.text.encode()), uri)
    n_rows = len(frame) if sample.whole else round(len(frame) * sample.n_bytes / max(sample.n_seen, 1))
    return frame, n_rows, sample.whole


def _parquet(uri: str, most_cells: int | None) -> tuple[pd.DataFrame, int]:
    with _parquet_file(uri) as table:
        n_rows = table.metadata.num_rows
        if most_cells is None or n_rows * table.metadata.num_columns <= most_cells:
            return pd.DataFrame(table.read().to_pandas()), n_rows
        return _some_groups(table, most_cells), n_rows


@contextmanager
def _parquet_file(uri: str) -> Iterator[Any]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with opened(uri) as file:
            # Row groups need a file in which one can jump, which an unpacked stream is not.
            table = pq.ParquetFile(file if file.seekable() else io.BytesIO(file.read()), pre_buffer=False)
            refuse_twins(table.schema_arrow.names, uri)
            yield table
    except pa.ArrowException as error:
        raise _unreadable(uri, error) from error


def _some_groups(table: Any, most_cells: int) -> pd.DataFrame:
    groups = table.metadata.num_row_groups
    n_wanted = max(1, most_cells // table.metadata.num_columns)
    chosen = sorted({groups * step // 8 for step in range(8)})
    frames: list[pd.DataFrame] = []
    for group in chosen:
        # A group may be larger than memory: of each only its first rows are taken.
        left = max(1, n_wanted // len(chosen))
        for batch in table.iter_batches(batch_size=min(left, 65_536), row_groups=[group]):
            frames.append(batch.slice(0, left).to_pandas())
            left -= len(frames[-1])
            if left <= 0:
                break
    return pd.concat(frames, ignore_index=True)


def _json(file: Any, uri: str) -> pd.DataFrame:
    content = file.read()
    lines = not content.lstrip().startswith(b"[")
    try:
        # A date or number that is written as text stays text here: what it is, the format says.
        frame = pd.read_json(io.BytesIO(content), lines=lines, dtype=False, convert_dates=False, convert_axes=False)
    except (ValueError, AttributeError) as error:
        raise _unreadable(uri, error) from error
    if isinstance(frame, pd.DataFrame) and isinstance(frame.index, pd.RangeIndex):
        return frame
    return frame.reset_index(drop=True)


def _json_rows(file: BinaryIO, uri: str) -> Iterator[dict[str, Any]]:
    lines: Iterator[bytes] = (line for line in file if line.strip())
    first = next(lines, b"").lstrip(b"\xef\xbb\xbf")
    if first.lstrip().startswith(b"["):
        # One array of all rows: it is read whole.
        first, lines = b"[" + b"".join([first.lstrip()[1:], *lines]), iter(())
    try:
        for line in chain([first] if first else [], lines):
            found = json.loads(line.decode("utf-8"))
            for row in found if isinstance(found, list) else [found]:
                yield {str(name): value for name, value in row.items()}
    except (ValueError, AttributeError, RecursionError) as error:
        raise _unreadable(uri, error) from error


def _unreadable(uri: str, error: Exception) -> DataRejected:
    why = " ".join(str(error).split())[:200] or type(error).__name__
    return DataRejected(f"cannot read {uri}", why, "give a whole file in the format that its name says")
