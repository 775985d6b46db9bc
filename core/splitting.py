"""Train, validation and test rows, on the same side whenever the table is split again."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.errors import DataRejected
from core.metrics import Floats
from core.values import text_of

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class SplitPlan:
    """How to split: by the hash of columns, or by a time column with a gap.

    Attributes:
        columns: What decides; none: all columns but the excluded ones.
        excluded: Columns that may change after a row was first seen: the label, which arrives late.
    """

    by: str
    columns: tuple[str, ...]
    test: float
    validation: float
    gap: timedelta = timedelta(0)
    excluded: tuple[str, ...] = ()

    def deciding(self, frame: pd.DataFrame) -> tuple[str, ...]:
        """The columns that decide, spelled out."""
        return self.columns or tuple(sorted(str(name) for name in frame.columns if name not in self.excluded))


@dataclass(frozen=True, slots=True)
class SeenRows:
    """Which rows a model saw in training, tuning or early stopping, told without listing them."""

    by: str
    columns: tuple[str, ...]
    until: str | None
    test: float

    def unseen(self, frame: pd.DataFrame) -> Mask:
        """Rows that the model never saw, shape (n,)."""
        if self.by == "time":
            return np.asarray(_without_zone(frame[self.columns[0]]) > _naive(str(self.until)))
        return np.asarray(hash_position(frame, self.columns) < self.test)


def split_rows(frame: pd.DataFrame, plan: SplitPlan) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Train, validation and test rows.

    Args:
        frame: All rows, shape (n, n_columns).
        plan: What decides the side of a row.

    Returns:
        Three frames that share no row; a gap of a time split drops the rows in it.

    Raises:
        DataRejected: One of the three would be empty.
    """
    sides = _sides_by_time(frame, plan) if plan.by == "time" else _sides_by_hash(frame, plan)
    parts = [frame[sides == side] for side in ("train", "validation", "test")]
    for name, part in zip(("training", "validation", "test"), parts, strict=True):
        if part.empty:
            raise DataRejected(
                what=f"the split by {plan.by} leaves no {name} rows",
                why=f"{len(frame)} rows, split by {', '.join(plan.columns) or 'all columns'}",
                fix="give more rows, a larger share in `split`, or a smaller `split.gap`",
            )
    return parts[0], parts[1], parts[2]


def seen_rows(train: pd.DataFrame, validation: pd.DataFrame, plan: SplitPlan) -> SeenRows:
    """What a model that is trained on these parts will have seen."""
    if plan.by != "time":
        return SeenRows(plan.by, plan.deciding(train), None, plan.test)
    column = plan.columns[0]
    newest = max(train[column].max(), validation[column].max())
    return SeenRows("time", plan.columns, pd.Timestamp(newest).isoformat(), plan.test)


def hash_position(frame: pd.DataFrame, columns: tuple[str, ...]) -> Floats:
    """A place in [0, 1) for each row that depends on the columns' values only, shape (n,).

    Values are hashed as text, so that a key reads the same from CSV and Parquet, as `int` or `str`.
    """
    keys = pd.DataFrame({name: _as_written(frame[name]) for name in columns})
    hashes = pd.util.hash_pandas_object(keys, index=False, categorize=False)
    return hashes.to_numpy(np.uint64) / np.float64(2**64)


def _as_written(column: pd.Series) -> pd.Series:
    """Each value as text by itself: what stands in other rows must not change how a row is read."""
    if pd.api.types.is_datetime64_any_dtype(column):
        return _without_zone(column).astype("datetime64[us]").astype("int64").astype(str)
    if column.dtype.kind == "f" and isinstance(column.dtype, np.dtype):
        # As `text_of` writes them, ten times as fast: without a key every value of the table is written.
        texts = [str(int(value)) if value.is_integer() else repr(value) for value in column.to_numpy().tolist()]
        return pd.Series(texts, index=column.index, dtype=object)
    return column.astype(object).map(text_of)


def _without_zone(column: pd.Series) -> pd.Series:
    zoned = isinstance(column.dtype, pd.DatetimeTZDtype)
    return column.dt.tz_convert("UTC").dt.tz_localize(None) if zoned else column


def _naive(moment: str) -> pd.Timestamp:
    stamp = pd.Timestamp(moment)
    return stamp.tz_convert("UTC").tz_localize(None) if stamp.tzinfo else stamp


def _sides_by_hash(frame: pd.DataFrame, plan: SplitPlan) -> NDArray[Any]:
    place = hash_position(frame, plan.deciding(frame))
    inner = np.where(place < plan.test + plan.validation, "validation", "train")
    return np.where(place < plan.test, "test", inner)


def _sides_by_time(frame: pd.DataFrame, plan: SplitPlan) -> NDArray[Any]:
    time: pd.Series = frame[plan.columns[0]]
    # Cuts are moments, not positions: rows that share a timestamp land on one side in every run.
    cuts = time.quantile([1 - plan.test - plan.validation, 1 - plan.test], interpolation="lower")
    first, second = pd.Timestamp(cuts.iloc[0]), pd.Timestamp(cuts.iloc[1])
    sides = pd.Series("gap", index=frame.index)
    sides[time <= first] = "train"
    sides[(time > first + plan.gap) & (time <= second)] = "validation"
    sides[time > second + plan.gap] = "test"
    return sides.to_numpy()
