"""What was done to the product, what that cost, and how long until all was as if nothing had happened: one table."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

HEAD = f"{'fault':<46} {'stage':<12} {'asked':<26} {'lost':<10} {'recovered in':>12}"


@dataclass
class Fault:
    """A fault that a test brings about.

    Attributes:
        name: What fails.
        stage: In the middle of what.
        asked: What shall come of it all the same.
        since: When it failed, in seconds of the monotonic clock; the test may set it later than its begin.
        lost: What a person would miss; the test names it, and fails if there is any.
    """

    name: str
    stage: str
    asked: str
    since: float = field(default_factory=time.monotonic)
    lost: list[str] = field(default_factory=list)

    def row(self) -> str:
        lost, seconds = ", ".join(self.lost) or "nothing", time.monotonic() - self.since
        return f"{self.name:<46} {self.stage:<12} {self.asked:<26} {lost:<10} {seconds:>10.1f} s"


Survives = Callable[[str, str, str], Any]


@pytest.fixture
def survives(record_property: Callable[[str, object], None]) -> Survives:
    """A block in which a fault happens and is survived; it becomes a row of the table, and what it lost fails it."""

    @contextmanager
    def block(name: str, stage: str, asked: str) -> Iterator[Fault]:
        fault = Fault(name, stage, asked)
        yield fault
        record_property("fault", fault.row())
        assert fault.lost == []

    return block


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print the table, whichever process has run the tests."""
    reports = [report for every in terminalreporter.stats.values() for report in every]
    rows = [
        text
        for report in reports
        if getattr(report, "when", None) == "call"
        for name, text in report.user_properties
        if name == "fault"
    ]
    if rows:
        terminalreporter.section("faults")
        terminalreporter.write_line(HEAD)
        for row in sorted(rows):
            terminalreporter.write_line(row)
