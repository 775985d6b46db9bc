"""The rows to train on: a window of a table larger than memory is cut while the table is read in parts."""

from collections.abc import Iterator

import pandas as pd

from adapters.delimited import is_settled, look_at_text, text_frames
from adapters.files import find_tables, kind_of, stored_bytes
from adapters.memory import refuse_larger
from adapters.samples import WHOLE_BYTES
from adapters.sql import sql_frames
from adapters.tables import as_read, read_table, spread
from adapters.typed_files import typed_chunks
from core.column_reading import is_text
from core.data_spec import DataSpec, WindowSpec
from core.plain_table import plain_table
from core.source_spec import FormatSpec, SqlSource
from core.windows import newest_rows

PART_ROWS = 20_000
FEWEST_NEW_ROWS = 100_000


def read_window(data: DataSpec, small: int = WHOLE_BYTES) -> pd.DataFrame:
    """The rows of the window, as if the table were read whole and then cut.

    Args:
        data: The source, its format, and the window.
        small: Bytes up to which a source with a window is read whole.

    Raises:
        DataRejected: What is to be trained on is too large for this machine's memory.
    """
    if data.window == WindowSpec() or _is_small(data.source, small):
        return newest_rows(read_table(data.source, data.time, data.format), data.window, data.time)
    how = _settled(data.source, data.format)
    rows, mixed = _newest(data, how)
    # A column that is text in one part is text in all of them, as in a table that is read whole.
    return _newest(data, _as_text(how, mixed))[0] if mixed else rows


def _is_small(source: str | SqlSource, small: int) -> bool:
    if isinstance(source, SqlSource):
        return False
    sizes = [stored_bytes(uri) for uri in find_tables(source)]
    return all(size is not None for size in sizes) and sum(size or 0 for size in sizes) <= small


def _settled(source: str | SqlSource, how: FormatSpec) -> FormatSpec:
    found = [] if isinstance(source, SqlSource) else find_tables(source)
    is_open = bool(found) and kind_of(found[0]) == "text" and not is_settled(how)
    return look_at_text(spread(found), how).how if is_open else how


def _as_text(how: FormatSpec, names: list[str]) -> FormatSpec:
    left = {part: {name: each for name, each in (getattr(how, part) or {}).items() if name not in names}
            for part in ("numbers", "dates")}  # fmt: skip
    return how.model_copy(update={"text": (*(how.text or ()), *names), **left})


def _newest(data: DataSpec, how: FormatSpec) -> tuple[pd.DataFrame, list[str]]:
    kinds: dict[str, set[bool]] = {}
    kept: list[pd.DataFrame] = []
    for part in _parts(data, how):
        for name in part:
            if part[name].notna().any():
                kinds.setdefault(str(name), set()).add(is_text(part[name]))
        kept.append(part)
        # Cut when as much is new as was kept: each row is then copied a few times, whatever the table's length.
        if sum(map(len, kept[1:])) > max(len(kept[0]), FEWEST_NEW_ROWS):
            kept = [_cut(kept, data)]
            refuse_larger(
                f"the window of {data.source}", float(kept[0].memory_usage(deep=True).sum()) * 2, len(kept[0])
            )
    return _cut(kept, data), [name for name, are_text in kinds.items() if len(are_text) > 1]


def _cut(parts: list[pd.DataFrame], data: DataSpec) -> pd.DataFrame:
    together = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
    return plain_table(newest_rows(together.infer_objects(), data.window, data.time), str(data.source))


def _parts(data: DataSpec, how: FormatSpec) -> Iterator[pd.DataFrame]:
    for part in _as_stored(data.source, how):
        yield as_read(part, how, str(data.source), data.time)


def _as_stored(source: str | SqlSource, how: FormatSpec) -> Iterator[pd.DataFrame]:
    if isinstance(source, SqlSource):
        yield from sql_frames(source)
        return
    found = find_tables(source)
    is_delimited = kind_of(found[0]) == "text"
    for uri in found:
        if is_delimited:
            yield from text_frames(uri, how, PART_ROWS)
        else:
            yield from (part.infer_objects() for part in typed_chunks(uri, PART_ROWS))
