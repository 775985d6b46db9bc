"""Columns by names that users chose."""

from collections.abc import Mapping
from typing import Any

import pandas as pd


def with_columns(frame: pd.DataFrame, columns: Mapping[Any, Any]) -> pd.DataFrame:
    """A frame with columns replaced or added; the frame given stays as it is.

    `DataFrame.assign` takes names as keywords, and a table may have a column named `self`.
    """
    made = frame.copy(deep=False)
    for name, values in columns.items():
        made[name] = values
    return made
