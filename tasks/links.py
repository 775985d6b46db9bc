"""Addresses that a person can open: files of the store, and runs and events in Prefect's UI."""

from datetime import datetime
from pathlib import Path

from prefect.settings import PREFECT_UI_URL

from core.page import Link


def file_link(words: str, address: str) -> Link:
    """A file in the store, as an address that a browser opens where it is on this machine."""
    return Link(words, address if "://" in address else Path(address).as_uri())


def run_link(words: str, flow_run: str | None) -> tuple[Link, ...]:
    """A flow run in the UI; its id where no UI is known; nothing where there was no run."""
    if not flow_run:
        return ()
    return (Link(words, f"{_ui()}/runs/flow-run/{flow_run}" if _ui() else f"flow-run:{flow_run}"),)


def event_link(words: str, event: str | None, at: str | None) -> tuple[Link, ...]:
    """An event in the UI, which finds it by its day."""
    if not event:
        return ()
    if not _ui() or not at:
        return (Link(words, f"event:{event}"),)
    return (Link(words, f"{_ui()}/events/event/{datetime.fromisoformat(at):%Y-%m-%d}/{event}"),)


def _ui() -> str:
    return (PREFECT_UI_URL.value() or "").rstrip("/")
