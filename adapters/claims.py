"""What must be done once: of several who ask for a claim at the same time, whatever the store, exactly one gets it."""

import errno
import os
import posixpath
import random
import time
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from fsspec.implementations.local import LocalFileSystem

from adapters.storage import filesystem, told, write_draft
from core.errors import StorageUnavailable

N_ROUNDS, LONGEST_WAIT_S = 12, 1.0
# Whoever has announced itself and not claimed for so long is taken for dead; a process that only slept so long between
# two requests could still claim what another has by then.
DEAD_AFTER = timedelta(minutes=2)


def create_once(uri: str, content: bytes) -> bool:
    """Create a file unless it is there already; of several callers at once exactly one is told True."""
    files, path = filesystem(uri)
    with told(uri, "create"):
        return _link_once(path, content) if isinstance(files, LocalFileSystem) else _announced(files, path, content)


def _link_once(path: str, content: bytes) -> bool:
    # A link appears with its content or not at all: nobody ever reads a claim that is still empty.
    draft = write_draft(path, content)
    try:
        os.link(draft, path)
    except FileExistsError:
        return False
    finally:
        Path(draft).unlink()
    return True


def _announced(files: Any, path: str, content: bytes) -> bool:
    """A claim that does not need conditional writes, which not every S3 server has: who finds itself alone claims.

    Of two who announce themselves, the one that lists later sees both, for S3 lists whatever was written before. Where
    both see both, both step back, and try again after a wait of random length.
    """
    mine = f"{path}.claims/{uuid.uuid4().hex}"
    for attempt in range(N_ROUNDS):
        if files.exists(path):
            return False
        files.pipe_file(mine, b"")
        try:
            if _alone(files, mine):
                return not files.exists(path) and _written_once(files, path, content)
        finally:
            files.rm_file(mine)
        time.sleep(random.uniform(0, min(LONGEST_WAIT_S, 0.05 * 2**attempt)))  # nosec B311 # noqa: S311 - no secret, only chance
    if files.exists(path):
        return False
    # Not False: nobody has the claim, and what it stands for would never be done.
    raise StorageUnavailable(
        f"{path} could not be claimed",
        f"others announced themselves in each of {N_ROUNDS} tries and none has claimed it; one may have died",
        f"try again in {DEAD_AFTER.total_seconds() / 60:.0f} minutes, when who died counts no more",
    )


def _written_once(files: Any, path: str, content: bytes) -> bool:
    """Write where nothing is yet: S3 with conditional writes holds that even against a writer that slept too long."""
    if "s3" not in files.protocol:
        files.pipe_file(path, content)
        return True
    name = {"claimed-by": uuid.uuid4().hex}
    try:
        files.pipe_file(path, content, mode="create", Metadata=name)
    except OSError as fault:
        if fault.errno == errno.ENOSYS:
            files.pipe_file(path, content, Metadata=name)
        elif not files.exists(path):
            raise
    # A request whose answer was lost is sent again, and finds its own object: whose it is decides, not the answer.
    return bool(name.items() <= files.metadata(path).items())


def _alone(files: Any, mine: str) -> bool:
    """Whether the only living announcement is the own one; a list without it, from a busy server, says nothing."""
    try:
        listed = files.ls(posixpath.dirname(mine), detail=True)
    except FileNotFoundError:
        return False
    return [each["name"] for each in listed if each["name"] == mine or _lives(each)] == [mine]


def _lives(announced: dict[str, Any]) -> bool:
    at = announced.get("LastModified")
    return at is None or datetime.now(UTC) - at < DEAD_AFTER
