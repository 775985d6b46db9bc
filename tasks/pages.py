"""The page of a version: told from registry, journal and history, written to the store and to MLflow."""

from dataclasses import dataclass, replace

from adapters import journal, page_log, registry
from adapters.html import html_of
from adapters.moves import moves_of
from adapters.storage import store_path, write_all
from core.card import card_of
from core.page import Link, Page, markdown_of
from core.records import Version
from core.story import Story
from tasks.links import event_link, file_link, run_link


@dataclass(frozen=True, slots=True)
class Written:
    """Where a page is: its HTML and its Markdown in the store."""

    page: Page
    html: str
    markdown: str


def story_of(version: Version) -> Story:
    """All that was written about a version; nothing is computed again."""
    record = version.record
    releases = [*journal.entries(record.model, "release"), *journal.entries(record.model, "rollback")]
    trainings = journal.entries(record.model, "training")
    checks = journal.entries(record.model, "check")
    told = Story(
        version=version,
        appraisal=registry.find_appraisal(version),
        # A later training that made the same model again has its own entry: this version's is the one of its run.
        training=next((each for each in trainings if each["flow_run_id"] == record.flow_run and "rows" in each), None),
        check=next((each for each in checks if record.cause and each["event_id"] == record.cause), None),
        moves=tuple(move for move in moves_of(record.model) if version.number in (move.to_version, move.from_version)),
        releases=tuple(each for each in releases if each["to_version"] == version.number),
        checks=tuple(each for each in checks if each["champion"] == version.number),
        champion=registry.champion_number(record.model) == version.number,
        links=(),
    )
    return replace(told, links=tuple(links_of(told)))


def links_of(story: Story) -> list[Link]:
    """Where a person looks next."""
    record, check = story.version.record, story.check or {}
    report = check.get("report")
    return [
        Link("MLflow: the version", page_log.version_link(record.model, story.version.number)),
        Link("MLflow: the run with its files", page_log.run_link(story.version)),
        *run_link("Prefect: the training", record.flow_run),
        *event_link("Prefect: the event that caused it", record.cause, check.get("at")),
        *run_link("Prefect: the check that sent it", check.get("flow_run_id")),
        *((file_link("Drift report that caused it", report),) if report else ()),
        file_link("Snapshot of the data", record.data.uri),
    ]


def write_page(version: Version) -> Written:
    """Write the page of a version anew, into the store and into MLflow."""
    page = card_of(story_of(version))
    html, markdown = html_of(page), markdown_of(page)
    place = store_path("pages", version.record.model, f"v{version.number}")
    written = Written(page, f"{place}.html", f"{place}.md")
    write_all({written.html: html.encode(), written.markdown: markdown.encode()})
    page_log.log_page(version, html, markdown)
    return written
