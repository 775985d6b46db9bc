"""A table in plain columns: names are text, and values are numbers, texts, moments, or yes and no."""

import datetime as dt
import decimal
import json
from typing import Any

import pandas as pd

from core.columns import with_columns
from core.layouts import refuse_twins


def plain_table(frame: pd.DataFrame, source: str) -> pd.DataFrame:
    """The same table with text for names, a named index as a column, and no value that is itself a structure.

    Raises:
        DataRejected: Two columns have one name.
    """
    if frame.index.names != [None]:
        frame = frame.reset_index(drop=any(name in frame.columns for name in frame.index.names))
    names = [str(name) for name in frame.columns]
    refuse_twins(names, source)
    if names != list(frame.columns):
        frame = frame.set_axis(names, axis=1)
    changed = {name: _plain(frame[name]) for name in names if _is_odd(frame[name])}
    return with_columns(frame, changed) if changed else frame


def _is_odd(column: pd.Series) -> bool:
    kind = column.dtype
    if isinstance(kind, pd.StringDtype):
        # Texts are plain; a loop over them would take most of the time that reading does.
        return bool(column.isna().all())
    return (
        isinstance(kind, pd.CategoricalDtype | pd.PeriodDtype | pd.IntervalDtype)
        or kind.kind in "cm"
        or kind.kind == "O"
    )


def _plain(column: pd.Series) -> pd.Series:
    if isinstance(column.dtype, pd.CategoricalDtype):
        return _plain_objects(column.astype(object))
    if column.dtype.kind == "m":
        return pd.Series(column.dt.total_seconds())
    return column.astype(str).where(column.notna(), None) if column.dtype.kind != "O" else _plain_objects(column)


def _plain_objects(column: pd.Series) -> pd.Series:
    values = column.dropna()
    kinds = {type(value) for value in values}
    if kinds and all(issubclass(kind, bool) for kind in kinds):
        return column.where(column.notna(), None)
    if kinds and all(issubclass(kind, int | float | decimal.Decimal) for kind in kinds):
        return pd.to_numeric(column.astype("float64"))
    if kinds and all(issubclass(kind, dt.date) for kind in kinds):
        return pd.to_datetime(column, errors="coerce", utc=True).dt.tz_localize(None).astype("datetime64[us]")
    return column.map(as_text, na_action="ignore") if len(values) else column.astype("float64")


def as_text(value: Any) -> str:
    """A value of any kind as text; a structure as JSON."""
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="backslashreplace")
    if isinstance(value, dict | list | tuple) or hasattr(value, "tolist"):
        plain = value.tolist() if hasattr(value, "tolist") else value
        return plain if isinstance(plain, str) else json.dumps(plain, default=str, sort_keys=True, ensure_ascii=False)
    return str(value)
