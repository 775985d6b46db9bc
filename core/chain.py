"""Entries of a journal as a chain: each holds its own digest and the newest entry's before it.

Who changes an entry changes its digest; who writes the new digest into it too breaks the chain at the next entry. Two
that are written at once may follow the same one, so the chain may fork; it may not have gaps.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Entry = Mapping[str, Any]


def sealed(entry: Entry, before: Entry | None) -> dict[str, Any]:
    """An entry with the digest of itself, and of the one before it.

    Args:
        entry: As it will be read again: what JSON does not know is text by now.
        before: The newest entry that is there already; None for the first.
    """
    follows = None if before is None else {"id": before["id"], "digest": before.get("digest") or digest_of(before)}
    linked = {**entry, "follows": follows}
    return {**linked, "digest": digest_of(linked)}


def digest_of(entry: Entry) -> str:
    """SHA-256 of what an entry says."""
    said = {name: value for name, value in entry.items() if name != "digest"}
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def breaks(entries: Sequence[Entry]) -> Iterator[str]:
    """What is wrong with a chain, a line each; entries from before there were digests are known by their followers."""
    known = {entry["id"]: entry for entry in entries}
    for entry in entries:
        if "digest" in entry and digest_of(entry) != entry["digest"]:
            yield f"{entry['id']} has other content than when it was written"
        follows = entry.get("follows")
        if not follows:
            continue
        before = known.get(follows["id"])
        if before is None:
            yield f"{follows['id']}, which {entry['id']} follows, is gone"
        # What no longer fits its own digest was named above.
        elif digest_of(before) != follows["digest"] and before.get("digest", digest_of(before)) == digest_of(before):
            yield f"{follows['id']} is not the entry that {entry['id']} follows"
