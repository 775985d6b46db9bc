"""What Prometheus reads at /metrics, put together over all processes of the endpoint."""

import os
from dataclasses import dataclass
from typing import Any

# prometheus_client looks for it when it is imported: where several processes put their numbers together.
SHARED_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True, slots=True)
class Metrics:
    """The numbers of one process."""

    registry: Any
    requests: Any
    seconds: Any
    row_seconds: Any
    rows: Any
    loads: Any
    versions: Any
    failed: Any
    registry_up: Any
    log_rows: Any
    log_waiting: Any
    store: Any

    def show_seat(self, model: str, role: str, number: int | None, failed: bool) -> None:
        """Which version sits where."""
        self.versions.labels(model, role).set(number or 0)
        self.failed.labels(model, role).set(failed)

    def text(self) -> bytes:
        """All numbers in Prometheus' form."""
        from prometheus_client import CollectorRegistry, generate_latest
        from prometheus_client.multiprocess import MultiProcessCollector

        if SHARED_FOLDER not in os.environ:
            return generate_latest(self.registry)
        together = CollectorRegistry()
        MultiProcessCollector(together)  # type: ignore[no-untyped-call]
        return generate_latest(together)


def make_metrics() -> Metrics:
    """Metrics of their own, so that two endpoints in one process do not share them."""
    from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

    registry = CollectorRegistry()
    return Metrics(
        registry,
        Counter("everfit_requests", "Requests to score", ("model", "version", "status"), registry=registry),
        Histogram("everfit_request_seconds", "From body to answer", ("model",), registry=registry, buckets=SECONDS),
        Histogram(
            "everfit_row_seconds", "The same for a row", ("model", "version"), registry=registry, buckets=SECONDS
        ),
        Counter("everfit_rows", "Rows that were predicted", ("model", "version", "role"), registry=registry),
        Counter("everfit_model_loads", "Versions loaded or refused", ("model", "outcome"), registry=registry),
        Gauge(
            "everfit_model_version",
            "Version in service, 0 for none; of several processes the oldest",
            ("model", "role"),
            registry=registry,
            multiprocess_mode="livemin",
        ),
        Gauge(
            "everfit_model_load_failed",
            "1 where the wanted version does not load and an older one stays",
            ("model", "role"),
            registry=registry,
            multiprocess_mode="livemax",
        ),
        Gauge("everfit_registry_up", "Whether the registry answers", registry=registry, multiprocess_mode="livemin"),
        Counter("everfit_log_rows", "Rows of the prediction log", ("model", "outcome"), registry=registry),
        Gauge("everfit_log_waiting_rows", "Rows not yet written", registry=registry, multiprocess_mode="livesum"),
        Gauge(
            "everfit_store",
            "1 for the store that is served from",
            ("mark",),
            registry=registry,
            multiprocess_mode="livemax",
        ),
    )
