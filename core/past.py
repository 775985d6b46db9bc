"""Lags of rows that come in chunks: the past of a row may lie in another chunk, in any order."""

from collections.abc import Iterable

import pandas as pd

from core.cells import read_cells
from core.lags import add_lags
from core.scoring import ScoringPlan, held_type


def wanted_lags(plan: ScoringPlan, names: Iterable[str]) -> list[str]:
    """The lags that the model reads and the table does not bring itself."""
    lags = plan.record.preparation.lags
    return [name for name in lags.made if name not in set(names)] if lags else []


def lags_of(chunks: Iterable[pd.DataFrame], plan: ScoringPlan, wanted: list[str]) -> pd.DataFrame:
    """Lags of all rows, in their order; only the columns that lags read are held in memory.

    Args:
        chunks: All raw rows of the table.
        plan: How cells are read.
        wanted: Which lags.
    """
    lags = plan.record.preparation.lags
    if lags is None:
        return pd.DataFrame()
    types = plan.types
    parts = [
        pd.DataFrame(
            {name: read_cells(chunk[name], types[name], plan.how, held_type(plan, name)).values for name in lags.reads}
        )
        for chunk in chunks
    ]
    return add_lags(pd.concat(parts, ignore_index=True), lags)[wanted]
