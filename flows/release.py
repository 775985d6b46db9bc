"""The release: a registered version becomes champion when it is accepted, and approved where the policy asks for it."""

import time
from typing import Any

from prefect import flow
from prefect.states import Completed

from adapters.registry import find_champion, find_version
from adapters.specs import read_spec
from core.acceptance import Limits
from tasks.approval import ask, declined
from tasks.causes import first_for
from tasks.endings import show_ending
from tasks.releases import Change, conclude_change, settle, waits_for_a_person
from tasks.releasing import accept, move, shadow


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
        return Completed(name="Unchanged", message=f"version {version} is the champion of {model} already")
    why = waits_for_a_person(candidate, spec.release)
    if why and not approved_by:
        answer = ask(candidate, why, spec.release)
        if answer is None:
            message = f"version {version} waits for approval ({why}): everfit approve {model} --version {version}"
            return Completed(name="AwaitingApproval", message=message)
        approved_by = answer.by
        if not answer.approve:
            change = Change("release", candidate, champion, (declined(answer),), cause, approved_by, started)
            return Completed(name="Declined", message=change.reason, data=conclude_change(change, None))
    limits = Limits(spec.release.max_latency_ms, spec.release.max_memory_mb)
    checks = [*accept(candidate, limits), shadow(candidate, champion, spec.data, spec.release)]
    change = Change("release", candidate, champion, tuple(checks), cause, approved_by, started)
    outcome = conclude_change(change, move(change.planned) if change.passed else None)
    return Completed(name="Released" if change.passed else "Rejected", message=outcome.reason, data=outcome)
