"""Which version answers a request where two share the traffic."""

import hashlib
from dataclasses import dataclass
from typing import Any

CHAMPION, CHALLENGER, SHADOW = "champion", "challenger", "shadow"
# Where a version may be tried before it is released: an alias too, with a policy of its own.
STAGING = "staging"
BUCKETS = 10_000


@dataclass(frozen=True, slots=True)
class Reference:
    """A version by its number, or whatever version an alias points to."""

    alias: str = CHAMPION
    number: int | None = None

    def __str__(self) -> str:
        return f"@{self.alias}" if self.number is None else f":{self.number}"


def goes_to_challenger(share: float, identity: Any) -> bool:
    """Whether a request belongs to the challenger's share, always the same for one identity.

    Args:
        share: Of the traffic, 0 to 1.
        identity: What the request is about, such as its key; who is asked about twice is answered by one version.
    """
    if share <= 0:
        return False
    digest = hashlib.blake2b(repr(identity).encode("utf-8", "backslashreplace"), digest_size=8).digest()
    return int.from_bytes(digest, "big") % BUCKETS < share * BUCKETS
