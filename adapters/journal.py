"""The journal: what was decided, trained and released, append-only, one small file an entry, each held by the next."""

import glob
import hashlib
import json
import logging
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath
from typing import Any, Literal

from adapters.claims import create_once
from adapters.storage import exists, list_files, read_bytes, read_json, store_path, write_json
from core.chain import Entry, Unread, breaks, read_entry, sealed
from core.errors import DataError

STAMP = "%Y%m%dT%H%M%S%f"
LOG = logging.getLogger("everfit.journal")
Kind = Literal[
    "check", "training", "release", "rollback", "staging", "watch", "scoring", "evidence", "attestation", "retention"
]


def append(model: str, kind: Kind, entry: dict[str, Any]) -> str:
    """Write an entry; returns its id. The time is added, and what holds it to the entry before."""
    written = _every(model)
    before, unread = _newest(written)
    at = datetime.now(UTC)
    # Names sort by time, so that a listing is the order of events.
    name = f"{_after(written, at):{STAMP}}-{kind}-{uuid.uuid4().hex[:8]}"
    told = json.loads(json.dumps({"id": name, "kind": kind, "at": at.isoformat()} | entry, default=str))
    write_json(store_path("journal", model, f"{name}.json"), sealed(told, before, unread))
    return name


def _after(written: list[str], at: datetime) -> datetime:
    """A moment that sorts behind every entry that is written, though the clock may have been put back since the newest.

    A hybrid logical clock: Kulkarni et al., Logical Physical Clocks, 2014, section 3.
    """
    # The names of a model's entries begin with their moments.
    newest = PurePosixPath(written[-1]).name.split("-")[0] if written else ""
    try:
        last = datetime.strptime(newest, STAMP).replace(tzinfo=UTC)
    except ValueError:
        # Somebody's own file, or none.
        return at
    return max(at, last + timedelta(microseconds=1))


def faults(model: str) -> list[str]:
    """Which entries cannot be read, or were changed, replaced or taken away since they were written."""
    found = [_read(uri) for uri in _every(model)]
    unread = [each for each in found if isinstance(each, Unread)]
    return list(breaks([each for each in found if not isinstance(each, Unread)], unread))


def entries(model: str, kind: Kind) -> list[dict[str, Any]]:
    """A model's entries of one kind, newest first; one that cannot be read is left out, and warned of.

    What has become of it is among `faults`, which lineage and status tell.
    """
    found = [_read(uri) for uri in reversed(_every(model, kind))]
    for each in found:
        if isinstance(each, Unread):
            LOG.warning("the journal of %s: %s cannot be read and counts for nothing: %s", model, each.id, each.why)
    return [dict(each) for each in found if not isinstance(each, Unread)]


def _newest(written: list[str]) -> tuple[Entry | None, list[Unread]]:
    """The newest entry that can be read, and what is newer and cannot."""
    unread: list[Unread] = []
    for uri in reversed(written):
        found = _read(uri)
        if not isinstance(found, Unread):
            return found, unread
        unread.append(found)
    return None, unread


def _read(uri: str) -> Entry | Unread:
    return read_entry(PurePosixPath(uri).stem, read_bytes(uri))


def _every(model: str, kind: str = "*") -> list[str]:
    return list_files(f"{glob.escape(store_path('journal', model))}/*-{kind}-*.json")


def every_entry(model: str) -> list[dict[str, Any]]:
    """All of a model's entries, oldest first.

    Raises:
        DataError: One cannot be read, so that nobody can say what it names.
    """
    found = [_read(uri) for uri in _every(model)]
    for each in found:
        if isinstance(each, Unread):
            raise DataError(
                f"the journal of {model} cannot be read whole",
                f"{each.id}: {each.why}",
                "put that entry back from a copy, or move its file away; `everfit lineage` will say that it is gone",
            )
    return [dict(each) for each in found if not isinstance(each, Unread)]


def finished_trainings(model: str) -> list[dict[str, Any]]:
    """The trainings that came to a verdict on a model, newest first; what was refused before that has no rows."""
    return [entry for entry in entries(model, "training") if "rows" in entry]


def _claimed(model: str, cause: str) -> str:
    # By its digest: whoever can send an event can choose a cause, and must not choose a path with it.
    return store_path("claims", model, f"{hashlib.sha256(cause.encode()).hexdigest()}.json")


def is_claimed(model: str, cause: str) -> bool:
    """Whether a run has taken a cause."""
    return exists(_claimed(model, cause))


def claim(model: str, cause: str, owner: str) -> bool:
    """Take a cause for one run: True for the first who asks and for its retries, False for everybody else."""
    uri = _claimed(model, cause)
    if create_once(uri, json.dumps({"owner": owner}).encode()):
        return True
    return bool(read_json(uri)["owner"] == owner)


def queue_up(model: str, line: str, mine: dict[str, Any], admits: Callable[[dict[str, Any]], bool]) -> bool:
    """Take the next place in a line, unless somebody who stands in it forbids that.

    Who takes a place has seen everybody before it, so that of two who come at once one sees the other, whatever they
    ask each other about.

    Args:
        model: Whose line.
        line: Its name.
        mine: What others read of me; its `owner` finds its own place again.
        admits: Whether somebody in the line lets me follow.
    """
    place = 0
    while True:
        uri = store_path("claims", model, f"{line}-{place:06}.json")
        if create_once(uri, json.dumps(mine).encode()):
            return True
        other = read_json(uri)
        if other["owner"] == mine["owner"]:
            return True
        if not admits(other):
            return False
        place += 1
