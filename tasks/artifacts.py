"""What a check shows in the Prefect UI: its decision as a table, and a link to its report."""

from pathlib import Path
from typing import Any

from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.runtime import flow_run

from core.outcomes import CheckOutcome


def show_check(outcome: CheckOutcome) -> None:
    """Show a check beside its run; without a run there is nothing to show it on."""
    if flow_run.get_id() is None:
        return
    key = outcome.model.replace("_", "-")
    create_table_artifact(key=f"decision-{key}", table=_rows(outcome), description=_told(outcome))
    if outcome.report:
        address = outcome.report if "://" in outcome.report else Path(outcome.report).as_uri()
        create_markdown_artifact(
            key=f"report-{key}", markdown=f"[Report of the window]({address})", description=_told(outcome)
        )


def _told(outcome: CheckOutcome) -> str:
    window = outcome.window
    return f"**{outcome.reason}**\n\n{window['rows']} rows from {window['start']} to {window['end']}"


def _rows(outcome: CheckOutcome) -> list[dict[str, Any]]:
    first = [f for f in outcome.findings if f["drifted"]] or outcome.findings
    ordered = sorted(first, key=lambda f: -f["importance"])
    return [{"decision": outcome.decision, "severity": outcome.severity}] + [
        {
            "column": f["column"],
            "compared": f["kind"],
            "effect": round(f["effect"], 4),
            "limit": round(f["threshold"], 4),
            "drifted": f["drifted"],
            "importance": round(f["importance"], 4),
        }
        for f in ordered
    ]
