"""What a table holds, told in a line a column, without a single row of it."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

MOST_COLUMNS = 300
N_VALUES = 3
# A value that is rarer may be somebody's name.
FEWEST_OF_A_VALUE = 20


@dataclass(frozen=True, slots=True)
class ColumnFacts:
    """A column of the training rows.

    Attributes:
        kind: number, moment or value.
        missing: Share of rows without a value, 0 to 1.
        n_values: How many different values there are.
        told: Smallest, median and largest, or the most frequent values.
    """

    name: str
    kind: str
    missing: float
    n_values: int
    told: str


@dataclass(frozen=True, slots=True)
class PartFacts:
    """A part of the data: train, validation or test; moments are empty where data have no time."""

    name: str
    n_rows: int
    start: str
    end: str


def part_facts(name: str, frame: pd.DataFrame, time: str | None) -> PartFacts:
    """How many rows a part has, and from when to when they are."""
    ends = (frame[time].min(), frame[time].max()) if time and len(frame) else (None, None)
    return PartFacts(
        name, len(frame), *("" if pd.isna(end) else pd.Timestamp(end).isoformat(timespec="seconds") for end in ends)
    )


def column_facts(frame: pd.DataFrame) -> tuple[ColumnFacts, ...]:
    """A line for each of the first 300 columns."""
    return tuple(_facts(str(name), frame[name]) for name in frame.columns[:MOST_COLUMNS])


def _facts(name: str, values: pd.Series) -> ColumnFacts:
    known = values.dropna()
    missing = round(1 - len(known) / max(len(values), 1), 5)
    if pd.api.types.is_bool_dtype(values) or not (
        pd.api.types.is_numeric_dtype(values) or pd.api.types.is_datetime64_any_dtype(values)
    ):
        counts = known.astype(str).value_counts()
        frequent = counts[counts >= FEWEST_OF_A_VALUE].head(N_VALUES)
        told = ", ".join(f"{value} {n / len(known):.0%}" for value, n in frequent.items())
        return ColumnFacts(name, "value", missing, len(counts), told)
    kind = "number" if pd.api.types.is_numeric_dtype(values) else "moment"
    ends = (known.min(), known.quantile(0.5), known.max()) if len(known) else ()
    return ColumnFacts(name, kind, missing, int(known.nunique()), " / ".join(map(_text, ends)))


def _text(value: Any) -> str:
    return str(value)[:19] if isinstance(value, pd.Timestamp) else f"{value:.4g}"
