"""The ML Test Score of versions: what registry, journal, YAML and git tell, and what persons have attested."""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

from adapters import journal, registry
from adapters.alert_routes import listened_events
from adapters.moves import moves_of
from adapters.provenance import is_committed
from adapters.settings import settings
from adapters.specs import read_spec
from core.appraisal import Appraisal
from core.card_quality import weak_slices
from core.errors import SpecError
from core.records import Version
from core.rubric import Seen, Sheet, sheet_of
from core.rubric_data import DATA, MODEL
from core.rubric_running import INFRASTRUCTURE, MONITORING

TESTS = (*DATA, *MODEL, *INFRASTRUCTURE, *MONITORING)
# What somebody looked at half a year ago, nobody has looked at.
HOLDS = timedelta(days=182)


def rate(version: Version) -> Sheet:
    """The sheet of a version."""
    return sheet_of(TESTS, seen_of(version), attested(version.record.model))


def seen_of(version: Version) -> Seen:
    """All that the tests are judged by."""
    model, record = version.record.model, version.record
    trainings = journal.finished_trainings(model)
    return Seen(
        version=version,
        spec=read_spec(model).for_problem(record.coding.problem),
        weak=_weak(registry.find_appraisal(version)),
        training=next((each for each in trainings if each["flow_run_id"] == record.flow_run), None),
        trainings=trainings,
        checks=[each for each in journal.entries(model, "check") if each["champion"] == version.number],
        releases=[each for each in journal.entries(model, "release") if each["to_version"] == version.number],
        rollbacks=journal.entries(model, "rollback"),
        moves=moves_of(model),
        committed=is_committed(settings().models / f"{model}.yaml"),
        listened=listened_events(),
    )


def _weak(told: Appraisal | None) -> tuple[str, ...] | None:
    if told is None or not any(each.held for each in told.slices):
        return None
    return tuple(f"{each.column} = {each.value}" for each in weak_slices(told) if each.held)


def attest(model: str, key: str, word: dict[str, str]) -> str:
    """Write a person's word on a test into the journal; returns the entry's id.

    Raises:
        SpecError: There is no such test, or everfit judges it by what it sees.
    """
    known = [test.key for test in TESTS]
    if key not in known:
        raise SpecError(f"the ML Test Score has no test {key}", "nobody wrote one", f"take one of {', '.join(known)}")
    return journal.append(model, "attestation", {"model": model, "test": key} | word)


def attested(model: str) -> dict[str, dict[str, Any]]:
    """The newest word on each test, of the last half year."""
    words: dict[str, dict[str, Any]] = {}
    for entry in journal.entries(model, "attestation"):
        if datetime.now(UTC) - datetime.fromisoformat(entry["at"]) <= HOLDS:
            words.setdefault(entry["test"], entry)
    return words


def score_document(version: Version, sheet: Sheet) -> dict[str, Any]:
    """As `score --json` prints it."""
    return {
        "model": version.record.model,
        "version": version.number,
        "score": sheet.score,
        "sections": dict(sheet.sections),
        "tests": [asdict(each) for each in sheet.tests],
        "to_do": [{"test": each.key, "what": each.todo} for each in sheet.tests if each.todo],
    }


def score_table(model: str) -> list[dict[str, Any]]:
    """Score and sections of every version, newest first."""
    numbers = [row["version"] for row in registry.list_versions(model)]
    versions = [registry.find_version(model, number) for number in numbers]
    sheets = [rate(version) for version in versions]
    return [
        {"version": version.number, "score": sheet.score} | dict(sheet.sections)
        for version, sheet in zip(versions, sheets, strict=True)
    ]
