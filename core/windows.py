"""The newest rows of a table."""

import pandas as pd

from core.data_spec import WindowSpec
from core.errors import DataMissing, SpecError


def newest_rows(frame: pd.DataFrame, window: WindowSpec, time: str | None) -> pd.DataFrame:
    """Rows of the window, oldest first where a time column is known.

    Raises:
        SpecError: The window is a span of time and no time column is named.
        DataMissing: The time column is not there.
    """
    if window.last is not None and time is None:
        raise SpecError(
            "a window of time cannot be cut",
            "the model names no time column",
            "name `data.time`, or give the window in rows",
        )
    if time is not None and time not in frame.columns:
        raise DataMissing(
            f"there is no time column '{time}'",
            f"the columns are {', '.join(map(str, list(frame.columns)[:20]))}",
            "correct `data.time`, or the source",
        )
    # Stable: rows that share a timestamp keep their order. Rows without a time are the oldest, never the newest.
    ordered = frame.sort_values(time, kind="stable", ignore_index=True, na_position="first") if time else frame
    if window.last is not None and len(ordered):
        newest = ordered[time].iloc[-1]
        ordered = ordered[ordered[time] > newest - window.last].reset_index(drop=True)
    return ordered.tail(window.rows).reset_index(drop=True) if window.rows else ordered
