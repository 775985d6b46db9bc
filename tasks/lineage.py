"""What a version came from, link by link."""

from dataclasses import asdict
from typing import Any

from adapters import journal, registry
from adapters.moves import moves_of
from core.errors import DataMissing, SpecError
from core.records import ModelRecord, Version
from core.refs import DatasetRef
from core.traffic import CHAMPION, STAGING
from tasks.broken_links import broken_links


def version_of(selector: str) -> Version:
    """The version that NAME, NAME@champion, NAME@staging or NAME:3 means.

    Raises:
        SpecError: It is none of these.
        DataMissing: There is no such version.
    """
    name, _, number = selector.partition(":")
    model, _, alias = name.partition("@")
    if number and number.isdecimal() and not alias:
        return registry.find_version(model, int(number))
    if number or alias not in ("", CHAMPION, STAGING):
        raise SpecError(
            f"no version is called {selector}",
            "it is neither an alias nor a number",
            f"write {model}@champion or {model}:3",
        )
    champion = registry.find_champion(model, alias or CHAMPION)
    if champion is None:
        raise DataMissing(
            f"{model} has no {alias or CHAMPION}",
            "none was released",
            f"release one: everfit release {model}, or name {model}:1",
        )
    return champion


def lineage_of(version: Version) -> dict[str, Any]:
    """The document that `lineage --json` prints."""
    record = version.record
    cause, approved = _cause(record), _approved_by(version)
    return {
        "model": record.model,
        "version": version.number,
        "verdict": record.verdict,
        "reason": record.reason,
        "mlflow_run": version.run_id,
        "model_file": {"uri": f"{version.location}/model.skops", "sha256": version.file_digest},
        "flow_run": record.flow_run,
        "cause": cause,
        "data": [
            {"role": role, "uri": ref.uri, "digest": ref.sha256, "rows": ref.n_rows, "source": _source(record)}
            for role, ref in _stored(record).items()
        ],
        "data_until": record.data_until,
        "spec": record.spec,
        "spec_digest": record.spec_digest,
        "git_commit": record.git_commit,
        "environment": record.environment,
        "approved_by": approved,
        "broken": list(broken_links(version, _stored(record), cause)),
    }


def history_of(model: str, alias: str = CHAMPION) -> list[dict[str, Any]]:
    """Every move of the champion or another alias, oldest first, each with the moment until which it held."""
    moves = moves_of(model, alias)
    ends = [*(move.at for move in moves[1:]), None]
    return [asdict(move) | {"until": end} for move, end in zip(moves, ends, strict=True)]


def _source(record: ModelRecord) -> str:
    source = record.spec["data"]["source"]
    return source if isinstance(source, str) else str(source["sql"])


def _stored(record: ModelRecord) -> dict[str, DatasetRef]:
    return {"snapshot": record.data, "reference": record.reference, "golden": record.golden}


def _cause(record: ModelRecord) -> dict[str, Any] | None:
    if record.cause is None:
        return None
    told = next((entry for entry in journal.entries(record.model, "check") if entry["event_id"] == record.cause), {})
    kept = ("decision", "severity", "reason", "report", "report_digest", "window", "champion", "flow_run_id", "at")
    return {"event": record.cause} | {key: told.get(key) for key in kept}


def _approved_by(version: Version) -> str | None:
    made = [move for move in moves_of(version.record.model) if move.to_version == version.number and move.by]
    return made[-1].by if made else None
