"""Read the table that a spec names: files on this machine or behind an address, or the rows of a query."""

from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from adapters.delimited import is_settled, look_at_text, read_text
from adapters.files import find_tables, kind_of, stored_bytes
from adapters.memory import refuse_larger, room
from adapters.samples import MOST_FILES
from adapters.sql import read_sql
from adapters.typed_files import MOST_CELLS, look_at_typed, read_typed
from core.column_reading import found_out, read_columns
from core.errors import DataRejected
from core.plain_table import plain_table
from core.source_spec import FormatSpec, SqlSource
from core.written_dates import ISO, forms_of, forms_of_numbers, parse_dates

AS_FOUND = FormatSpec()
# A packed file grows more than tenfold in memory; what would fit even so needs no closer look.
MOST_GROWTH = 25


@dataclass(frozen=True, slots=True)
class FirstLook:
    """Rows of a table that nobody described, and how they were read.

    Attributes:
        frame: Rows, all of them or some spread over the whole.
        how: The format with nothing left open.
        n_rows: Of the whole table, estimated where `whole` is false.
        whole: Whether all rows were looked at.
    """

    frame: pd.DataFrame
    how: FormatSpec
    n_rows: int
    whole: bool


def read_table(source: str | SqlSource, time: str | None = None, how: FormatSpec = AS_FOUND) -> pd.DataFrame:
    """All rows of a source, in order of the files' names.

    Args:
        source: Address, folder or glob, or a query, as in the YAML.
        time: Column that is read as a time, where the source holds text.
        how: How text is read; what it leaves open is found out from the files.

    Raises:
        DataMissing: There is no such file.
        DataRejected: A file cannot be read as what its name says, or the table is too large for the memory.
    """
    frame, how = _read_rows(source, how)
    return as_read(frame, how, str(source), time)


def as_read(frame: pd.DataFrame, how: FormatSpec, source: str, time: str | None) -> pd.DataFrame:
    """Rows as a file or database holds them, with the values that the format says they are."""
    frame = read_columns(plain_table(frame, source), how)
    if time and time in frame.columns and not pd.api.types.is_datetime64_any_dtype(frame[time]):
        frame[time] = _as_time(frame[time], source)
    return frame


def look_at(source: str | SqlSource, given: FormatSpec = AS_FOUND) -> FirstLook:
    """Rows of a source in bounded memory, read as `read_table` will with the format that comes back."""
    if isinstance(source, SqlSource):
        frame, whole = read_sql(source, MOST_CELLS // 20)
        return _typed_look(frame, (given, str(source)), len(frame), whole)
    found = find_tables(source)
    some = spread(found)
    n_times = len(found) / len(some)
    if kind_of(found[0]) != "text":
        frame, n_rows, whole = look_at_typed(some)
        return _typed_look(frame, (given, source), round(n_rows * n_times), whole and len(some) == len(found))
    table = look_at_text(some, given)
    frame = read_columns(plain_table(table.frame, source), table.how)
    return FirstLook(frame, table.how, round(table.n_rows * n_times), table.whole and len(some) == len(found))


def with_time(look: FirstLook, name: str) -> FirstLook:
    """The same rows with a column read as moments, which numbers may be too.

    Raises:
        DataRejected: Its values are no moments.
    """
    column = look.frame[name]
    if pd.api.types.is_datetime64_any_dtype(column):
        return look
    known = column.dropna()
    forms = forms_of_numbers(known) if pd.api.types.is_numeric_dtype(column) else forms_of(known)
    how = look.how.model_copy(
        update={
            "dates": {**(look.how.dates or {}), name: forms},
            "text": tuple(each for each in look.how.text or () if each != name),
        }
    )
    frame = read_columns(look.frame, how)
    if not forms or not pd.api.types.is_datetime64_any_dtype(frame[name]):
        shown = ", ".join(repr(value) for value in known.head(3).tolist()) or "nothing"
        raise DataRejected(
            f"the column '{name}' cannot order rows in time",
            f"its values are no dates or times: {shown}",
            "name another column with --time, or leave it out",
        )
    return replace(look, frame=frame, how=how)


def spread(found: list[str]) -> list[str]:
    """Some of many files, from first to last."""
    if len(found) <= MOST_FILES:
        return found
    return [found[(len(found) - 1) * step // (MOST_FILES - 1)] for step in range(MOST_FILES)]


def _typed_look(frame: pd.DataFrame, told: tuple[FormatSpec, str], n_rows: int, whole: bool) -> FirstLook:
    frame = plain_table(frame, told[1])
    how = found_out(frame, told[0], typed=True)
    return FirstLook(read_columns(frame, how), how, n_rows, whole)


def _read_rows(source: str | SqlSource, how: FormatSpec) -> tuple[pd.DataFrame, FormatSpec]:
    if isinstance(source, SqlSource):
        return read_sql(source)[0], how
    found = find_tables(source)
    _refuse_too_large(source, found, how)
    if kind_of(found[0]) == "text":
        how = how if is_settled(how) else look_at_text(spread(found), how).how
        frames = [read_text(uri, how) for uri in found]
    else:
        frames = [read_typed(uri) for uri in found]
    return pd.concat(frames, ignore_index=True) if len(frames) > 1 else frames[0], how


def _refuse_too_large(source: str, found: list[str], how: FormatSpec) -> None:
    sizes = [stored_bytes(uri) for uri in found]
    if None not in sizes and sum(size or 0 for size in sizes) * MOST_GROWTH <= room():
        return
    look = look_at(source, how)
    if not look.whole:
        each = float(look.frame.memory_usage(deep=True).sum()) / max(len(look.frame), 1)
        refuse_larger(source, each * look.n_rows, look.n_rows)


def _as_time(column: pd.Series, source: str) -> Any:
    numeric = pd.api.types.is_numeric_dtype(column)
    forms = forms_of_numbers(column.dropna()) if numeric and column.notna().any() else (ISO,)
    found = parse_dates(column, forms) if forms else None
    if found is not None and bool((found.notna() | column.isna()).all()):
        return found
    try:
        return pd.to_datetime(column, format="mixed" if column.dtype.kind not in "iuf" else None)
    except (ValueError, TypeError) as error:
        why = " ".join(str(error).split())[:200]
        raise DataRejected(
            f"the time column '{column.name}' of {source} cannot be read",
            why,
            "correct the values, or name another `data.time`",
        ) from error
