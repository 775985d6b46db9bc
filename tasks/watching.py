"""After the move: the endpoint's next requests decide whether the version stays."""

import time
from dataclasses import asdict, dataclass, replace
from typing import Any

from prefect import get_run_logger, task

from adapters import journal, registry
from adapters.endpoint import Look, address, look_at
from core.acceptance import Limits
from core.gate_spec import ReleaseSpec
from core.outcomes import ReleaseOutcome
from core.watch import Seen, trouble
from tasks.policies import WORLD
from tasks.releases import Change, conclude_change
from tasks.releasing import accept, move

LOOK_EVERY_S = 0.5
# An endpoint tries a version again that it could not load; one that is not there by then will not be.
LOADS_WITHIN_S = 10.0
# So many requests of the version before, while its successor was tried, tell more than all of its life does.
ENOUGH_RECENT = 20


@dataclass(frozen=True, slots=True)
class Watched:
    """How a watch ended: what was seen, and why the version must go, if it must."""

    seen: Seen
    told: str
    trouble: str | None = None


def glance(model: str, policy: ReleaseSpec) -> Look | None:
    """What the endpoint has counted before a release begins; None where nothing is watched."""
    return look_at(model, policy.max_latency_ms) if policy.watch.requests else None


@task(name="watch", **WORLD)
def watch(model: str, number: int, former: int | None, policy: ReleaseSpec, earlier: Look | None = None) -> Watched:
    """Look at the endpoint's requests until enough have come, the time is over, or it is clear that something is wrong.

    Args:
        model: Whose champion was moved.
        number: The version that was released.
        former: The version before.
        policy: How long, and within which limits.
        earlier: What was counted before the release began.
    """
    get_run_logger().info("watch: the next %d requests, %s at most", policy.watch.requests, policy.watch.span)
    first = look_at(model, policy.max_latency_ms)
    if first is None:
        ended = Watched(Seen(), f"nothing serves {model}: not watched, no endpoint of this store is at {address()}")
    elif not first.is_served:
        ended = Watched(Seen(), f"nothing serves {model}: not watched, the endpoint at {address()} serves other models")
    else:
        usual = _of_former(former or 0, first, earlier)
        ended = _look_until_the_end(model, number, (usual, first.seen.get(number, Seen())), policy)
    get_run_logger().log(30 if ended.trouble else 20, "watch: %s", ended.told)
    return ended


def _of_former(former: int, first: Look, earlier: Look | None) -> Seen:
    # Who asks changes by the hour: a client that asks wrongly now did not all the time.
    ever = first.seen.get(former, Seen())
    recent = ever.since(earlier.seen.get(former, Seen())) if earlier else Seen()
    return recent if recent.requests >= ENOUGH_RECENT else ever


def _look_until_the_end(model: str, number: int, seen_before: tuple[Seen, Seen], policy: ReleaseSpec) -> Watched:
    usual, before = seen_before
    span_s, first_within_s = policy.watch.span.total_seconds(), policy.watch.first_within.total_seconds()
    began, seen, failing_since = time.monotonic(), Seen(), None
    while (waited_s := time.monotonic() - began) < span_s and seen.requests < policy.watch.requests:
        time.sleep(LOOK_EVERY_S)
        now = look_at(model, policy.max_latency_ms)
        if now is None:
            return Watched(seen, f"the endpoint went away after {seen.requests} requests")
        if registry.champion_number(model) != number:
            return Watched(seen, f"the champion was moved on after {seen.requests} requests")
        seen = now.seen.get(number, Seen()).since(before)
        failing_since = (failing_since or time.monotonic()) if _fails_to_load(now, number) else None
        wrong = trouble(seen, usual, policy.watch, policy.max_latency_ms)
        if failing_since is not None and time.monotonic() - failing_since > LOADS_WITHIN_S:
            wrong = f"the endpoint does not load it, and answers with version {now.served}"
        if wrong:
            return Watched(seen, wrong, wrong)
        # Whoever is not asked at all has nothing to show; one that is still being loaded may be asked yet.
        if now.served == number and not seen.requests and waited_s > first_within_s:
            break
    return Watched(seen, _counted(seen, time.monotonic() - began))


def _counted(seen: Seen, waited_s: float) -> str:
    if not seen.requests:
        return f"no requests were seen in {waited_s:.0f} s, so that nothing is known of how it answers them"
    return f"{seen.requests} requests, {seen.failed} failed, {seen.slow} of {seen.answered} answers slow"


def _fails_to_load(now: Look, number: int) -> bool:
    return now.load_failed and now.served != number


def watch_over(
    change: Change, outcome: ReleaseOutcome, policy: ReleaseSpec, earlier: Look | None = None
) -> ReleaseOutcome:
    """Watch a release that was made, and take it back where its requests go wrong.

    Args:
        change: The release.
        outcome: How it ended.
        policy: How long it is watched, and within which limits.
        earlier: What the endpoint had counted before the release began.

    Returns:
        The release's outcome with what was seen, or that of the rollback.
    """
    if outcome.move is None:
        return outcome
    former = change.champion.number if change.champion else None
    ended = (
        watch(outcome.model, change.candidate.number, former, policy, earlier)
        if policy.watch.requests
        else Watched(Seen(), "not watched: release.watch.requests is 0")
    )
    # Whoever finds no such entry knows that the watch was cut short.
    told = {"version": outcome.to_version, "move": outcome.move} | _seen(ended)
    journal.append(outcome.model, "watch", told)
    return keep_or_take_back(change, outcome, ended)


def keep_or_take_back(change: Change, outcome: ReleaseOutcome, ended: Watched) -> ReleaseOutcome:
    """The release's outcome with what was seen, or that of the rollback where its requests went wrong.

    Args:
        change: The release.
        outcome: How it ended.
        ended: How its watch ended.
    """
    former = change.champion
    # Another run that watched it too may have taken it back by now.
    if ended.trouble is None or former is None or registry.champion_number(outcome.model) != outcome.to_version:
        return replace(outcome, watched=_seen(ended))
    why = f"taken back by itself: {ended.trouble}"
    checks = tuple(accept(former, Limits()))
    back = Change("rollback", former, change.candidate, checks, outcome.event_id, None, change.started, why)
    return replace(conclude_change(back, move(back.planned) if back.passed else None), watched=_seen(ended))


def _seen(ended: Watched) -> dict[str, Any]:
    return {**asdict(ended.seen), "told": ended.told, "trouble": ended.trouble}


def with_watch(outcome: ReleaseOutcome) -> str:
    """Why a release ended as it did, and what its watch has seen."""
    # A rollback's reason holds it already.
    if outcome.watched is None or outcome.verdict == "rolled_back":
        return outcome.reason
    return f"{outcome.reason}; watch: {outcome.watched['told']}"
