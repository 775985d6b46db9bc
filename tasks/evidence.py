"""The evidence of a version in one file that can be sent, and whether such a file is still what was written."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

from adapters import journal
from adapters.html import html_of
from adapters.packs import pack, unpack
from adapters.provenance import packages
from core.bill import bill_of
from core.card import card_of
from core.evidence import MANIFEST, changes, digest, manifest_of
from core.page import markdown_of
from core.records import Version
from core.story import Story
from tasks.lineage import lineage_of
from tasks.pages import story_of


@dataclass(frozen=True, slots=True)
class Pack:
    """An evidence pack: its content, the digest of its manifest, and what is in it."""

    content: bytes
    digest: str
    names: tuple[str, ...]


def make_pack(version: Version) -> Pack:
    """Collect what was written about a version; the journal keeps the digest of the pack's manifest."""
    story = story_of(version)
    files = _files(story)
    record = version.record
    about = {"model": record.model, "version": version.number, "identity": record.identity}
    manifest = manifest_of(files, about)
    entry = {"model": record.model, "version": version.number, "manifest": digest(manifest)}
    known = [told["manifest"] for told in journal.entries(record.model, "evidence")]
    if entry["manifest"] not in known:
        journal.append(record.model, "evidence", entry)
    names = tuple(sorted([*files, MANIFEST]))
    return Pack(pack(files | {MANIFEST: manifest}), digest(manifest), names)


def verify_pack(path: Path) -> dict[str, Any]:
    """The document that `verify --json` prints."""
    files = unpack(path)
    wrong = list(changes(files))
    told = _about(files)
    model = str(told.get("model", ""))
    # A name from a file that anybody can send must not choose a path.
    named = model.replace("-", "").replace("_", "").isalnum()
    entries = journal.entries(model, "evidence") if named else []
    known = [entry["manifest"] for entry in entries if entry["version"] == told.get("version")]
    # Whoever changes a file can write its digest into the manifest too, but not into the journal of this store.
    written_here = digest(files.get(MANIFEST, b"")) in known if known else None
    if written_here is False and not wrong:
        wrong.append(f"{MANIFEST}: this store wrote packs of that version, and none with this manifest")
    return {
        "file": str(path),
        "model": told.get("model"),
        "version": told.get("version"),
        "files": len(files),
        "changed": wrong,
        "written_here": written_here,
        "manifest": digest(files[MANIFEST]) if MANIFEST in files else None,
        "whole": not wrong,
    }


def _about(files: dict[str, bytes]) -> dict[str, Any]:
    try:
        told = json.loads(files.get(MANIFEST, b"{}"))
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def _files(story: Story) -> dict[str, bytes]:
    version, record, told = story.version, story.version.record, story.appraisal
    page = card_of(story)
    training, check = story.training or {}, story.check or {}
    installed = told.packages if told and told.packages else tuple(packages().items())
    documents = {
        "data_card.json": _data_card(story),
        "contract.json": record.spec.get("contract", {}),
        "metrics.json": {
            "test": record.report.metrics,
            "baselines": record.report.baselines,
            "holdout": asdict(record.report.holdout),
            "importance": record.report.importance,
            "appraisal": asdict(told) if told else None,
        },
        "verdict.json": {
            "verdict": record.verdict,
            "reason": record.reason,
            "gate": record.spec.get("gate", {}),
            "compared": training.get("metrics"),
        },
        "journal.json": {
            "check": check or None,
            "training": training or None,
            "releases": list(story.releases),
            "moves": [asdict(move) for move in story.moves],
        },
        "lineage.json": lineage_of(version),
        "sbom.cdx.json": bill_of(version, installed, _trained_at(story)),
    }
    files = {name: json.dumps(document, indent=1, default=str).encode() for name, document in documents.items()}
    spec = yaml.safe_dump(record.spec, sort_keys=False, allow_unicode=True)
    return files | {
        "card.md": markdown_of(page).encode(),
        "page.html": html_of(page).encode(),
        "spec.yaml": spec.encode(),
    }


def _data_card(story: Story) -> dict[str, Any]:
    record, told = story.version.record, story.appraisal
    return {
        "source": record.spec["data"],
        "snapshot": asdict(record.data),
        "until": record.data_until,
        "parts": [asdict(part) for part in told.parts] if told else [],
        "columns": [asdict(column) for column in told.columns] if told else [],
        "classes": [asdict(each) for each in record.report.classes],
        "quarantined": (story.training or {}).get("quarantined"),
    }


def _trained_at(story: Story) -> str:
    return str((story.training or {}).get("at") or "1970-01-01T00:00:00+00:00")
