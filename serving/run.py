"""The endpoint's processes, from start to a stop in which no request is cut off."""

import os
import tempfile
from collections.abc import Mapping

from serving.metrics import SHARED_FOLDER
from serving.settings import PREFIX, references, serving_settings


def serve(host: str, port: int, workers: int, overrides: Mapping[str, str]) -> None:
    """Serve until a signal ends it.

    Args:
        host: Address to listen on.
        port: And its port.
        workers: Processes that share the port.
        overrides: Names and values of `ServingSettings`, over the environment; every process reads them there.

    Raises:
        SpecError: A setting cannot be used.
    """
    os.environ.update({f"{PREFIX}{name.upper()}": value for name, value in overrides.items() if value})
    # Several threads for one row only wait for each other.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    serving_settings.cache_clear()
    settings = serving_settings()
    for written in (settings.models, settings.challengers, settings.shadows):
        references(written)
    with tempfile.TemporaryDirectory(prefix="everfit-metrics-") as folder:
        if workers > 1:
            os.environ[SHARED_FOLDER] = folder
        import uvicorn

        uvicorn.run(
            "serving.app:create",
            factory=True,
            host=host,
            port=port,
            workers=workers,
            http="serving.patience:Impatient",
            ws="none",
            access_log=False,
            log_config=None,
            server_header=False,
            date_header=False,
            limit_concurrency=settings.connections,
            timeout_graceful_shutdown=settings.stop_within_s,
        )
