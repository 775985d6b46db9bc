"""The page of a version where MLflow shows it: HTML and Markdown with the run, a word and a link on the version."""

from typing import Any

from adapters.registry import answering
from adapters.settings import settings
from core.records import Version

PAGE, CARD = "everfit/page.html", "everfit/card.md"


def log_page(version: Version, html: str, markdown: str) -> None:
    """Put the page into MLflow, over an earlier one."""
    with answering() as client:
        client.log_text(version.run_id, html, PAGE)
        client.log_text(version.run_id, markdown, CARD)
        head = markdown.partition("\n## ")[0]
        # Relative to MLflow's own page, wherever it is served.
        link = f"[The page of this version](#/{_run_path(client, version)}/artifacts/{PAGE})"
        client.update_model_version(version.record.model, str(version.number), f"{head}\n\n{link}\n")


def run_link(version: Version) -> str:
    """Where MLflow shows the run of a version; without a server there is no such place, and it is named."""
    if not settings().mlflow_url.startswith("http"):
        return f"runs:/{version.run_id}"
    with answering() as client:
        return f"{settings().mlflow_url.rstrip('/')}/#/{_run_path(client, version)}"


def version_link(model: str, number: int) -> str:
    """Where MLflow shows a version; without a server it is named."""
    if not settings().mlflow_url.startswith("http"):
        return f"models:/{model}/{number}"
    return f"{settings().mlflow_url.rstrip('/')}/#/models/{model}/versions/{number}"


def _run_path(client: Any, version: Version) -> str:
    experiment = client.get_run(version.run_id).info.experiment_id
    return f"experiments/{experiment}/runs/{version.run_id}"
