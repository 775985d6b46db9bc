"""One process's files of the prediction log: small ones every few seconds, merged into larger ones as they add up.

Numbers that follow each other are merged, 32 at a time, and 32 merged ones again: some dozens of files a day instead of
17,000. `core.log_parts` says which files stand while others are still there.
"""

import io
import posixpath
import uuid
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from adapters.log_leftovers import discard
from adapters.prediction_log import store_part, table_of
from adapters.storage import read_bytes
from core.errors import DataMissing
from core.log_parts import part_name

FAN = 32
# A merged file is in memory once; larger ones gain nothing by being merged.
MOST_ROWS = 100_000


@dataclass(frozen=True, slots=True)
class Part:
    """A file, the numbers that it stands for, and its rows."""

    uri: str
    first: int
    last: int
    n_rows: int


class LogWriter:
    """Writes and merges; used by one thread."""

    def __init__(self) -> None:
        self.identity, self._number = uuid.uuid4().hex[:12], 0
        self._levels: dict[tuple[str, str, str], list[list[Part]]] = {}
        self._covered: dict[tuple[str, str, str], list[str]] = defaultdict(list)

    def write(self, place: str, model: str, columns: Mapping[str, list[Any]], kinds: Mapping[str, str]) -> None:
        """Write rows as one file.

        Args:
            place: `adapters.prediction_log.ANSWERED` or SHADOWED.
            model: Whose rows.
            columns: Plain values by name, all of one length.
            kinds: What they are, as `core.request_columns` says; others are found out.
        """
        table = table_of(columns, kinds)
        self._number += 1
        uri = store_part(place, model, table, part_name(self.identity, self._number))
        day = posixpath.basename(posixpath.dirname(uri))
        levels = self._levels.setdefault((place, model, day), [[]])
        levels[0].append(Part(uri, self._number, self._number, table.num_rows))

    def merge(self) -> None:
        """Merge what has added up, and all that is left of a day that is over."""
        today = f"{datetime.now(UTC):%Y-%m-%d}"
        for folder, levels in list(self._levels.items()):
            for level in range(len(levels)):
                while len(levels[level]) >= FAN:
                    self._merge(folder, level, levels[level][:FAN])
                    # Not before: what the store did not take is tried again, and no larger file is merged over it.
                    del levels[level][:FAN]
            if folder[2] < today:
                # Higher levels hold the older numbers.
                left = [part for parts in reversed(levels) for part in parts]
                self._merge(folder, len(levels) - 1, left)
                del self._levels[folder]

    def _merge(self, folder: tuple[str, str, str], level: int, parts: list[Part]) -> None:
        # Whoever had listed them before they were covered has read them by now.
        while self._covered[folder]:
            discard(self._covered[folder][-1])
            self._covered[folder].pop()
        levels = self._levels[folder]
        together = None if len(parts) < 2 or sum(part.n_rows for part in parts) > MOST_ROWS else _together(parts)
        if together is None:
            # They stay as they are, and numbers on both sides of them must not be merged over them.
            for higher in levels[level + 1 :]:
                higher.clear()
            return
        first, last, day = parts[0].first, parts[-1].last, folder[2]
        uri = store_part(folder[0], folder[1], together, part_name(self.identity, first, last), day)
        self._covered[folder] = [part.uri for part in parts]
        if level + 1 == len(levels):
            levels.append([])
        levels[level + 1].append(Part(uri, first, last, together.num_rows))


def _together(parts: list[Part]) -> Any:
    try:
        tables = [pq.read_table(io.BytesIO(read_bytes(part.uri))) for part in parts]
        return pa.concat_tables(tables, promote_options="permissive")
    except (pa.ArrowInvalid, pa.ArrowTypeError, DataMissing):
        # A field that clients sent in other types at other times: each file keeps its own. Files that are gone were
        # merged into one that the store had taken while it seemed to be down.
        return None
