"""Code that a training has sent to a worker of a Dask cluster: unpacked once, imported, and called.

The worker has the libraries and not the project. This file is loaded there by its path, before anything of the project
can be imported, and so knows the standard library only.
"""

import importlib
import json
import pickle
import sys
import threading
import uuid
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

VERSIONS = "versions.json"

_turn = threading.Condition()
_state: dict[str, Any] = {"active": "", "running": 0}


def call(folder: str, digest: str, payload: bytes, sent: Sequence[bytes]) -> bytes:
    """A function's answer, both pickled, computed by the code with this digest.

    Args:
        folder: Where the worker keeps what was uploaded to it.
        digest: Of the code that the caller runs.
        payload: The function, its arguments, and the places among them of what was sent apart.
        sent: Larger arguments.
    """
    with _having(Path(folder), digest):
        # Whoever reaches a scheduler runs code on its workers: pickles open no door that was shut.
        function, arguments, places = pickle.loads(payload)  # nosec B301 # noqa: S301 - from our own side of the scheduler
        for place, each in zip(places, sent, strict=True):
            arguments.insert(place, pickle.loads(each))  # nosec B301 # noqa: S301 - from our own side of the scheduler
        return pickle.dumps(function(*arguments))


@contextmanager
def _having(folder: Path, digest: str) -> Iterator[None]:
    """Hold the code as it is for a call: the code of another version waits until no call of this one is under way."""
    with _turn:
        _turn.wait_for(lambda: _state["active"] == digest or not _state["running"])
        if _state["active"] != digest:
            _switch(_unpacked(folder, digest))
            _state["active"] = digest
        _state["running"] += 1
    try:
        yield
    finally:
        with _turn:
            _state["running"] -= 1
            _turn.notify_all()


def _unpacked(folder: Path, digest: str) -> Path:
    place = folder / f"everfit-{digest}"
    if not place.exists():
        draft = folder / f".draft-{uuid.uuid4().hex}"
        with zipfile.ZipFile(folder / f"everfit-{digest}.zip") as code:
            code.extractall(draft)
        # Another process that shares the folder may have been quicker.
        with suppress(OSError):
            draft.rename(place)
    return place


def _switch(place: Path) -> None:
    packages = sorted(path.name for path in place.iterdir() if path.is_dir() and path.name != "__pycache__")
    for name in [name for name in sys.modules if name.partition(".")[0] in packages]:
        del sys.modules[name]
    sys.path[:] = [str(place), *(path for path in sys.path if not Path(path).name.startswith("everfit-"))]
    importlib.invalidate_caches()
    # What the numbers depend on: with other versions a trial would have another value, and nobody would know why.
    ours = importlib.import_module("adapters.versions").versions()
    refuse_others(ours, json.loads((place / VERSIONS).read_text()))


def refuse_others(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    """Make sure that a worker computes with what the caller computes with.

    Raises:
        OutsideError: A version differs.
    """
    wrong = [
        f"{name} {ours.get(name)} instead of {wanted}" for name, wanted in theirs.items() if ours.get(name) != wanted
    ]
    if wrong:
        raise importlib.import_module("core.errors").OutsideError(
            "a Dask worker has other versions than this process",
            ", ".join(wrong),
            "install requirements.lock on all workers, or start them from the project's image",
        )
