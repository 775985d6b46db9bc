"""What an endpoint that serves says of itself: which version answers, and what has become of its requests."""

import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass

import httpx

from adapters.settings import settings
from core.watch import Seen

TIMEOUT_S = 5.0
BROKEN, REFUSED = 500, 422


@dataclass(frozen=True, slots=True)
class Look:
    """One look at an endpoint.

    Attributes:
        served: The version that answers as champion, of several processes the oldest; None where none does.
        load_failed: Whether the version that should answer does not load.
        seen: What was counted, by version.
        is_served: Whether the model is one of those that are served there, be it without a version yet.
    """

    served: int | None
    load_failed: bool
    seen: dict[int, Seen]
    is_served: bool = True


def store_mark() -> str:
    """What tells an endpoint of this store from one of another, without naming the place."""
    return hashlib.sha256(settings().store_url.encode()).hexdigest()[:16]


def address() -> str:
    """Where the endpoint answers that a release watches."""
    return (settings().endpoint or f"http://127.0.0.1:{settings().serving_port}").rstrip("/")


def look_at(model: str, slow_ms: float) -> Look | None:
    """What the endpoint says of a model; None where none answers, or one of another store.

    Args:
        model: Whose requests.
        slow_ms: Rows that take longer count as slow.
    """
    text = _metrics()
    if text is None:
        return None
    samples = list(_samples(text))
    # On a port that everybody takes by default somebody else's endpoint may answer; a named one is who it is.
    if not settings().endpoint and not any(
        name == "everfit_store" and at["mark"] == store_mark() for name, at, _ in samples
    ):
        return None
    ours = [(name, at, value) for name, at, value in samples if at.get("model") == model]
    champion = {name: value for name, at, value in ours if at.get("role") == "champion" and "version" not in at}
    versions = {int(at["version"]) for _, at, _ in ours if at.get("version")}
    return Look(
        int(champion.get("everfit_model_version", 0)) or None,
        champion.get("everfit_model_load_failed", 0.0) > 0,
        {version: _seen(ours, version, slow_ms / 1000) for version in versions},
        "everfit_model_version" in champion,
    )


def _metrics() -> str | None:
    token = settings().serving_token
    headers = {"Authorization": f"Bearer {token.get_secret_value()}"} if token else {}
    try:
        # A proxy of the environment is for the world outside, not for this machine.
        is_elsewhere = bool(settings().endpoint)
        return (
            httpx.get(f"{address()}/metrics", headers=headers, timeout=TIMEOUT_S, trust_env=is_elsewhere)
            .raise_for_status()
            .text
        )
    except (httpx.HTTPError, httpx.InvalidURL):
        return None


def _samples(text: str) -> Iterator[tuple[str, dict[str, str], float]]:
    from prometheus_client.parser import text_string_to_metric_families

    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            yield sample.name, sample.labels, sample.value


def _seen(samples: list[tuple[str, dict[str, str], float]], version: int, slow_s: float) -> Seen:
    of_it = [(name, at, value) for name, at, value in samples if at.get("version") == str(version)]
    by_status = {int(at["status"]): int(value) for name, at, value in of_it if name == "everfit_requests_total"}
    bounds = {float(at["le"]): value for name, at, value in of_it if name == "everfit_row_seconds_bucket"}
    answered = int(bounds.get(math.inf, 0))
    # Only what is surely over the limit counts: the first bound that is not below it.
    quick = next((value for bound, value in sorted(bounds.items()) if bound >= slow_s), answered)
    failed = sum(n for status, n in by_status.items() if status == REFUSED or status >= BROKEN)
    return Seen(sum(by_status.values()), failed, answered, answered - int(quick))
