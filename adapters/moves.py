"""Moves of champion and staging: each is written down before the alias follows, so that a killed run can be finished.

A move is claimed by creating its file, which one of several releases at once can do; then the alias is set; then the
move is marked as done. What dies in between leaves a claimed move, and whoever comes next finishes it.
"""

import glob
import json
import posixpath
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import UTC, datetime

from adapters import registry
from adapters.claims import create_once
from adapters.storage import exists, list_files, read_json, store_path
from core.errors import RegistryConflict
from core.moves import Move
from core.traffic import CHAMPION


def moves_of(model: str, alias: str = CHAMPION) -> list[Move]:
    """An alias's moves, oldest first; the newest may still be unfinished, those given up are left out."""
    return [move for uri in _claimed(model, alias) if not exists(_given_up(uri)) for move in [Move(**read_json(uri))]]


def make(planned: Move) -> Move:
    """Move an alias, once, with the move on record.

    Args:
        planned: The move; its number and time are filled in here.

    Returns:
        The move as it stands in the history.

    Raises:
        RegistryConflict: The alias is not at `planned.from_version`, or somebody else moves it right now.
    """
    # Counted before anything is looked at: whoever moves the alias from here on takes this number.
    number = len(_claimed(planned.model, planned.alias)) + 1
    finish(planned.model, planned.alias)
    _refuse_unless_there(planned)
    move = replace(planned, number=number, at=datetime.now(UTC).isoformat())
    if not create_once(_uri(move), json.dumps(asdict(move), indent=1).encode()):
        raise RegistryConflict(
            f"the {move.alias} of {move.model} was not moved to version {move.to_version}",
            "another release or rollback moves it at this moment",
            f"see `everfit lineage {move.model} --history`, and try again",
        )
    _set_alias(move)
    return move


def finish(model: str, alias: str = CHAMPION) -> Move | None:
    """Finish a move that a killed run has left half done.

    Returns:
        The newest move that stands, None when there is none.
    """
    claimed = _claimed(model, alias)
    if not claimed:
        return None
    last = Move(**read_json(claimed[-1]))
    if not exists(_done(claimed[-1])) and not exists(_given_up(claimed[-1])):
        now = registry.champion_number(model, alias)
        if now == last.from_version:
            _set_alias(last)
        else:
            # Moved already, or by hand to a third version since: a person's word stands.
            create_once((_done if now == last.to_version else _given_up)(claimed[-1]), b"{}")
    standing = moves_of(model, alias)
    return standing[-1] if standing else None


def _refuse_unless_there(planned: Move) -> None:
    now = registry.champion_number(planned.model, planned.alias)
    if now != planned.from_version:
        raise RegistryConflict(
            f"the {planned.alias} of {planned.model} was not moved to version {planned.to_version}",
            f"it is version {now}, no longer {planned.from_version}",
            "look at it, and try again",
        )


def _set_alias(move: Move) -> None:
    registry.set_champion(move.model, move.to_version, move.alias)
    create_once(_done(_uri(move)), b"{}")
    # A process that stood still between claim and alias may have been overtaken: others finished its move and made the
    # next, which the alias that it sets now would undo.
    newest = _claimed(move.model, move.alias)[-1]
    if posixpath.basename(newest) != posixpath.basename(_uri(move)) and exists(_done(newest)):
        registry.set_champion(move.model, Move(**read_json(newest)).to_version, move.alias)


def _claimed(model: str, alias: str) -> list[str]:
    return list_files(f"{glob.escape(_history(model, alias))}/*.move.json")


def _uri(move: Move) -> str:
    return posixpath.join(_history(move.model, move.alias), f"{move.number:06d}.move.json")


def _history(model: str, alias: str) -> str:
    return store_path("moves", model if alias == CHAMPION else f"{model}@{alias}")


def _sibling(suffix: str) -> Callable[[str], str]:
    return lambda uri: uri.removesuffix(".move.json") + suffix


_done, _given_up = _sibling(".done.json"), _sibling(".given-up.json")
