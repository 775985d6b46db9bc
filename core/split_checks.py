"""Columns that teach nothing, and rows on the wrong side of a split."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.findings import Finding
from core.kinds import NAMES_ROWS, names_rows

DIGITS = 3
# Of the later rows, that equal a training row, and that do so when rounded, where chance does its part.
WORTH_TELLING, WORTH_TELLING_ROUNDED, FEWEST_REPEATED = 0.01, 0.05, 3
# Training rows of fewer different values are combinations of a few categories, which repeat by nature.
FEWEST_DIFFERENT = 0.2
N_EXAMPLES = 3
# The standard error of a share is then 0.1 at most.
FEWEST_TEST_ROWS = 25

Parts = tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]


def constant_columns(train: pd.DataFrame, names: list[str]) -> Iterator[Finding]:
    """Columns that hold one value, or none, in all training rows."""
    for name in names:
        column = train[name]
        if (first := column.iloc[:1]).isna().all() and column.isna().all():
            yield Finding("constants", name, "is empty", f"all {len(column):,} training rows hold no value", True)
        elif (column == first.iloc[0]).all():
            told = f"all {len(column):,} training rows hold {str(first.iloc[0])[:40]!r}"
            yield Finding("constants", name, "never changes", told, True)


def id_columns(train: pd.DataFrame, names: list[str]) -> Iterator[Finding]:
    """Columns that name a row instead of describing it: nearly every row has its own value."""
    for name in names:
        column = train[name].dropna()
        if (told := names_rows(column, name)) is not None:
            yield Finding("ids", name, NAMES_ROWS, f"{told} of the training", True)


def duplicates(parts: Parts, names: list[str], rows: int) -> Iterator[Finding]:
    """Rows of validation and test whose feature values a training row has: exactly, and to three digits.

    Args:
        parts: Train, validation and test rows.
        names: The columns that are compared.
        rows: At most so many rows of each later part are looked up.
    """
    if not names:
        return
    asked = [part[names].iloc[:: max(1, len(part) // rows)] for part in parts[1:]]
    stacked = pd.concat([parts[0][names], *asked], ignore_index=True)
    counts = {}
    for kind, digits in (("exact", None), ("near", DIGITS)):
        hashes = row_hashes(stacked, digits)
        known = np.unique(hashes[: len(parts[0])])
        counts[kind] = int(np.isin(hashes[len(parts[0]) :], known).sum())
        counts[f"{kind} before"] = len(parts[0]) - len(known)
    n_asked = len(stacked) - len(parts[0])
    told_apart = len(parts[0]) - counts["near before"] >= FEWEST_DIFFERENT * len(parts[0])
    exactly, nearly = counts["exact"] >= WORTH_TELLING * n_asked, counts["near"] >= WORTH_TELLING_ROUNDED * n_asked
    if not told_apart or not (exactly or nearly) or counts["near"] < FEWEST_REPEATED:
        return
    exact, near, before = counts["exact"] / n_asked, counts["near"] / n_asked, counts["near before"] / len(parts[0])
    told = (
        f"of {n_asked:,} validation and test rows {counts['exact']:,} ({exact:.1%}) equal a training row,"
        f" {counts['near']:,} ({near:.1%}) to {DIGITS} digits; among the training rows themselves {before:.1%} repeat"
    )
    yield Finding("duplicates", "all features", "repeat across the split", told, True)


def row_hashes(frame: pd.DataFrame, digits: int | None) -> NDArray[np.uint64]:
    """A hash of each row's values, shape (n,); numbers rounded to significant digits where asked."""
    total = np.zeros(len(frame), np.uint64)
    for position, name in enumerate(frame.columns):
        column = frame[name]
        if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
            values = column.to_numpy(np.float64, na_value=np.nan)
            hashed = pd.util.hash_array(values if digits is None else _rounded(values, digits))
        else:
            codes = pd.factorize(column if column.dtype.kind in "Mmb" else column.astype(str))[0]
            hashed = pd.util.hash_array(codes.astype(np.int64))
        # Multiplied by the position's own odd number, so that swapped values are another row.
        total = total * np.uint64(1_000_003) + hashed * np.uint64(2 * position + 1)
    return total


def _rounded(values: NDArray[np.float64], digits: int) -> NDArray[np.float64]:
    with np.errstate(divide="ignore", invalid="ignore"):
        size = np.where((values == 0) | ~np.isfinite(values), 0, np.floor(np.log10(np.abs(values))))
    scale = np.power(10.0, digits - 1 - size)
    return np.asarray(np.round(values * scale) / scale) + 0.0


def rare_classes(parts: Parts, target: str, classes: tuple[Any, ...]) -> Iterator[Finding]:
    """Classes of so few test rows that a metric says little of them."""
    counts = {name: int((parts[2][target] == name).sum()) for name in classes}
    rare = sorted((n, str(name)) for name, n in counts.items() if n < FEWEST_TEST_ROWS)
    if rare:
        told = ", ".join(f"{n} of {name!r}" for n, name in rare[:N_EXAMPLES])
        more = f" and {len(rare) - N_EXAMPLES} more such classes" if len(rare) > N_EXAMPLES else ""
        told = f"{told}{more} among {len(parts[2]):,} test rows; {FEWEST_TEST_ROWS} tell more"
        yield Finding("rare", target, "has classes with too few test rows, metrics are uncertain", told, True)


def groups_on_two_sides(parts: Parts, group: str) -> Iterator[Finding]:
    """Groups with rows in training and in a later part."""
    train, *later = (set(part[group].dropna().unique().tolist()) for part in parts)
    shared = sorted(train & set().union(*later), key=str)
    if shared:
        n_rows = sum(int(part[group].isin(shared).sum()) for part in parts[1:])
        told = (
            f"{len(shared):,} of {len(train):,} groups of the training rows, such as"
            f" {', '.join(map(repr, shared[:N_EXAMPLES]))}, have {n_rows:,} validation or test rows"
        )
        yield Finding("groups", group, "has one group on two sides of the split", told, True)


def wrong_order(parts: Parts, time: str) -> Iterator[Finding]:
    """Rows of a later part that are not newer than every row of the part before it."""
    for (name, earlier), (later_name, later) in (
        (("training", parts[0]), ("validation", parts[1])),
        (("training", parts[0]), ("test", parts[2])),
        (("validation", parts[1]), ("test", parts[2])),
    ):
        newest = earlier[time].max()
        n_older = int((later[time] < newest).sum())
        if n_older:
            told = f"{n_older:,} of {len(later):,} {later_name} rows are older than the newest {name} row of {newest}"
            yield Finding("order", time, "runs backwards across the split", told, True)
