"""What a run shows in the Prefect UI: a summary on top, tables and pictures below it, tags, and a name that tells."""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
from prefect import get_run_logger, task
from prefect.artifacts import create_image_artifact, create_markdown_artifact, create_table_artifact
from prefect.client.orchestration import get_client
from prefect.runtime import flow_run

from adapters import page_log
from core.errors import EverfitError
from core.outcomes import CheckOutcome, ReleaseOutcome, ScoringOutcome, TrainingOutcome
from core.page import Link, Picture, Section
from core.records import Version
from core.summary import (
    Summary,
    baseline_rows,
    check_summary,
    finding_rows,
    release_summary,
    scoring_summary,
    summary_markdown,
    training_summary,
)
from tasks.links import event_link, file_link
from tasks.pages import write_page
from tasks.policies import WORLD
from tasks.rating import rate

LARGEST_BYTES = 1_000_000
# What a failed request or a store that is full may raise; what was decided stands without its picture.
FAULTS = (httpx.HTTPError, EverfitError)
# Of a test of the ML Test Score.
SHOWN = ("key", "title", "points", "how", "told", "evidence", "todo")
Rows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Shown:
    """A table: what it is of, its rows, and the words above it."""

    kind: str
    rows: Rows
    description: str


def show_training(outcome: TrainingOutcome, version: Version | None) -> None:
    """Show a training: summary, baselines, and for a new version its page with tables and pictures."""
    if flow_run.get_id() is None:
        return
    try:
        links = event_link("The event that caused it", outcome.cause, None)
        sections: tuple[Section, ...] = ()
        # A version that was there already has its page and its pictures.
        if version is not None and version.record.flow_run == outcome.flow_run_id:
            written = write_page(version)
            sections = written.page.sections
            links = (*sections[-1].links, file_link("The page of the version", written.html))
        elif version is not None:
            links = (Link("MLflow: the version", page_log.version_link(outcome.model, version.number)), *links)
        until = f"-until-{outcome.data_until[:10]}" if outcome.data_until else ""
        asked = "-by-event" if outcome.cause else ""
        _show("training", training_summary(outcome, links), f"train-{outcome.model}{until}{asked}")
        slices = [
            Shown("slices", _rows_of(section), section.title)
            for section in sections
            if section.title.startswith("Slices")
        ]
        baselines = Shown("baselines", baseline_rows(outcome.metrics), "On the test rows")
        show_below(outcome.model, [baselines, *slices], [each for section in sections for each in section.pictures])
    except FAULTS:
        get_run_logger().warning("the training cannot be shown", exc_info=True)


def show_check(outcome: CheckOutcome) -> None:
    """Show a check: summary and findings."""
    if flow_run.get_id() is None:
        return
    try:
        links: list[Link] = []
        if outcome.report:
            links.append(file_link("Drift report of the window", outcome.report))
        if outcome.champion:
            links.append(Link("MLflow: the champion", page_log.version_link(outcome.model, outcome.champion)))
        links += event_link("The event that caused it", outcome.cause, None)
        links += event_link("The event that it sent", outcome.event_id, None)
        window = outcome.window
        span = f"{str(window['start'])[:10]}-{str(window['end'])[:10]}" if window["start"] else window["digest"][:8]
        _show("check", check_summary(outcome, tuple(links)), f"check-{outcome.model}-{span}")
        first = {"decision": outcome.decision, "severity": outcome.severity}
        told = f"**{outcome.reason}**\n\n{window['rows']} rows from {window['start']} to {window['end']}"
        show_below(outcome.model, [Shown("decision", [first, *finding_rows(outcome.findings)], told)])
    except FAULTS:
        get_run_logger().warning("the check cannot be shown", exc_info=True)


def show_change(outcome: ReleaseOutcome, versions: Sequence[Version]) -> None:
    """Show a release or a rollback: summary and checks; the pages of both versions tell of it from now on."""
    if flow_run.get_id() is None:
        return
    try:
        pages = [write_page(version) for version in versions]
        links = (
            Link("MLflow: the version", page_log.version_link(outcome.model, outcome.to_version)),
            *(file_link(f"The page of {each.page.title}", each.html) for each in pages),
            *event_link("The event that caused it", outcome.cause, None),
        )
        _show("release", release_summary(outcome, links), None)
        sheet = rate(versions[0])
        points = [{name: getattr(each, name) for name in SHOWN} for each in sheet.tests]
        rated = Shown("ml-test-score", points, f"ML Test Score {sheet.score:g}, version {versions[0].number}")
        show_below(outcome.model, [Shown("checks", outcome.checks, outcome.reason), rated])
    except FAULTS:
        get_run_logger().warning("the release cannot be shown", exc_info=True)


def show_scoring(outcome: ScoringOutcome) -> None:
    """Show a batch: summary, and why rows have no prediction."""
    if flow_run.get_id() is None:
        return
    try:
        links = (
            file_link("The predictions", outcome.output),
            Link("MLflow: the version", page_log.version_link(outcome.model, outcome.version)),
        )
        _show("score", scoring_summary(outcome, links), None)
        if outcome.reasons:
            show_below(outcome.model, [Shown("reasons", outcome.reasons, "Why rows have no prediction")])
    except FAULTS:
        get_run_logger().warning("the batch cannot be shown", exc_info=True)


def _show(kind: str, summary: Summary, name: str | None) -> None:
    markdown = summary_markdown(summary)
    # Cut at a line: half a table row would spoil what stands before it.
    short = markdown if len(markdown.encode()) <= LARGEST_BYTES else markdown[: LARGEST_BYTES // 4].rpartition("\n")[0]
    create_markdown_artifact(short, key=_key(f"summary-{kind}", summary.model), description=summary.verdict)
    with get_client(sync_client=True) as client:
        tags = sorted({*flow_run.get_tags(), *summary.tags})
        client.update_flow_run(UUID(str(flow_run.get_id())), tags=tags, name=name)


# The UI draws what belongs to the run itself above what belongs to its tasks, and each of the two in no order: made by
# a task of their own, tables and pictures leave the summary alone on top.
@task(name="show", **WORLD)
def show_below(model: str, tables: Sequence[Shown], pictures: Sequence[Picture] = ()) -> None:
    """Tables and pictures, below the summary."""
    for table in tables:
        create_table_artifact(fitting(table.rows), key=_key(table.kind, model), description=table.description)
    for picture in pictures:
        _picture(picture, model)


def _picture(picture: Picture, model: str) -> None:
    address = f"data:image/svg+xml;base64,{base64.b64encode(picture.svg.encode()).decode()}"
    if len(address) <= LARGEST_BYTES:
        create_image_artifact(address, key=_key(picture.title.replace(" ", "-"), model), description=picture.title)


def fitting(rows: Rows) -> Rows:
    """As many of the rows as an artifact may hold, and how many were left out."""
    sizes, size = [], 0
    for row in rows:
        size += len(json.dumps(row, default=str)) + 2
        sizes.append(size)
    kept = sum(each <= LARGEST_BYTES - 1000 for each in sizes)
    more = [] if kept == len(rows) else [{next(iter(rows[0])): f"and {len(rows) - kept} more"}]
    return rows[:kept] + more


def _rows_of(section: Section) -> Rows:
    table = section.tables[0]
    return [dict(zip(table.head, row, strict=True)) for row in table.rows]


def _key(kind: str, model: str) -> str:
    # Prefect takes nothing but small letters, digits and dashes.
    return f"{kind}-{model}".replace("_", "-").lower()
