"""Cells read one by one, by the type of their column: what cannot be read is missing and marked.

`core.column_reading` turns columns whole. Rows that come in chunks must not depend on their neighbours.
"""

import datetime as dt
import decimal
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from core.column_reading import LOGICAL
from core.contract import Mask
from core.metrics import Floats
from core.plain_table import as_text
from core.source_spec import FormatSpec
from core.values import text_of
from core.written_dates import ISO, parse_dates
from core.written_numbers import parse_written

MOMENTS = (dt.date, np.datetime64)
MOST_DIGITS = 300
NUMBERS = (int, float, decimal.Decimal, np.number)


@dataclass(frozen=True, slots=True)
class Cells:
    """A column's values in one type, missing where `unreadable`, shape (n,)."""

    values: pd.Series
    unreadable: Mask


def read_cells(column: pd.Series, kind: str, how: FormatSpec, held: str = "text") -> Cells:
    """Read a column's cells as a type of `ColumnSpec.type`.

    Args:
        column: Texts, or values with types of their own, in any mixture.
        kind: The type: numbers and booleans become float64, moments datetime64, the others text.
        how: How texts hold numbers and moments, and which words mean that a value is missing.
        held: Of categories: the type of the column that the model learned from; 1.50 is the category 1.5 of numbers.
    """
    column = column.dt.total_seconds() if column.dtype.kind == "m" else column
    return READERS[kind](_without_nulls(column, how), how, held)


def as_held(frame: pd.DataFrame, held: Mapping[str, str]) -> pd.DataFrame:
    """Cells that were read as float64, in the types that the columns had: whole numbers, and yes and no.

    Where values are missing, in pandas' types that know missing ones.
    """
    types = {}
    for name, kind in held.items():
        if kind not in ("int", "boolean") or name not in frame or frame[name].dtype.kind != "f":
            continue
        values = frame[name].dropna()
        missing = len(values) < len(frame)
        if kind == "boolean" and values.isin([0, 1]).all():
            types[name] = "boolean" if missing else "bool"
        elif kind == "int" and (values % 1 == 0).all() and (values.abs() < 2**53).all():
            types[name] = "Int64" if missing else "int64"
    return frame.astype(types)


def texts_of(column: pd.Series, held: str = "text") -> pd.Series:
    """Each cell as text, missing ones as NaN: 1, 1.0 and, where the column held numbers, "1.0" read the same."""
    known = np.array(column.notna(), dtype=bool)
    found = np.full(len(column), np.nan, dtype=object)
    if held in ("int", "float") and known.any():
        numbers = _as_plain_numbers(column)
        known &= np.isnan(numbers)
        found[~np.isnan(numbers)] = [text_of(number) for number in numbers[~np.isnan(numbers)]]
    values = column[known].astype(object).tolist()
    values = values if _of_type(column, str)[known].all() else [_text(value) for value in values]
    if held == "boolean":
        values = [value.title() if value in LOGICAL else value for value in values]
    found[known] = _encodable(values)
    return pd.Series(found, index=column.index, name=column.name)


def _encodable(texts: list[str]) -> list[str]:
    try:
        "".join(texts).encode()
    except UnicodeEncodeError:
        # Half a character, which JSON can write and no file can hold.
        return [text.encode("utf-8", "backslashreplace").decode() for text in texts]
    return texts


def _text(value: Any) -> str:
    if isinstance(value, decimal.Decimal) and value.is_finite() and abs(value.adjusted()) < MOST_DIGITS:
        value = int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, int) and value.bit_length() > 4 * MOST_DIGITS:
        # Python refuses to write thousands of digits.
        return hex(value)
    return text_of(value) if isinstance(value, NUMBERS) else as_text(value)


def _without_nulls(column: pd.Series, how: FormatSpec) -> pd.Series:
    texts = _of_type(column, str)
    if texts.any():
        texts[texts] = column[texts].isin(how.nulls).to_numpy(bool)
    return column.astype(object).mask(texts) if texts.any() else column


def _as_plain_numbers(column: pd.Series) -> Floats:
    of_type = _of_type(column, (str, *NUMBERS))
    numbers = np.full(len(column), np.nan)
    numbers[of_type] = _plain_numbers(column[of_type].astype(object))
    # Of longer ones float64 no longer tells every two apart: they stay as they are written.
    return np.where(np.abs(numbers) < 2**53, numbers, np.nan)


def _number_cells(column: pd.Series, how: FormatSpec, _: str) -> Cells:
    numbers = np.full(len(column), np.nan)
    if column.dtype.kind in "iuf":
        numbers = column.to_numpy(np.float64, na_value=np.nan)
    elif column.dtype.kind not in "bM":
        texts, own = _of_type(column, str), _of_type(column, NUMBERS)
        numbers[texts] = _numbers_from(column[texts].astype(object), how)
        numbers[own] = [_as_float(value) for value in column[own]]
    return Cells(pd.Series(numbers, index=column.index), np.isnan(numbers) & column.notna().to_numpy(bool))


