"""Read CSV and its like: delimiter, encoding, decimal mark and null words are found out, or told by the spec."""

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO, TextIO

import numpy as np
import pandas as pd

from adapters.files import opened
from adapters.samples import WHOLE_BYTES, TextSample, sample_text
from core.column_reading import found_out
from core.columns import with_columns
from core.errors import DataMissing, DataRejected
from core.layouts import Layout, detect_layout, names_of, refuse_twins
from core.source_spec import FormatSpec

LAYOUT_CHARACTERS = 200_000
UNNAMED = "Unnamed: 0"


@dataclass(frozen=True, slots=True)
class TextTable:
    """Rows of a text, how they were read, and how many there are beside them."""

    frame: pd.DataFrame
    how: FormatSpec
    whole: bool
    n_rows: int


def look_at_text(uris: Sequence[str], given: FormatSpec, limit: int = WHOLE_BYTES) -> TextTable:
    """Rows of some files, spread over the whole, and the format in which all of them are to be read."""
    samples = {uri: sample_text(uri, given.encoding, max(limit // len(uris), 2**16)) for uri in uris}
    how = given
    frames = []
    for uri, sample in samples.items():
        how = _settled_layout(how, sample, uri)
        frames.append(_parsed(io.StringIO(sample.text), how, uri, as_text=True))
    how = found_out(_without_counter(pd.concat(frames, ignore_index=True), how), how, typed=False)
    how = how if how.index or not _counts(frames[0]) else how.model_copy(update={"index": UNNAMED})
    parts = [_parsed(io.StringIO(s.text), how, uri, lenient=not s.whole) for uri, s in samples.items()]
    n_rows = sum(
        len(part) if s.whole else round(len(part) * s.n_bytes / max(s.n_seen, 1))
        for part, s in zip(parts, samples.values(), strict=True)
    )
    frame = pd.concat(parts, ignore_index=True)
    return TextTable(frame, how, all(s.whole for s in samples.values()), n_rows)


def read_text(uri: str, how: FormatSpec) -> pd.DataFrame:
    """All rows of a file in a format that is known."""
    with opened(uri) as file:
        return _parsed(file, how, uri)


def text_frames(uri: str, how: FormatSpec, n_rows: int) -> Iterator[pd.DataFrame]:
    """The rows of a file in a format that is known, so many at a time, each value as `read_text` gives it."""
    yield from map(_finite, _chunks(uri, how, _typed_options(how) | {"chunksize": n_rows}))


def text_chunks(uri: str, how: FormatSpec, n_rows: int, blank_rows: bool = False) -> Iterator[pd.DataFrame]:
    """The rows of a file, so many at a time, each value as it is written: no type depends on where a chunk ends.

    With `blank_rows` a blank line is a row.
    """
    options = {"dtype": object, "chunksize": n_rows, "skip_blank_lines": not blank_rows}
    yield from _chunks(uri, how, _options(how) | options)


def _chunks(uri: str, how: FormatSpec, options: dict[str, Any]) -> Iterator[pd.DataFrame]:
    with opened(uri) as file, _readable(uri, how):
        for number, part in enumerate(pd.read_csv(file, **options)):
            # What the first lines have settled, the last column of a later chunk does not unsettle by being empty.
            named = _with_named_columns(part, uri) if number == 0 else _names_as_column(part)
            yield named.drop(columns=how.index, errors="ignore") if how.index else named


def is_settled(how: FormatSpec) -> bool:
    """Whether nothing is left to be found out."""
    return None not in (how.delimiter, how.encoding, how.decimal, how.skip_lines, how.text, how.numbers, how.dates)


def _settled_layout(given: FormatSpec, sample: TextSample, uri: str) -> FormatSpec:
    layout = detect_layout(sample.text[:LAYOUT_CHARACTERS].rpartition("\n")[0] or sample.text)
    layout = Layout(
        given.delimiter or layout.delimiter, layout.skip_lines if given.skip_lines is None else given.skip_lines
    )
    refuse_twins(names_of(sample.text[:LAYOUT_CHARACTERS], layout), uri)
    return given.model_copy(
        update={
            "delimiter": layout.delimiter,
            "encoding": given.encoding or sample.encoding,
            "skip_lines": layout.skip_lines,
        }
    )


def _parsed(
    file: TextIO | BinaryIO, how: FormatSpec, uri: str, *, as_text: bool = False, lenient: bool = False
) -> pd.DataFrame:
    options = _typed_options(how) | ({"dtype": str} if as_text else {})
    options["on_bad_lines"] = "skip" if as_text or lenient else "error"
    with _readable(uri, how):
        frame: pd.DataFrame = pd.read_csv(file, **options)
    frame = _with_named_columns(frame, uri)
    return frame if as_text else _finite(frame.drop(columns=how.index, errors="ignore") if how.index else frame)


def _typed_options(how: FormatSpec) -> dict[str, Any]:
    texts = dict.fromkeys((*(how.text or ()), *(how.numbers or ()), *(how.dates or ())), str)
    return _options(how) | {"dtype": texts, "low_memory": False}


def _options(how: FormatSpec) -> dict[str, Any]:
    return {
        "sep": how.delimiter,
        "encoding": how.encoding,
        "encoding_errors": "strict",
        "decimal": how.decimal or ".",
        "skiprows": how.skip_lines or 0,
        # A blank before a null word is no part of it.
        "na_values": [*how.nulls, *(f" {word}" for word in how.nulls)],
        "keep_default_na": False,
    }


@contextmanager
def _readable(uri: str, how: FormatSpec) -> Iterator[None]:
    try:
        yield
    except pd.errors.EmptyDataError as error:
        raise DataMissing(f"{uri} holds no rows", "the file is empty", "give names and rows") from error
    except (ValueError, LookupError) as error:
        raise _unreadable(uri, error, how) from error


def _with_named_columns(frame: pd.DataFrame, uri: str) -> pd.DataFrame:
    # A line of names that is one short, as R writes it: pandas takes the first column, which has no name, as the index.
    is_numbered = isinstance(frame.index, pd.RangeIndex)
    if not is_numbered and (isinstance(frame.index, pd.MultiIndex) or bool(frame.iloc[:, -1].isna().all())):
        raise DataRejected(
            f"cannot read {uri}",
            f"its lines have more fields than the {frame.shape[1]} names in the line of names",
            "name every column, or remove what ends the lines after the last value",
        )
    return _names_as_column(frame)


def _names_as_column(frame: pd.DataFrame) -> pd.DataFrame:
    return frame if isinstance(frame.index, pd.RangeIndex) else frame.reset_index(names=UNNAMED)


def _without_counter(frame: pd.DataFrame, how: FormatSpec) -> pd.DataFrame:
    return frame.drop(columns=UNNAMED) if how.index is None and _counts(frame) else frame


def _counts(frame: pd.DataFrame) -> bool:
    # What `to_csv` and `write.csv` put before the table: whole numbers without a name.
    if frame.columns[0] != UNNAMED:
        return False
    return bool(frame[UNNAMED].astype("string").str.fullmatch(r"\d+").fillna(False).all()) and frame.shape[1] > 1


def _finite(frame: pd.DataFrame) -> pd.DataFrame:
    numbers = frame.select_dtypes("float")
    endless = [name for name in numbers if bool(np.isinf(numbers[name]).any())]
    return with_columns(frame, {str(name): numbers[name].mask(np.isinf(numbers[name])) for name in endless})


def _unreadable(uri: str, error: Exception, how: FormatSpec) -> DataRejected:
    why = " ".join(str(error).split())[:200] or type(error).__name__
    if isinstance(error, UnicodeError | LookupError):
        why, fix = f"it is not written in {how.encoding}: {why}", "correct `data.format.encoding`, or save it as UTF-8"
    elif "Expected" in why:
        why, fix = f"a line has another number of fields: {why}", "correct or remove that line"
    else:
        fix = "give a whole file in the format that its name says, or correct `data.format` in the YAML"
    return DataRejected(f"cannot read {uri}", why, fix)
