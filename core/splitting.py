"""Train, validation and test rows, on the same side whenever the table is split again."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.errors import DataRejected
from core.places import SIDES, hash_position, row_hashes, side_numbers, without_zone
from core.salts import Arrangement, best_salt, first_salt_that_works, strata_of

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class SplitPlan:
    """How to split: by the hash of columns, or by a time column with a gap.

    Attributes:
        columns: What decides; none: all columns but the excluded ones.
        excluded: Columns that may change after a row was first seen: the label, which arrives late.
        salt: Which arrangement of the hash, see `core.salts`.
        label: The column whose classes must be in the training rows; None: numbers are predicted.
    """

    by: str
    columns: tuple[str, ...]
    test: float
    validation: float
    gap: timedelta = timedelta(0)
    excluded: tuple[str, ...] = ()
    salt: int = 0
    label: str | None = None

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
    salt: int = 0

    def unseen(self, frame: pd.DataFrame) -> Mask:
        """Rows that the model never saw, shape (n,)."""
        if self.by == "time":
            return np.asarray(without_zone(frame[self.columns[0]]) > _naive(str(self.until)))
        return np.asarray(hash_position(frame, self.columns, self.salt) < self.test)


def split_rows(frame: pd.DataFrame, plan: SplitPlan) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Train, validation and test rows.

    Args:
        frame: All rows, shape (n, n_columns).
        plan: What decides the side of a row.

    Returns:
        Three frames that share no row; a gap of a time split drops the rows in it.

    Raises:
        DataRejected: One of the three would be empty, or lack the classes that it needs.
    """
    sides = _sides_by_time(frame, plan) if plan.by == "time" else _sides_by_hash(frame, plan)
    parts = [frame[sides == side] for side in SIDES]
    lacking = _lacking(parts, plan)
    if lacking:
        told = f"{len(frame)} rows, split by {', '.join(plan.columns) or 'all columns'}" + _rare(frame, plan)
        raise DataRejected(f"the split by {plan.by} leaves {lacking}", told, _remedy(frame, plan))
    return parts[0], parts[1], parts[2]


def salt_for(frame: pd.DataFrame, plan: SplitPlan) -> int:
    """The salt for the plan under which the parts of these rows are most alike; 0 by time, which has none."""
    return 0 if plan.by == "time" or not len(frame) else best_salt(_arrangement(frame, plan))


def _lacking(parts: list[pd.DataFrame], plan: SplitPlan) -> str | None:
    """What the parts miss: rows, a class to train on, a second class to tune or test on."""
    names = ("training", "validation", "test")
    empty = next((name for name, part in zip(names, parts, strict=True) if part.empty), None)
    if empty or plan.label is None:
        return f"no {empty} rows" if empty else None
    labels = [part[plan.label] for part in parts]
    trained = set(labels[0].dropna().unique())
    absent = [name for name in pd.concat(labels).dropna().unique() if name not in trained]
    if absent:
        return f"no training rows of class {absent[0]!r}"
    alone = next((name for name, part in zip(names, labels, strict=True) if part.nunique() < 2), None)
    return f"{alone} rows that are all of one class" if alone else None


def _rare(frame: pd.DataFrame, plan: SplitPlan) -> str:
    if plan.label is None:
        return ""
    counts = frame[plan.label].value_counts().tail(3)
    return "; of the rarest classes: " + ", ".join(f"{n} of {name!r}" for name, n in counts.items())


def _remedy(frame: pd.DataFrame, plan: SplitPlan) -> str:
    if plan.by == "time":
        return (
            "give more rows, a larger share in `split`, a wider `data.window` or a smaller `split.gap`;"
            " join or drop rare classes"
        )
    works = first_salt_that_works(_arrangement(frame, plan))
    if works is not None:
        return f"`split.salt: {works}` arranges these rows so that no part lacks anything"
    unit = f"values of '{plan.columns[0]}'" if plan.by == "group" else "rows"
    classes = "" if plan.label is None else f" of at least two classes, and one of each other class: give more {unit}"
    return f"no salt does better; needed are 3 {unit}{classes or ', one for each part: give more'}"


def _arrangement(frame: pd.DataFrame, plan: SplitPlan) -> Arrangement:
    hashes, target = row_hashes(frame, plan.deciding(frame)), plan.label or next(iter(plan.excluded), None)
    if target is None or target not in frame:
        strata = np.zeros(len(frame), np.int64)
    else:
        strata = strata_of(frame[target], classes=plan.label is not None)
    return Arrangement(hashes, strata, 1 if plan.label is None else 2, plan.test, plan.validation)


def seen_rows(train: pd.DataFrame, validation: pd.DataFrame, plan: SplitPlan) -> SeenRows:
    """What a model that is trained on these parts will have seen."""
    if plan.by != "time":
        return SeenRows(plan.by, plan.deciding(train), None, plan.test, plan.salt)
    column = plan.columns[0]
    newest = max(train[column].max(), validation[column].max())
    return SeenRows("time", plan.columns, pd.Timestamp(newest).isoformat(), plan.test)


def _naive(moment: str) -> pd.Timestamp:
    stamp = pd.Timestamp(moment)
    return stamp.tz_convert("UTC").tz_localize(None) if stamp.tzinfo else stamp


def _sides_by_hash(frame: pd.DataFrame, plan: SplitPlan) -> NDArray[Any]:
    place = hash_position(frame, plan.deciding(frame), plan.salt)
    return np.asarray(SIDES)[side_numbers(place, plan.test, plan.validation)]


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
