from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from core.errors import ServiceUnavailable
from deployments import observe
from deployments.observe import run_for

NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Server:
    """A server that knows some runs, all of them ended."""

    def __init__(self, *ages_s: float) -> None:
        ended = SimpleNamespace(is_final=lambda: True, is_completed=lambda: True, message="")
        self.runs = [
            SimpleNamespace(
                id=i, name=f"run {i}", created=NOW - timedelta(seconds=age), parameters={"cause": "drift"}, state=ended
            )
            for i, age in enumerate(ages_s)
        ]

    def read_flow_runs(self, **_: Any) -> list[Any]:
        return self.runs

    def read_flow_run(self, run_id: int) -> Any:
        return self.runs[run_id]


def test_run_of_an_event_is_found():
    assert run_for(Server(5.0), "train", "drift", lambda: None).id == 0


def test_run_of_an_earlier_story_with_the_same_event_is_not_taken_for_the_new_one(monkeypatch):
    assert run_for(Server(100.0, 1.0), "train", "drift", lambda: None, NOW - timedelta(seconds=9)).id == 1
    monkeypatch.setattr(observe, "START_WITHIN_S", 0.1)
    with pytest.raises(ServiceUnavailable, match="no run of train was started"):
        run_for(Server(100.0), "train", "drift", lambda: None, NOW - timedelta(seconds=9))
