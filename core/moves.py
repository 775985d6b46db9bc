"""The champion's history: every move with its reason, and what follows from the sequence of moves."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from core.traffic import CHAMPION


@dataclass(frozen=True, slots=True)
class Move:
    """One move of the champion alias.

    Attributes:
        number: Position in the model's history, from 1.
        kind: What moved it.
        from_version: The champion before; None for the first.
        reason: Why, in a sentence, with the evidence.
        cause: Id of the event that asked for it, if one did.
        by: The person who answers for it, if one does.
        flow_run: The run that moved it.
        at: When, ISO 8601 with zone.
        alias: What was moved; each alias has a history of its own.
    """

    number: int
    model: str
    kind: Literal["release", "rollback", "staging"]
    from_version: int | None
    to_version: int
    reason: str
    cause: str | None
    by: str | None
    flow_run: str | None
    at: str
    alias: str = CHAMPION


def reigns(moves: Sequence[Move]) -> list[int]:
    """Versions that a rollback can go back through, oldest first; the champion is the last.

    A release puts a version on top; a rollback takes away what lies above its target, so that a second rollback goes
    further back, and never forward to a version that was rolled back from.
    """
    stack: list[int] = []
    for move in moves:
        if move.kind == "rollback" and move.to_version in stack:
            del stack[stack.index(move.to_version) + 1 :]
        elif not stack or stack[-1] != move.to_version:
            stack.append(move.to_version)
    return stack


def previous_champion(moves: Sequence[Move]) -> int | None:
    """Where a rollback goes when nobody says; None when there is nothing to go back to."""
    stack = reigns(moves)
    return stack[-2] if len(stack) > 1 else None


def champion_at(moves: Sequence[Move], moment: datetime) -> int | None:
    """The version that was champion at a moment with a zone; None before the first move."""
    made = [move.to_version for move in moves if datetime.fromisoformat(move.at) <= moment]
    return made[-1] if made else None


def rolled_back(moves: Sequence[Move], version: int) -> Move | None:
    """The newest rollback away from a version, unless somebody released it again since."""
    about = [move for move in moves if version in (move.to_version, move.from_version)]
    return about[-1] if about and about[-1].kind == "rollback" and about[-1].from_version == version else None
