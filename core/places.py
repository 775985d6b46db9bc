"""Where a row stands by its own values alone, and on which side of a split that puts it."""

from datetime import datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.metrics import Floats
from core.values import text_of

Hashes = NDArray[np.uint64]
SIDES = ("train", "validation", "test")
# The finalizer of splitmix64 (Steele, Lea and Flood, Fast splittable pseudorandom number generators, 2014).
STEP, FIRST, SECOND = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


def hash_position(frame: pd.DataFrame, columns: tuple[str, ...], salt: int = 0) -> Floats:
    """A place in [0, 1) for each row that depends on the columns' values and the salt only, shape (n,)."""
    return salted(row_hashes(frame, columns), salt) / np.float64(2**64)


def row_hashes(frame: pd.DataFrame, columns: tuple[str, ...]) -> Hashes:
    """A hash of each row's values, shape (n,).

    Values are hashed as text, so that a key reads the same from CSV and Parquet, as `int` or `str`.
    """
    keys = pd.DataFrame({name: _as_written(frame[name]) for name in columns})
    return np.asarray(pd.util.hash_pandas_object(keys, index=False, categorize=False), dtype=np.uint64)


def salted(hashes: Hashes, salt: int) -> Hashes:
    """Other places for the same rows, one arrangement a salt; salt 0 leaves the hashes as they are."""
    if not salt:
        return hashes
    mixed = hashes + np.array([salt], np.uint64) * STEP
    mixed = (mixed ^ (mixed >> np.uint64(30))) * FIRST
    mixed = (mixed ^ (mixed >> np.uint64(27))) * SECOND
    return np.asarray(mixed ^ (mixed >> np.uint64(31)), dtype=np.uint64)


def side_numbers(place: Floats, test: float, validation: float) -> NDArray[np.int64]:
    """The side of each place, as positions in SIDES: test rows first, then validation rows, then the rest."""
    return np.where(place < test, 2, np.where(place < test + validation, 1, 0))


def without_zone(column: pd.Series) -> pd.Series:
    """Moments in UTC, without saying so."""
    zoned = isinstance(column.dtype, pd.DatetimeTZDtype)
    return column.dt.tz_convert("UTC").dt.tz_localize(None) if zoned else column


def _as_written(column: pd.Series) -> pd.Series:
    """Each value as text by itself: what stands in other rows must not change how a row is read."""
    missing = column.isna()
    if pd.api.types.is_datetime64_any_dtype(column):
        text = without_zone(column).astype("datetime64[us]").astype("int64").astype(str).astype(object)
    elif column.dtype.kind == "f" and isinstance(column.dtype, np.dtype):
        # As `text_of` writes them, ten times as fast: without a key every value of the table is written.
        written = [str(int(value)) if value.is_integer() else repr(value) for value in column.to_numpy().tolist()]
        text = pd.Series(written, index=column.index, dtype=object)
    else:
        text = column.astype(object).map(_text)
    # Empty is empty, whether the other rows make of it None, NaN or NaT.
    return text.mask(missing, "nan") if missing.any() else text


def _text(value: object) -> str:
    if isinstance(value, datetime):
        stamp = pd.Timestamp(value)
        naive = stamp.tz_convert("UTC").tz_localize(None) if stamp.tzinfo else stamp
        return str(naive.to_datetime64().astype("datetime64[us]").astype(np.int64))
    return text_of(value)
