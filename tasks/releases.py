"""How a release ends: its entry in the journal, and the event that tells who serves what."""

import time
from dataclasses import asdict, dataclass, replace

from prefect.runtime import flow_run

from adapters import journal
from core.events import ModelReleased
from core.gate_spec import ReleaseSpec
from core.outcomes import ReleaseOutcome
from core.records import Version
from tasks.announce import announce
from tasks.releasing import CheckResult


@dataclass(frozen=True, slots=True)
class Release:
    """A release at its end."""

    candidate: Version
    champion: Version | None
    checks: tuple[CheckResult, ...]
    passed: bool
    cause: str | None
    approved_by: str | None
    started: float


def needs_approval(candidate: Version, policy: ReleaseSpec) -> bool:
    """Whether a person must agree: always, or because the gate was undecided.

    An undecided version is never released by itself: with `approval: never` nobody is asked, and a person who wants it
    all the same says so with `everfit approve`.
    """
    return policy.approval == "always" or candidate.record.verdict != "promote"


def conclude_release(release: Release) -> ReleaseOutcome:
    """Journal the move, or why there was none, and tell it."""
    model, number = release.candidate.record.model, release.candidate.number
    before = release.champion.number if release.champion else None
    failed = [f"{check.name}: {check.detail}" for check in release.checks if not check.passed]
    reason = (
        "; ".join(failed) or f"version {number} passed {len(release.checks)} checks; {release.candidate.record.reason}"
    )
    run = flow_run.get_id()
    event = None
    if release.passed:
        event = announce(ModelReleased(model=model, version=number, cause=release.cause or f"{run}"))
    outcome = ReleaseOutcome(
        model=model,
        from_version=before,
        to_version=number,
        verdict="released" if release.passed else "refused",
        reason=reason,
        checks=[asdict(check) for check in release.checks],
        journal_entry=None,
        cause=release.cause,
        event_id=event,
        approved_by=release.approved_by,
        seconds=round(time.monotonic() - release.started, 2),
        flow_run_id=str(run) if run else None,
    )
    entry = journal.append(model, "release", asdict(outcome))
    return replace(outcome, journal_entry=entry)
