"""The prediction log in the store: every answered row, `log/MODEL/DATE/part-TIME-ID.parquet`, each file whole.

A row holds what was asked under its own names, and what was answered: `prediction`, its probabilities,
`model_version`, `served_as`, `answered_at` (UTC), `request_id` and `request_row`. Where the request has a field of such
a name, ours has an underscore behind it. What a shadow predicts was no answer, and lies in `shadow/MODEL/...`.
"""

import glob
import io
import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from adapters.storage import list_files, read_bytes, store_path, write_bytes
from core.columns import with_columns
from core.log_rows import ANSWERED_AT

ANSWERED, SHADOWED = "log", "shadow"
TYPES: Mapping[str, pa.DataType] = {
    "number": pa.float64(),
    "whole": pa.int64(),
    "yes_or_no": pa.bool_(),
    "date": pa.timestamp("us"),
    "text": pa.string(),
}


def write_part(place: str, model: str, columns: Mapping[str, list[Any]], kinds: Mapping[str, str]) -> str:
    """Write rows as one file; returns its address.

    Args:
        place: ANSWERED or SHADOWED.
        model: Whose rows.
        columns: Plain values by name, all of one length.
        kinds: What they are, as `core.request_columns` says; others are found out.
    """
    arrays = {name: _array(values, kinds.get(name, "any")) for name, values in columns.items()}
    return _write(place, model, pa.table(arrays))


def read_log(model: str, since: datetime | None = None, place: str = ANSWERED) -> pd.DataFrame:
    """The rows that were answered since a moment, oldest first; empty without columns where there are none."""
    parts = [pd.read_parquet(io.BytesIO(read_bytes(uri))) for uri in log_files(model, since, place)]
    if not parts:
        return pd.DataFrame()
    rows = pd.concat(parts, ignore_index=True)
    if since is not None:
        rows = rows[rows[ANSWERED_AT] >= pd.Timestamp(since).tz_convert(UTC).tz_localize(None)]
    return rows.sort_values(ANSWERED_AT, kind="stable", ignore_index=True)


def log_files(model: str, since: datetime | None = None, place: str = ANSWERED) -> list[str]:
    """The files that may hold rows answered since a moment."""
    folder = glob.escape(store_path(place, model))
    if since is None:
        return list_files(f"{folder}/*/part-*.parquet")
    return [uri for day in _days(since) for uri in list_files(f"{folder}/{day:%Y-%m-%d}/part-*.parquet")]


def _days(since: datetime) -> Iterator[date]:
    day = since.astimezone(UTC).date()
    while day <= datetime.now(UTC).date():
        yield day
        day += timedelta(days=1)


def _array(values: list[Any], kind: str) -> pa.Array:
    # Clients may send a field in several types; what was asked is kept all the same, as text.
    try:
        if kind in PLAIN:
            values = [None if value is None else PLAIN[kind](value) for value in values]
        return pa.array(values, TYPES.get(kind))
    except (pa.ArrowInvalid, pa.ArrowTypeError, TypeError, ValueError):
        return pa.array([None if value is None else str(value) for value in values], pa.string())


def _moment(value: Any) -> datetime:
    found = datetime.fromisoformat(value) if isinstance(value, str) else value
    return found.astimezone(UTC).replace(tzinfo=None) if found.tzinfo else found


PLAIN: Mapping[str, Callable[[Any], Any]] = {"number": float, "yes_or_no": bool, "date": _moment}


def write_scored(model: str, rows: pd.DataFrame) -> str:
    """Write rows that a batch has scored as one file of the log; returns its address."""
    kept = {name: rows[name].where(rows[name].notna(), None) for name in rows.columns if rows[name].dtype == object}
    return _write(ANSWERED, model, pa.Table.from_pandas(with_columns(rows, kept), preserve_index=False))


def _write(place: str, model: str, table: pa.Table) -> str:
    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="zstd")
    now = datetime.now(UTC)
    uri = store_path(place, model, f"{now:%Y-%m-%d}", f"part-{now:%H%M%S%f}-{uuid.uuid4().hex[:12]}.parquet")
    write_bytes(uri, buffer.getvalue())
    return uri
