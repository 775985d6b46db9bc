"""Files of the prediction log that a killed process has merged and not removed: whoever writes next removes them.

No reader counts them, since a merged file says which ones it stands for; but nobody else would ever take them away.
"""

import io
import logging
import posixpath
import time
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.parquet as pq

from adapters.prediction_log import ANSWERED, SHADOWED
from adapters.storage import filesystem, list_files, read_bytes, remove, store_path, told
from core.errors import DataMissing
from core.log_parts import covered

LOG = logging.getLogger("everfit.log")
# Whoever had listed the parts before the merged file was there has read them by then.
READ_WITHIN = timedelta(minutes=10)
LOOK_EVERY_S = 600.0


def discard(uri: str) -> None:
    """Remove a file that another process may have removed already."""
    try:
        remove(uri)
    except DataMissing:
        LOG.info("%s is gone already", uri)


class Leftovers:
    """Looks through the whole log once, and from then on where a process may have died since."""

    def __init__(self) -> None:
        self._looked: float | None = None

    def remove_when_due(self) -> None:
        """Remove what is left, at the first call, and at those that come long enough after the last look."""
        if self._looked is not None and time.monotonic() - self._looked < LOOK_EVERY_S:
            return
        days = ["*"] if self._looked is None else _recent_days()
        for pattern in [
            store_path(place, "*", day, "part-*.parquet") for place in (ANSWERED, SHADOWED) for day in days
        ]:
            remove_covered(pattern)
        self._looked = time.monotonic()


def remove_covered(pattern: str) -> int:
    """Remove the files whose rows a merged one has held for long enough; returns how many.

    Args:
        pattern: Of the files to look at.
    """
    parts_of: dict[str, list[str]] = {}
    for uri, by in covered(list_files(pattern)).items():
        parts_of.setdefault(by, []).append(uri)
    old = [(by, parts) for by, parts in parts_of.items() if datetime.now(UTC) - _written_at(by) > READ_WITHIN]
    done = [uri for by, parts in old if _is_whole(by) for uri in parts]
    for uri in done:
        discard(uri)
    return len(done)


def _recent_days() -> list[str]:
    today = datetime.now(UTC).date()
    return [f"{day:%Y-%m-%d}" for day in (today - timedelta(days=1), today)]


def _written_at(uri: str) -> datetime:
    files, path = filesystem(uri)
    with told(uri, "look at"):
        at: datetime = files.modified(path)
    return at


def _is_whole(uri: str) -> bool:
    # The parts are the last copy of rows that a damaged file no longer holds.
    try:
        pq.read_metadata(io.BytesIO(read_bytes(uri)))
    except pa.ArrowException:
        LOG.warning("%s cannot be read; the files that it was made of stay", posixpath.basename(uri))
        return False
    return True
