"""Tests of `core/` need no Prefect, no files, no network."""

from collections.abc import Iterable
from importlib.util import find_spec
from typing import Any

import pytest

from core.boosters import OPTIONAL


def installed(families: Iterable[str]) -> list[Any]:
    """The families as parameters of a test, which is skipped with a word where a library is missing."""
    return [
        pytest.param(
            name,
            marks=pytest.mark.skipif(name in OPTIONAL and find_spec(name) is None, reason=f"{name} is not installed"),
        )
        for name in families
    ]


def installed_pairs(pairs: Iterable[tuple[str, str]]) -> list[Any]:
    """The same for families with their problems."""
    return [
        pytest.param(*marked.values, problem, marks=marked.marks)
        for name, problem in pairs
        for marked in installed([name])
    ]
