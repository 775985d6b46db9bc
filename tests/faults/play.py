"""A small project in which faults happen, and the moment at which they do."""

import time
from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest

from adapters.storage import filesystem, store_path
from tests.conftest import TOY

TINY = TOY.replace("[hist_gradient_boosting, logistic_regression], trials: 4", "[logistic_regression], trials: 1")


def when(patch: pytest.MonkeyPatch, name: str, hit: Callable[[], None]) -> list[float]:
    """Hit before the first call of a function, by its full name; the list is given the moment."""
    place, _, last = name.rpartition(".")
    words = place.split(".")
    home: Any = import_module(".".join(words[:2]))
    for word in words[2:]:
        home = getattr(home, word)
    original, at = getattr(home, last), list[float]()

    def called(*given: Any, **named: Any) -> Any:
        if not at:
            at.append(time.monotonic())
            hit()
        return original(*given, **named)

    patch.setattr(home, last, called)
    return at


def half_files() -> list[str]:
    """What somebody had begun to write into the store and has left."""
    files, root = filesystem(store_path())
    return [f"half a file: {name}" for name in files.find(root) if ".draft-" in name]
