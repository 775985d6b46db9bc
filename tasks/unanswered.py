"""Events that no run has taken up: a server that is killed forgets what it has only in memory; the journal does not."""

from collections.abc import Iterator
from typing import Any

from adapters import journal, registry
from core.events import DriftDetected, Event, ModelRegistered
from tasks.checks import news_of_check


def unanswered(model: str) -> Iterator[tuple[Event, str]]:
    """What was announced last and was to start something, with the id of the run that announced it.

    What has been overtaken since (a later training, a later champion) is not asked for again.
    """
    for entry, event, step in (*_retraining(model), *_release(model)):
        # By its id: an entry of an older everfit may have come about in another way.
        known = entry["flow_run_id"] and str(event.id) == entry["event_id"]
        if known and not journal.is_claimed(model, f"{step}-{event.id}"):
            yield event, entry["flow_run_id"]


def _retraining(model: str) -> Iterator[tuple[dict[str, Any], DriftDetected, str]]:
    checks, trainings = journal.entries(model, "check")[:1], journal.entries(model, "training")[:1]
    for check in checks:
        since = [each for each in trainings if each["id"] > check["id"]]
        if check["decision"] == "retrain" and not since:
            digest, champion = check["window"]["digest"], check["champion"]
            yield check, news_of_check(model, digest, champion, check["severity"], "retrain"), "train"


def _release(model: str) -> Iterator[tuple[dict[str, Any], ModelRegistered, str]]:
    for training in journal.finished_trainings(model)[:1]:
        version, champion = training["version"], registry.champion_number(model)
        if version is not None and (champion is None or version > champion):
            cause = training["cause"] or training["model_digest"]
            yield training, ModelRegistered(model=model, cause=cause, version=version), "release"
