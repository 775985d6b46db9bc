"""What a doctor says of one thing: whether it is well, and what to do where it is not."""

from collections.abc import Callable
from dataclasses import dataclass

from core.errors import EverfitError


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One check, as `doctor --json` prints it; what is not set up here has nothing wrong with it, and is `skipped`."""

    check: str
    passed: bool
    detail: str
    fix: str | None = None
    skipped: bool = False


class NothingToCheck(Exception):
    """Raised by a check of something that is not set up here; its text says what."""


def examine(check: str, look: Callable[[], str]) -> Diagnosis:
    """Run one check: it returns what it saw, or raises what is wrong with it."""
    try:
        return Diagnosis(check, True, look())
    except NothingToCheck as nothing:
        return Diagnosis(check, True, str(nothing), skipped=True)
    except EverfitError as error:
        return Diagnosis(check, False, f"{error.what}: {error.why}", error.fix)
