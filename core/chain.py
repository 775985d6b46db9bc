"""Entries of a journal as a chain: each holds its own digest and the newest entry's before it.

Who changes an entry changes its digest; who writes the new digest into it too breaks the chain at the next entry. Two
that are written at once may follow the same one, so the chain may fork; it may not have gaps. A file that holds no
entry is passed by: the next entry follows the newest that can be read, and names those that it could not read.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Entry = Mapping[str, Any]
EVERY_ENTRY = ("id", "kind", "at")


@dataclass(frozen=True, slots=True)
class Unread:
    """A file of the journal that holds no entry.

    Attributes:
        id: The entry's, by the file's name.
        why: What is wrong with the content.
    """

    id: str
    why: str


def read_entry(name: str, content: bytes) -> Entry | Unread:
    """What a file of the journal holds.

    Args:
        name: The entry's id.
        content: Of its file.
    """
    try:
        found = json.loads(content)
    except (ValueError, RecursionError) as error:
        return Unread(name, f"it is no JSON: {error}")
    if not isinstance(found, dict) or any(key not in found for key in EVERY_ENTRY):
        return Unread(name, f"it is JSON, but no entry with {', '.join(EVERY_ENTRY)}")
    return found


def sealed(entry: Entry, before: Entry | None, unread: Sequence[Unread] = ()) -> dict[str, Any]:
    """An entry with the digest of itself, and of the one before it.

    Args:
        entry: As it will be read again: what JSON does not know is text by now.
        before: The newest entry that is there already and can be read; None for the first.
        unread: What is newer than that and cannot be read.
    """
    follows = None if before is None else {"id": before["id"], "digest": before.get("digest") or digest_of(before)}
    passed_by = {"unread": [each.id for each in unread]} if unread else {}
    linked = {**entry, "follows": follows, **passed_by}
    return {**linked, "digest": digest_of(linked)}


def digest_of(entry: Entry) -> str:
    """SHA-256 of what an entry says."""
    said = {name: value for name, value in entry.items() if name != "digest"}
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def breaks(entries: Sequence[Entry], unread: Sequence[Unread] = ()) -> Iterator[str]:
    """What is wrong with a chain, a line each; entries from before there were digests are known by their followers.

    Args:
        entries: Those that can be read, in the order of their ids.
        unread: The others.
    """
    yield from (f"{each.id} cannot be read: {each.why}" for each in unread)
    known, junk = {entry["id"]: entry for entry in entries}, [each.id for each in unread]
    for entry in entries:
        if "digest" in entry and digest_of(entry) != entry["digest"]:
            yield f"{entry['id']} has other content than when it was written"
        follows = entry.get("follows")
        # What cannot be read was named above.
        if follows and follows["id"] not in junk:
            yield from _broken_step(entry, follows, known.get(follows["id"]))
        # Nobody can tell what it had said; that it was there is held by the entry that passed it by.
        for passed in entry.get("unread", ()):
            if passed not in junk:
                now = "has other content now" if passed in known else "is gone"
                yield f"{passed}, which could not be read when {entry['id']} was written, {now}"


def _broken_step(entry: Entry, follows: Entry, before: Entry | None) -> Iterator[str]:
    if before is None:
        yield f"{follows['id']}, which {entry['id']} follows, is gone"
    # What no longer fits its own digest was named above.
    elif digest_of(before) != follows["digest"] and before.get("digest", digest_of(before)) == digest_of(before):
        yield f"{follows['id']} is not the entry that {entry['id']} follows"
