"""A table in periods: one file a month in the lake, or one for a table without time."""

import pandas as pd


def by_period(frame: pd.DataFrame, time: str | None) -> dict[str, pd.DataFrame]:
    """The rows of each calendar month, named `2013-01`, oldest first; all rows as `all` without a time column.

    Rows keep their order within a period.
    """
    if time is None:
        return {"all": frame}
    months = frame[time].dt.strftime("%Y-%m")
    return {str(month): rows.reset_index(drop=True) for month, rows in frame.groupby(months, sort=True)}


def rows_until(frame: pd.DataFrame, time: str, until: pd.Timestamp) -> pd.DataFrame:
    """Rows up to a moment; a date without a time of day includes its whole day."""
    end = until + pd.Timedelta(days=1) if until == until.normalize() else until + pd.Timedelta(microseconds=1)
    if isinstance(frame[time].dtype, pd.DatetimeTZDtype):
        end = end.tz_localize(frame[time].dt.tz)
    return frame[frame[time] < end]
