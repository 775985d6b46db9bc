"""A watch that ended with its process: found in the journal, told, and taken up again."""

from dataclasses import fields
from typing import Any

from adapters import journal, registry
from adapters.moves import moves_of
from core.acceptance import CheckResult
from core.gate_spec import ReleaseSpec
from core.moves import Move
from core.outcomes import ReleaseOutcome
from core.records import Version
from core.watch import Seen
from tasks.releases import Change
from tasks.watching import Watched, keep_or_take_back, watch_over


def watch_of(model: str) -> tuple[Move, dict[str, Any] | None] | None:
    """The release that made the champion, and the journal's word on its watch, None where that has not ended.

    Returns:
        None where no release made the champion: what a rollback or a hand has set is not watched.
    """
    last = next(reversed(moves_of(model)), None)
    if last is None or last.kind != "release" or last.to_version != registry.champion_number(model):
        return None
    return last, next((entry for entry in journal.entries(model, "watch") if entry.get("move") == last.number), None)


def word_on_watch(model: str) -> str | None:
    """What became of the champion's first requests, in words; None where nobody was to look at them."""
    found = watch_of(model)
    if found is None:
        return None
    made, ended = found
    again = f"`everfit release {model} --version {made.to_version}`"
    if ended is None:
        return f"not ended since {made.at[:19]}: its release still watches, or was cut short and is taken up by {again}"
    if ended["trouble"] and made.from_version is not None:
        return f"{ended['trouble']}; it was not taken back, which {again} tries again"
    return str(ended["told"])


def never_watched(model: str) -> str:
    """A word for the reason of the next release, where nobody has watched the champion before it to the end."""
    found = watch_of(model)
    return f"; version {found[0].to_version} was never watched to its end" if found and found[1] is None else ""


def watch_again(champion: Version, policy: ReleaseSpec, started: float) -> ReleaseOutcome | None:
    """Do what a killed release has left undone after its move: watch, or take back what was found to be wrong.

    Args:
        champion: The version that is champion already.
        policy: How long it is watched, and within which limits.
        started: When this run began.

    Returns:
        The outcome of the release, or of its rollback; None where nothing was left undone.
    """
    model = champion.record.model
    found = watch_of(model)
    if found is None or not policy.watch.requests:
        return None
    made, ended = found
    if ended and (made.from_version is None or not ended["trouble"]):
        return None
    former = registry.find_version(model, made.from_version) if made.from_version is not None else None
    outcome = _outcome_of(made)
    checks = tuple(CheckResult(**check) for check in outcome.checks)
    change = Change("release", champion, former, checks, made.cause, made.by, started)
    return keep_or_take_back(change, outcome, _as_seen(ended)) if ended else watch_over(change, outcome, policy)


def _outcome_of(made: Move) -> ReleaseOutcome:
    """How the release ended, as the journal holds it; whoever settles a model has written what was missing there."""
    entry = next(entry for entry in journal.entries(made.model, "release") if entry.get("move") == made.number)
    told = {each.name: entry[each.name] for each in fields(ReleaseOutcome) if each.name in entry}
    return ReleaseOutcome(**told | {"journal_entry": entry["id"]})


def _as_seen(ended: dict[str, Any]) -> Watched:
    return Watched(Seen(**{each.name: ended[each.name] for each in fields(Seen)}), ended["told"], ended["trouble"])
