"""The release: a registered version becomes champion when it is accepted, and approved where the policy asks for it."""

import time
from typing import Any

from prefect import flow
from prefect.states import Completed

from adapters.registry import find_champion, find_version
from adapters.specs import read_spec
from core.acceptance import Limits
from core.outcomes import ReleaseOutcome
from core.records import Version
from core.traffic import CHAMPION, STAGING
from tasks.approval import word_on
from tasks.causes import first_for
from tasks.cut_short import never_watched, watch_again
from tasks.endings import show_ending
from tasks.releases import STATES, Change, conclude_change, settle
from tasks.releasing import accept, move, shadow
from tasks.watching import glance, watch_over, with_watch


@flow(name="release", flow_run_name="release-{model}-v{version}", on_completion=[show_ending], on_failure=[show_ending])
def release(model: str, version: int, cause: str | None = None, approved_by: str | None = None) -> Any:
    """Make a version the champion.

    Args:
        model: Name of a YAML in the models' folder.
        version: Number of a registered version.
        cause: Id of the event that asked for it; one cause starts one release.
        approved_by: The person who answers for it, where the policy wants one.
    """
    started = time.monotonic()
    if not first_for(model, cause, "release"):
        return Completed(name="Duplicate", message=f"{cause} has started a release of {model} already")
    spec = read_spec(model)
    settle(model)
    candidate, champion = find_version(model, version), find_champion(model)
    if champion is not None and champion.number == version:
        return _is_there_already(champion, watch_again(champion, spec.release, started))
    earlier = glance(model, spec.release)
    limits = Limits(spec.release.max_latency_ms, spec.release.max_memory_mb)
    if spec.release.staging is not None and (there := find_champion(model, STAGING)) != candidate:
        word = word_on(candidate, spec.release.staging, STAGING, approved_by)
        if word.waits:
            return Completed(name="AwaitingApproval", message=word.waits)
        checks = [word.no] if word.no else accept(candidate, limits)
        change = Change("staging", candidate, there, tuple(checks), cause, word.by, started)
        outcome = conclude_change(change, move(change.planned) if change.passed else None)
        if not change.passed:
            return Completed(name=STATES[outcome.verdict], message=outcome.reason, data=outcome)
        # Who agreed to staging has not agreed to production.
        approved_by = None if word.needed else approved_by
    word = word_on(candidate, spec.release, CHAMPION, approved_by)
    if word.waits:
        return Completed(name="AwaitingApproval", message=word.waits)
    checks = (
        [word.no] if word.no else [*accept(candidate, limits), shadow(candidate, champion, spec.data, spec.release)]
    )
    why = candidate.record.reason + never_watched(model)
    change = Change("release", candidate, champion, tuple(checks), cause, word.by, started, why)
    outcome = conclude_change(change, move(change.planned) if change.passed else None)
    outcome = watch_over(change, outcome, spec.release, earlier)
    return Completed(name="Declined" if word.no else STATES[outcome.verdict], message=with_watch(outcome), data=outcome)


def _is_there_already(champion: Version, watched: ReleaseOutcome | None) -> Any:
    """How a release of the champion itself ends: nothing is left to do, or what a killed one had left is done."""
    if watched is None:
        told = f"version {champion.number} is the champion of {champion.record.model} already"
        return Completed(name="Unchanged", message=told)
    return Completed(name=STATES[watched.verdict], message=with_watch(watched), data=watched)
