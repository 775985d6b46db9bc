"""How a release or a rollback ends: its entry in the journal, and the event that tells who serves what."""

import time
from dataclasses import asdict, dataclass, replace
from typing import Literal

from prefect.runtime import flow_run

from adapters import journal, moves
from core.acceptance import CheckResult
from core.events import ModelReleased, ModelRolledBack, ModelStaged
from core.gate_spec import ApprovalSpec
from core.moves import Move, rolled_back
from core.outcomes import ReleaseOutcome
from core.records import Version
from core.traffic import CHAMPION, STAGING
from tasks.announce import announce
from tasks.artifacts import show_change

VERDICTS = {"release": "released", "rollback": "rolled_back", "staging": "staged"}
STATES = {"released": "Released", "rolled_back": "RolledBack", "staged": "Staged", "refused": "Rejected"}
EVENTS = {"release": ModelReleased, "rollback": ModelRolledBack, "staging": ModelStaged}


@dataclass(frozen=True, slots=True)
class Change:
    """A change of the champion, or of staging, with its checks: before its end.

    Attributes:
        champion: Who is where the candidate is to be.
        why: What a person gives as the reason, if one does.
    """

    kind: Literal["release", "rollback", "staging"]
    candidate: Version
    champion: Version | None
    checks: tuple[CheckResult, ...]
    cause: str | None
    by: str | None
    started: float
    why: str | None = None

    @property
    def passed(self) -> bool:
        """Whether every check has passed."""
        return all(check.passed for check in self.checks)

    @property
    def reason(self) -> str:
        """Why the champion moves, or why not."""
        failed = [f"{check.name}: {check.detail}" for check in self.checks if not check.passed]
        evidence = f"version {self.candidate.number} passed {len(self.checks)} checks"
        return "; ".join(failed) or f"{evidence}; {self.why or self.candidate.record.reason}"

    @property
    def planned(self) -> Move:
        """The move to make; its number and time are given when it is made."""
        run = flow_run.get_id()
        return Move(
            number=0,
            model=self.candidate.record.model,
            kind=self.kind,
            from_version=self.champion.number if self.champion else None,
            to_version=self.candidate.number,
            reason=self.reason,
            cause=self.cause,
            by=self.by,
            flow_run=str(run) if run else None,
            at="",
            alias=STAGING if self.kind == "staging" else CHAMPION,
        )


def waits_for_a_person(candidate: Version, policy: ApprovalSpec) -> str | None:
    """Why a person must agree, if one must: the policy says always, the gate was undecided, or it was rolled back.

    An undecided version is never released by itself: with `approval: never` nobody is asked, and a person who wants it
    all the same says so with `everfit approve`.
    """
    if policy.approval == "always":
        return "the policy asks for a person each time"
    if candidate.record.verdict != "promote":
        return f"the gate was {candidate.record.verdict}"
    away = rolled_back(moves.moves_of(candidate.record.model), candidate.number)
    return f"it was rolled back on {away.at[:19]}" if away else None


def settle(model: str) -> None:
    """Finish what a killed release or rollback has left: alias, journal entry, event."""
    for alias in (STAGING, CHAMPION):
        last = moves.finish(model, alias)
        if last is not None:
            _tell(model, last)


def _tell(model: str, last: Move) -> None:
    told = [entry.get("move") for entry in journal.entries(model, last.kind)]
    if last.number not in told:
        outcome = _outcome(last, [], seconds=0.0)
        journal.append(model, last.kind, asdict(replace(outcome, event_id=_announce(last))))


def conclude_change(change: Change, made: Move | None) -> ReleaseOutcome:
    """Journal the move, or why there was none, and tell it.

    Args:
        change: What was wanted, with its checks.
        made: The move; None where a check has failed.
    """
    seconds = round(time.monotonic() - change.started, 2)
    outcome = _outcome(made or change.planned, [asdict(check) for check in change.checks], seconds)
    if made is None:
        outcome = replace(outcome, verdict="refused", move=None)
    else:
        outcome = replace(outcome, event_id=_announce(made))
    outcome = replace(outcome, journal_entry=journal.append(outcome.model, change.kind, asdict(outcome)))
    show_change(outcome, [version for version in (change.candidate, change.champion) if version])
    return outcome


def _announce(made: Move) -> str:
    return announce(
        EVENTS[made.kind](model=made.model, version=made.to_version, cause=made.cause or f"{made.flow_run}")
    )


def _outcome(move: Move, checks: list[dict[str, object]], seconds: float) -> ReleaseOutcome:
    return ReleaseOutcome(
        model=move.model,
        from_version=move.from_version,
        to_version=move.to_version,
        verdict=VERDICTS[move.kind],
        reason=move.reason,
        checks=checks,
        journal_entry=None,
        cause=move.cause,
        event_id=None,
        approved_by=move.by,
        move=move.number,
        seconds=seconds,
        flow_run_id=move.flow_run,
    )
