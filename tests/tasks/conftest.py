"""Tasks are called by their function, without a server; events are caught before Prefect sends them."""

from collections.abc import Iterator
from typing import Any

import pytest


@pytest.fixture(autouse=True)
def caught(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[dict[str, Any]]]:
    """What was handed to Prefect to be sent."""
    from prefect.logging import disable_run_logger

    events: list[dict[str, Any]] = []
    monkeypatch.setattr("tasks.announce.emit_event", lambda **event: events.append(event))
    with disable_run_logger():
        yield events