def _whole_cells(column: pd.Series, how: FormatSpec, held: str) -> Cells:
    cells = _number_cells(column, how, held)
    with np.errstate(invalid="ignore"):
        broken = ((cells.values % 1) != 0).to_numpy(bool) & cells.values.notna().to_numpy(bool)
    return Cells(cells.values.mask(broken), cells.unreadable | broken)


def whole_numbers(column: pd.Series, numbers: pd.Series) -> list[int]:
    """Cells that hold whole numbers, to the last digit where they are written with digits alone.

    Args:
        column: The cells.
        numbers: What was read from them; float64 does not hold a number of 17 digits.
    """
    return [
        int(text) if text.strip().lstrip("+-").isdecimal() else int(number)
        for text, number in zip(texts_of(column), numbers, strict=True)
    ]


def _logical_cells(column: pd.Series, how: FormatSpec, held: str) -> Cells:
    words = {word: float(word.lower() == "true") for word in LOGICAL}
    numbers = _number_cells(column, how, held).values
    told = _of_type(column, (str, bool, np.bool_))
    said = [words.get(str(value), np.nan) for value in column[told]]
    numbers = numbers.fillna(pd.Series(said, index=column.index[told], dtype="float64"))
    unreadable = (~numbers.isin([0.0, 1.0])).to_numpy(bool) & column.notna().to_numpy(bool)
    return Cells(numbers.mask(unreadable), unreadable)


def _moment_cells(column: pd.Series, how: FormatSpec, _: str) -> Cells:
    found = pd.Series(pd.NaT, index=column.index, dtype="datetime64[us]")
    forms = (how.dates or {}).get(str(column.name), (ISO,))
    own, texts = _of_type(column, MOMENTS), _of_type(column, str)
    # A number is a moment only where the format says how: 2024 is a year, or seconds after 1970.
    numbers = _of_type(column, NUMBERS) if forms != (ISO,) else np.full(len(column), False)
    if own.any():
        moments = pd.to_datetime(column[own], errors="coerce", utc=True)
        found[own] = moments.dt.tz_localize(None).astype("datetime64[us]")
    for some in (texts, numbers):
        if some.any():
            found[some] = parse_dates(column[some], forms)
    return Cells(found, (found.isna() & column.notna()).to_numpy(bool))


def _word_cells(column: pd.Series, how: FormatSpec, held: str) -> Cells:
    unreadable = _of_type(column, MOMENTS)
    return Cells(texts_of(column, held).mask(unreadable), unreadable)


READERS: Mapping[str, Callable[[pd.Series, FormatSpec, str], Cells]] = MappingProxyType(
    {
        "float": _number_cells,
        "int": _whole_cells,
        "boolean": _logical_cells,
        "datetime": _moment_cells,
        "category": _word_cells,
        "text": _word_cells,
    }
)


def _of_type(column: pd.Series, types: Any) -> Mask:
    known = np.array(column.notna(), dtype=bool)
    wanted = types if isinstance(types, tuple) else (types,)
    kind = "U" if pd.api.types.infer_dtype(column, skipna=True) == "string" else column.dtype.kind
    if kind in "iufbMU":
        own = {"M": dt.date, "b": bool, "U": str}.get(kind, float)
        return known if own in wanted else np.full(len(column), False)
    # True is an int to Python, and no number to anybody else.
    logical = bool in wanted
    told = [isinstance(value, wanted) and (logical or not isinstance(value, bool | np.bool_)) for value in column]
    return np.asarray(np.array(told, dtype=bool) & known)


def _numbers_from(texts: pd.Series, how: FormatSpec) -> Floats:
    if not len(texts):
        return np.empty(0)
    mark = (how.numbers or {}).get(str(texts.name))
    if mark is not None:
        written = parse_written(texts, mark).to_numpy(np.float64)
        return np.where(np.isnan(written) & (mark == "."), _plain_numbers(texts), written)
    if how.decimal == ",":
        texts = texts.mask(texts.str.contains(".", regex=False)).str.replace(",", ".", regex=False)
    return _plain_numbers(texts)


def _plain_numbers(values: pd.Series) -> Floats:
    try:
        # The parser that reads a CSV for training: another one differs in the last digit.
        return pd.to_numeric(values, errors="coerce").to_numpy(np.float64, na_value=np.nan)
    except (TypeError, ValueError, OverflowError):
        return np.array([_as_float(value) for value in values], dtype=np.float64)


def _as_float(value: Any) -> float:
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")
    except (TypeError, ValueError):
        return float("nan")
