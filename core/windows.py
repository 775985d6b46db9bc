"""The newest rows of a table."""

import pandas as pd

from core.errors import SpecError
from core.spec import WindowSpec


def newest_rows(frame: pd.DataFrame, window: WindowSpec, time: str | None) -> pd.DataFrame:
    """Rows of the window, oldest first where a time column is known.

    Raises:
        SpecError: The window is a span of time and no time column is named.
    """
    if window.last is not None and time is None:
        raise SpecError(
            "a window of time cannot be cut",
            "the model names no time column",
            "name `data.time`, or give the window in rows",
        )
    # Stable: rows that share a timestamp keep their order, and the same table gives the same window.
    ordered = frame.sort_values(time, kind="stable", ignore_index=True) if time else frame
    if window.last is not None and len(ordered):
        newest = ordered[time].iloc[-1]
        ordered = ordered[ordered[time] > newest - window.last].reset_index(drop=True)
    return ordered.tail(window.rows).reset_index(drop=True) if window.rows else ordered
