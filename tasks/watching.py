"""After the move: the endpoint's next requests decide whether the version stays."""

import time
from dataclasses import asdict, dataclass, replace

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
        ended = Watched(Seen(), f"not watched: no endpoint of this store answers at {address()}")
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
    began, seen, failing_since = time.monotonic(), Seen(), None
    while time.monotonic() - began < policy.watch.span.total_seconds() and seen.requests < policy.watch.requests:
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
    return Watched(seen, f"{seen.requests} requests, {seen.failed} failed, {seen.slow} of {seen.answered} answers slow")


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
    if outcome.move is None or not policy.watch.requests:
        return outcome
    model, former = outcome.model, change.champion
    ended = watch(model, change.candidate.number, former.number if former else None, policy, earlier)
    seen = {**asdict(ended.seen), "told": ended.told, "trouble": ended.trouble}
    journal.append(model, "watch", {"version": outcome.to_version, "move": outcome.move, **seen})
    if ended.trouble is None or former is None:
        return replace(outcome, watched=seen)
    why = f"taken back by itself: {ended.trouble}"
    back = Change(
        "rollback",
        former,
        change.candidate,
        tuple(accept(former, Limits())),
        outcome.event_id,
        None,
        change.started,
        why,
    )
    return replace(conclude_change(back, move(back.planned) if back.passed else None), watched=seen)
