"""What a scheduled `everfit gc` shows in the Prefect UI."""

import httpx
from prefect import get_run_logger
from prefect.artifacts import create_markdown_artifact

from core.retention import Collected
from core.retention_report import rows_of, size_text, verdict_of
from tasks.artifacts import Shown, show_below


def show_collected(found: Collected) -> None:
    """Show what may go or has gone, and above it whether anything was removed."""
    told = "Removed." if found.applied else "**A dry run: nothing was removed.** Set the parameter `apply` to remove."
    kept = "".join(f"\n| {kind} | {n} | {size_text(size)} | {why} |" for kind, why, n, size in found.kept)
    markdown = f"{told}\n\n{verdict_of(found)}\n\n| stays | number | size | why |\n|---|---|---|---|{kept}"
    try:
        create_markdown_artifact(markdown, key="summary-gc", description=verdict_of(found))
        if found.removals:
            show_below("store", [Shown("gc", rows_of(found), "May go" if not found.applied else "Gone")])
    except httpx.HTTPError:
        get_run_logger().warning("what may go cannot be shown", exc_info=True)
