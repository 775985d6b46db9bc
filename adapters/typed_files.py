"""Read files whose values have types of their own: Parquet and JSON lines."""

import io
from collections.abc import Sequence
from typing import Any

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
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with opened(uri) as file:
            # Row groups need a file in which one can jump, which an unpacked stream is not.
            table = pq.ParquetFile(file if file.seekable() else io.BytesIO(file.read()))
            refuse_twins(table.schema_arrow.names, uri)
            n_rows = table.metadata.num_rows
            if most_cells is None or n_rows * table.metadata.num_columns <= most_cells:
                return pd.DataFrame(table.read().to_pandas()), n_rows
            return _some_groups(table, most_cells), n_rows
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


def _unreadable(uri: str, error: Exception) -> DataRejected:
    why = " ".join(str(error).split())[:200] or type(error).__name__
    return DataRejected(f"cannot read {uri}", why, "give a whole file in the format that its name says")
