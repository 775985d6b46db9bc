"""The demo on a terminal: a live table, or plain lines where there is no terminal."""

import sys
from collections.abc import Callable
from typing import Any, Self

from rich.console import Console
from rich.live import Live
from rich.table import Table

from deployments.demo import Step

COLUMNS = ("window", "rows", "drift", "decision", "verdict", "champion", "AUC first", "AUC champion")


class DemoView:
    """Shows steps as they happen on stderr; silent where asked to be."""

    def __init__(self, quiet: bool) -> None:
        self.console = Console(stderr=True)
        self.live = Live(console=self.console, refresh_per_second=4) if self.console.is_terminal and not quiet else None
        self.told = ""

    def __enter__(self) -> Self:
        if self.live:
            self.live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.live:
            # The command prints the final table on stdout; the live one goes.
            self.live.update("")
            self.live.stop()

    def show(self, steps: list[Step], now: str) -> None:
        """The steps so far, and what happens now."""
        if self.live:
            self.live.update(table_of([cells(step) for step in steps], caption=now))
        elif now != self.told:
            print(f"everfit demo: {now}", file=sys.stderr, flush=True)
        self.told = now


def cells(step: Step | Any) -> tuple[str, ...]:
    """A step as the table shows it."""
    get: Callable[[str], Any] = step.get if isinstance(step, dict) else lambda name: getattr(step, name)
    share, first, now = get("drifted_share"), get("auc_first"), get("auc_champion")
    verdict = f"{get('verdict')} v{get('version')}" if get("version") else get("verdict") or ""
    return (
        get("window"),
        f"{get('rows')}",
        "" if share is None else f"{share:.0%}",
        get("decision") or "",
        verdict,
        f"v{get('champion')}" if get("champion") else "",
        "" if first is None else f"{first:.3f}",
        "" if now is None else f"{now:.3f}",
    )


def table_of(rows: list[tuple[str, ...]], caption: str | None = None) -> Table:
    """The demo's table."""
    table = Table(caption=caption, caption_justify="left")
    for name in COLUMNS:
        table.add_column(name, justify="right" if name in ("rows", "drift", "AUC first", "AUC champion") else "left")
    for row in rows:
        table.add_row(*row)
    return table


def summary(document: dict[str, Any]) -> str:
    """The table with the reasons below it, and where to look further."""
    console = Console(width=max(Console().width, 110))
    with console.capture() as captured:
        console.print(table_of([cells(step) for step in document["steps"]]))
    reasons = [f"  {step['window']}  {step['reason']}" for step in document["steps"] if step["reason"]]
    closing = (
        f"{document['trainings']} trainings, {document['trainings_started_by_events']} of them started by drift "
        f"events; {document['releases']} releases; {document['seconds']:.0f} s"
    )
    urls = document["urls"]
    urls = f"see every run: `everfit up`, then Prefect {urls['prefect']} and MLflow {urls['mlflow']}"
    return "\n".join([captured.get(), "why", *reasons, "", closing, urls])
