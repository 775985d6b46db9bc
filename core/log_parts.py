"""Which files of the prediction log stand: a merged file covers those that it was made of, also while these are there.

`part-TIME-WRITER-NUMBER.parquet` is one file of a process, `part-TIME-WRITER-FIRST-LAST.parquet` all of its numbers
from first to last. A process that is killed between writing the one and removing the others leaves no row twice.
What it has not removed, whoever writes next does.
"""

import posixpath
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence

NAME = re.compile(r"part-\d+-(?P<writer>[0-9a-f]{12})-(?P<first>\d{8})(?:-(?P<last>\d{8}))?\.parquet")


def part_name(writer: str, first: int, last: int | None = None) -> str:
    """What follows the time in the name of a file, without its ending."""
    return f"{writer}-{first:08d}" + ("" if last is None else f"-{last:08d}")


def standing(uris: Sequence[str]) -> list[str]:
    """The files that no other one covers, in their order."""
    gone = covered(uris)
    return [uri for uri in uris if uri not in gone]


def covered(uris: Sequence[str]) -> dict[str, str]:
    """The files whose rows another one of them holds, and which one."""
    of_writers: dict[tuple[str, str], list[tuple[int, int, str]]] = defaultdict(list)
    for uri in uris:
        found = NAME.fullmatch(posixpath.basename(uri))
        if found:
            first, last = int(found["first"]), int(found["last"] or found["first"])
            of_writers[posixpath.dirname(uri), found["writer"]].append((first, -last, uri))
    return {uri: by for parts in of_writers.values() for uri, by in _covered(sorted(parts))}


def _covered(parts: list[tuple[int, int, str]]) -> Iterator[tuple[str, str]]:
    reach, furthest = 0, ""
    for _, minus_last, uri in parts:
        if -minus_last <= reach:
            yield uri, furthest
        else:
            reach, furthest = -minus_last, uri
