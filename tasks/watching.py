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


@dataclass(frozen=True, slots=True)
class Watched:
    """How a watch ended: what was seen, and why the version must go, if it must."""

    seen: Seen
    told: str
    trouble: str | None = None


@task(name="watch", **WORLD)
def watch(model: str, number: int, former: int | None, policy: ReleaseSpec) -> Watched:
    """Look at the endpoint's requests until enough have come, the time is over, or it is clear that something is wrong.

    Args:
        model: Whose champion was moved.
        number: The version that was released.
        former: The version before.
        policy: How long, and within which limits.
    """
    get_run_logger().info("watch: the next %d requests, %s at most", policy.watch.requests, policy.watch.span)
    ended = _look_until_the_end(model, number, former, policy)
    get_run_logger().log(30 if ended.trouble else 20, "watch: %s", ended.told)
    return ended


def _look_until_the_end(model: str, number: int, former: int | None, policy: ReleaseSpec) -> Watched:
    first = look_at(model, policy.max_latency_ms)
    if first is None:
        return Watched(Seen(), f"not watched: no endpoint of this store answers at {address()}")
    former_seen, before = (first.seen.get(version or 0, Seen()) for version in (former, number))
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
        wrong = trouble(seen, former_seen, policy.watch, policy.max_latency_ms)
        if failing_since is not None and time.monotonic() - failing_since > LOADS_WITHIN_S:
            wrong = f"the endpoint does not load it, and answers with version {now.served}"
        if wrong:
            return Watched(seen, wrong, wrong)
    return Watched(seen, f"{seen.requests} requests, {seen.failed} failed, {seen.slow} of {seen.answered} answers slow")


def _fails_to_load(now: Look, number: int) -> bool:
    return now.load_failed and now.served != number


def watch_over(change: Change, outcome: ReleaseOutcome, policy: ReleaseSpec) -> ReleaseOutcome:
    """Watch a release that was made, and take it back where its requests go wrong.

    Args:
        change: The release.
        outcome: How it ended.
        policy: How long it is watched, and within which limits.

    Returns:
        The release's outcome with what was seen, or that of the rollback.
    """
    if outcome.move is None or not policy.watch.requests:
        return outcome
    model, former = outcome.model, change.champion
    ended = watch(model, change.candidate.number, former.number if former else None, policy)
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
