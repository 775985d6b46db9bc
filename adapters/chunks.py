"""The rows of a source in chunks, for a table larger than memory; what a cell holds never depends on the cut."""

import pickle
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace

import pandas as pd

from adapters.delimited import look_at_text, text_chunks
from adapters.files import find_tables, kind_of
from adapters.sql import sql_chunks
from adapters.tables import spread
from adapters.typed_files import typed_chunks
from core.errors import DataMissing
from core.layouts import refuse_twins
from core.source_spec import FormatSpec, SqlSource
from core.written_dates import LOOKS_LIKE, forms_of

# Enough to tell delimiter, encoding and decimal mark; what the columns hold is known already.
LAYOUT_BYTES = 4 * 2**20
MOST_CELLS, FEWEST_ROWS, MOST_ROWS = 2_000_000, 500, 100_000


@dataclass(frozen=True, slots=True)
class OpenTable:
    """A table whose rows have not been read.

    Attributes:
        source: As the user named it.
        kind: `text`, `parquet`, `json` or `sql`.
        uris: Its files, in order; none for a query.
        how: The format with nothing left open.
        names: Its columns.
        n_rows: Rows of a chunk.
    """

    source: str | SqlSource
    kind: str
    uris: tuple[str, ...]
    how: FormatSpec
    names: tuple[str, ...]
    n_rows: int


def open_table(source: str | SqlSource, given: FormatSpec, moments: tuple[str, ...]) -> OpenTable:
    """Find out how a source is to be read.

    Args:
        source: Address, folder or glob, or a query.
        given: How the model's own source is read; between fields there may be something else here.
        moments: Columns that are read as moments.

    Raises:
        DataMissing: There is no such table, or it holds no rows.
        DataRejected: It cannot be read as what its name says.
    """
    uris = () if isinstance(source, SqlSource) else tuple(find_tables(source))
    kind = kind_of(uris[0]) if uris else "sql"
    if kind == "text":
        return _open_text(str(source), uris, given, moments)
    table = OpenTable(source, kind, uris, given.of_columns, (), FEWEST_ROWS)
    first = next(read_chunks(table), pd.DataFrame())
    return _with_rows(table, first)


def read_chunks(table: OpenTable, n_rows: int | None = None) -> Iterator[pd.DataFrame]:
    """The rows of a table in order, numbered from 0 in each chunk; a value is as the source has it.

    Args:
        table: As `open_table` has found it.
        n_rows: Most rows of a chunk; default what its columns leave room for.
    """
    n_rows = n_rows or table.n_rows
    if isinstance(table.source, SqlSource):
        yield from sql_chunks(table.source, n_rows)
        return
    for uri in table.uris:
        # Of a single column a blank line is a row without a value; of more it is no row.
        blank = len(table.names) == 1
        parts = text_chunks(uri, table.how, n_rows, blank) if table.kind == "text" else typed_chunks(uri, n_rows)
        for part in parts:
            yield _plain_names(part, uri)


def kept(chunks: Iterator[pd.DataFrame]) -> Callable[[], Iterator[pd.DataFrame]]:
    """Chunks of a source that can be read once, to be read as often as one likes, from a file without a name."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 - closed, and gone, with the last who reads it
    for chunk in chunks:
        pickle.dump(chunk, file)

    def again() -> Iterator[pd.DataFrame]:
        file.seek(0)
        with suppress(EOFError):
            while True:
                yield pickle.load(file)  # nosec B301 # noqa: S301 - nobody else has written it

    return again


def _plain_names(part: pd.DataFrame, uri: str) -> pd.DataFrame:
    # A named index is a column that somebody has set apart.
    named = part.index.names != [None] and not set(part.index.names) & set(part.columns)
    part = part.reset_index(drop=not named)
    names = [str(name) for name in part.columns]
    refuse_twins(names, uri)
    categories = part.select_dtypes("category").columns
    return part.set_axis(names, axis=1).astype({str(name): object for name in categories})


def _open_text(source: str, uris: tuple[str, ...], given: FormatSpec, moments: tuple[str, ...]) -> OpenTable:
    look = look_at_text(spread(list(uris)), given.of_columns, LAYOUT_BYTES)
    same_marks = look.how.delimiter == given.delimiter and given.decimal is not None
    forms = {
        name: _forms(look.frame[name]) for name in moments if name in look.frame and name not in (given.dates or {})
    }
    how = look.how.model_copy(
        update={
            # A word that is no number is a missing value where the model's own format says so, and nowhere else.
            "nulls": given.nulls,
            "decimal": given.decimal if same_marks else look.how.decimal,
            "dates": {**(look.how.dates or {}), **{name: each for name, each in forms.items() if each}},
        }
    )
    return _with_rows(OpenTable(source, "text", uris, how, (), 0), look.frame)


def _forms(column: pd.Series) -> tuple[str, ...]:
    # Texts that are no dates at all break their rows; they do not decide how the others are read.
    if column.dtype.kind in "iufbM":
        return ()
    known = column.dropna().astype(str)
    return forms_of(known[known.str.match(LOOKS_LIKE).to_numpy(bool)])


def _with_rows(table: OpenTable, first: pd.DataFrame) -> OpenTable:
    if first.empty:
        raise DataMissing(f"{table.source} holds no rows", "the table is empty", "give a source with rows")
    n_rows = min(MOST_ROWS, max(FEWEST_ROWS, MOST_CELLS // first.shape[1]))
    return replace(table, names=tuple(map(str, first.columns)), n_rows=n_rows)
