"""From the text of columns to numbers and moments: found out once, by `found_out`, then the same for every batch."""

import numpy as np
import pandas as pd

from core.columns import with_columns
from core.source_spec import FormatSpec
from core.written_dates import forms_of, parse_dates
from core.written_numbers import Mark, decimal_of, parse_written

LOGICAL = frozenset({"True", "TRUE", "true", "False", "FALSE", "false"})
# A whole number of more digits is no longer exact as float64, and is a code rather than a count.
MOST_DIGITS = 15
PLAIN = r"^\s*[-+]?(?:\d+[.]?\d*|[.]\d+)(?:[eE][-+]?\d+)?\s*$"


def is_text(column: pd.Series) -> bool:
    """Whether a column holds texts."""
    return bool(pd.api.types.is_string_dtype(column.dtype) or pd.api.types.is_object_dtype(column.dtype)) and (
        pd.api.types.infer_dtype(column, skipna=True) in ("string", "empty")
    )


def found_out(frame: pd.DataFrame, given: FormatSpec, *, typed: bool) -> FormatSpec:
    """How the text columns are to be read: what is given stays, the rest is found out.

    Args:
        frame: Rows whose columns are texts, save where the source has types of its own.
        given: What is known of the format.
        typed: The source has types (Parquet, SQL, JSON): only texts that hold numbers or dates are listed.
    """
    decimal = given.decimal or (None if typed else file_decimal(frame))
    numbers, dates, text, nulls = dict(given.numbers or {}), dict(given.dates or {}), list(given.text or ()), []
    for name in frame.columns:
        values = frame[name]
        if name in {*numbers, *dates, *text} or not is_text(values) or values.isna().all():
            continue
        is_plain = _is_plain(values, decimal or ".")
        if is_plain and not typed:
            continue
        mark, forms, odd = _read_as(values, decimal or ".", is_plain)
        nulls += odd
        if mark and given.numbers is None:
            numbers[name] = mark
        elif forms and given.dates is None:
            dates[name] = forms
        elif not typed and mark is None and not forms:
            text.append(name)
    return given.model_copy(
        update={
            "decimal": decimal,
            "numbers": numbers,
            "dates": dates,
            "text": tuple(text),
            "nulls": (*given.nulls, *dict.fromkeys(word for word in nulls if word not in given.nulls)),
        }
    )


def read_columns(frame: pd.DataFrame, how: FormatSpec) -> pd.DataFrame:
    """Turn the columns that the format lists into numbers and moments, each whole or not at all.

    A column with a value that cannot be read stays text: then it breaks the contract, and nothing is lost.
    """
    changed: dict[str, pd.Series] = {}
    for name, mark in (how.numbers or {}).items():
        if name in frame.columns and not pd.api.types.is_numeric_dtype(frame[name]):
            changed[name] = _whole(frame[name], parse_written(_without_nulls(frame[name], how), mark), how)
    for name, forms in (how.dates or {}).items():
        if name in frame.columns and not pd.api.types.is_datetime64_any_dtype(frame[name]):
            changed[name] = _whole(frame[name], parse_dates(_without_nulls(frame[name], how), forms), how)
    return with_columns(frame, changed) if changed else frame


def file_decimal(frame: pd.DataFrame) -> Mark:
    """The decimal mark of a text file's numbers: a comma where more values have it than have a point."""
    heads = [frame[name].dropna().head(1000).astype(str) for name in frame.columns]
    # Most files have no comma within a value, which is seen at once.
    if not any(_holds(head, ",") for head in heads):
        return "."
    points = commas = 0
    for values in (head.astype("string") for head in heads):
        points += int(values.str.match(r"^\s*[-+]?\d*[.]\d+\s*$").sum())
        # 1,234 may be a thousand: it counts where another value in the column cannot be.
        with_comma = values.str.match(r"^\s*[-+]?\d*,\d+\s*$")
        thousands = values.str.match(r"^\s*[-+]?[1-9]\d{0,2}(,\d{3})+\s*$")
        commas += 0 if bool((thousands | ~with_comma).all()) else int(with_comma.sum())
    return "," if commas > points else "."


def _read_as(values: pd.Series, decimal: Mark, plain: bool) -> tuple[Mark | None, tuple[str, ...], list[str]]:
    known = values.dropna()
    texts = known.drop_duplicates()
    # Numbers and dates have digits: the words of most categories need no closer look.
    if _are_codes(texts) or set(texts) <= LOGICAL or not texts.str.contains(r"\d", regex=True).any():
        return None, (), []
    mark = decimal_of(texts, decimal) if not plain or decimal == "," else "."
    if mark:
        odd = texts[parse_written(texts, mark).isna()]
        return (mark, (), odd.tolist()) if _are_words(odd, known) else (None, (), [])
    forms = forms_of(texts, day_first=decimal == ",")
    if forms:
        odd = texts[parse_dates(texts, forms).isna()]
        return (None, forms, odd.tolist()) if _are_words(odd, known) else (None, (), [])
    return None, (), []


def _are_words(odd: pd.Series, known: pd.Series) -> bool:
    # A few words among numbers, such as `unknown`, mean that the number is missing; broken numbers do not.
    return len(odd) <= 5 and not odd.str.contains(r"\d", regex=True).any() and known.isin(odd).mean() <= 0.1


def _is_plain(values: pd.Series, decimal: Mark) -> bool:
    texts = values.dropna()
    if str(texts.iloc[0]) in LOGICAL and set(texts.unique()) <= LOGICAL:
        return True
    dotted = texts.str.replace(",", ".", regex=False) if decimal == "," else texts
    return _are_numbers(dotted) and not _are_codes(texts)


def _are_numbers(texts: pd.Series) -> bool:
    # What Python reads as finite numbers is plain, save for its own grouping of digits.
    try:
        finite = bool(np.isfinite(texts.to_numpy(object).astype(np.float64)).all())
    except ValueError:
        return False
    return bool(texts.astype("string").str.match(PLAIN).all()) if not finite or _holds(texts, "_") else True


def _holds(texts: pd.Series, mark: str) -> bool:
    return mark in "\n".join(texts.tolist())


def _are_codes(texts: pd.Series) -> bool:
    if not len(texts) or not str(texts.iloc[0]).strip().isdecimal():
        return False
    digits = texts.astype("string").str.fullmatch(r"\s*\d+\s*")
    if not digits.all():
        return False
    stripped = texts.astype("string").str.strip()
    return bool((stripped.str.match(r"0\d") | (stripped.str.len() > MOST_DIGITS)).any())


def _without_nulls(column: pd.Series, how: FormatSpec) -> pd.Series:
    return column.mask(column.isin(how.nulls)) if is_text(column) else column


def _whole(column: pd.Series, read: pd.Series, how: FormatSpec) -> pd.Series:
    return read if bool((read.notna() | _without_nulls(column, how).isna()).all()) else column
