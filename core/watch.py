"""Is a released version worse for those who ask it than the one before? Judged from what the endpoint counts."""

import math
from dataclasses import dataclass

from core.gate_spec import WatchSpec

# A share counts as too large when its lower bound is: looked at every moment, chance must not be enough.
SURE_Z = 3.0
FEWEST_BAD = 3
SLOW_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class Seen:
    """What was counted of one version's requests.

    Attributes:
        requests: All that reached the version.
        failed: Those that it answered with no prediction: its contract refused them, or it broke.
        answered: Those that it answered with predictions.
        slow: Those of them that took longer than the limit for each of their rows.
    """

    requests: int = 0
    failed: int = 0
    answered: int = 0
    slow: int = 0

    def since(self, before: "Seen") -> "Seen":
        """What came after; an endpoint that has started anew counts from zero."""
        if self.requests < before.requests:
            return self
        return Seen(
            self.requests - before.requests,
            self.failed - before.failed,
            self.answered - before.answered,
            self.slow - before.slow,
        )


def trouble(seen: Seen, former: Seen, spec: WatchSpec, limit_ms: float) -> str | None:
    """Why the version must go, or None.

    What failed or was slow with the version before as well is not this one's fault: its shares are allowed on top.

    Args:
        seen: Of the version since its release.
        former: Of the version before.
        spec: Largest share of failed requests.
        limit_ms: What a row may take, as the policy says.
    """
    failing = _share(former.failed, former.requests)
    if _surely_more(seen.failed, seen.requests, spec.max_error_share + failing):
        share = _share(seen.failed, seen.requests)
        return (
            f"{seen.failed} of {seen.requests} requests failed ({share:.1%}), "
            f"{spec.max_error_share:.1%} are allowed over the {failing:.1%} of the version before"
        )
    slow = _share(former.slow, former.answered)
    if _surely_more(seen.slow, seen.answered, SLOW_SHARE + slow):
        share = _share(seen.slow, seen.answered)
        return (
            f"{seen.slow} of {seen.answered} answers took more than {limit_ms:g} ms a row ({share:.1%}), "
            f"{SLOW_SHARE:.0%} are allowed over the {slow:.1%} of the version before"
        )
    return None


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _surely_more(part: int, whole: int, allowed: float) -> bool:
    return part >= FEWEST_BAD and _lower_bound(part, whole) > allowed


def _lower_bound(part: int, whole: int) -> float:
    # Wilson's interval, which holds for shares near 0 and 1 and few requests too.
    share, z2 = part / whole, SURE_Z**2
    spread = SURE_Z * math.sqrt(share * (1 - share) / whole + z2 / (4 * whole**2))
    return (share + z2 / (2 * whole) - spread) / (1 + z2 / whole)
