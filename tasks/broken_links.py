"""Which links between a version and what it came from no longer hold."""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from adapters import journal, registry
from adapters.moves import moves_of
from adapters.provenance import knows_commit
from adapters.storage import exists, read_bytes, store_path
from core.errors import EverfitError
from core.records import Version
from core.refs import DatasetRef
from core.spec import spec_digest


def broken_links(version: Version, stored: Mapping[str, DatasetRef], cause: Mapping[str, Any] | None) -> Iterator[str]:
    """Each broken link, as its name and what is wrong with it.

    Args:
        version: The version.
        stored: Its files of rows, by role.
        cause: What the journal says of the event that asked for it; None where nobody's event did.
    """
    for role, ref in stored.items():
        yield from _broken_file(role, ref.uri, ref.sha256)
    yield from _broken_content("profile", version.record.profile)
    yield from _broken_content("predictions", version.record.report.predictions)
    yield from _broken_record(version)
    yield from _broken_run(version)
    if cause:
        yield from _broken_cause(cause)
    yield from _broken_approval(version)
    yield from (f"journal: {fault}" for fault in journal.faults(version.record.model))
    try:
        registry.load_pipeline(version)
    except EverfitError as error:
        yield f"model_file: {error.what}, {error.why}"


def _broken_record(version: Version) -> Iterator[str]:
    record = version.record
    if not registry.record_is_whole(version):
        yield "record: MLflow holds another record of this version than was registered"
    if not registry.appraisal_is_whole(version):
        yield "appraisal: MLflow holds another appraisal of this version than was registered"
    if spec_digest(record.spec) != record.spec_digest:
        yield "spec: the stored spec has another digest than at training"
    if record.git_commit and not knows_commit(record.git_commit):
        yield f"git_commit: this checkout does not hold {record.git_commit}"


def _broken_run(version: Version) -> Iterator[str]:
    record = version.record
    if not record.flow_run:
        return
    told = [entry for entry in journal.entries(record.model, "training") if entry["flow_run_id"] == record.flow_run]
    if not told:
        yield f"flow_run: the journal holds no training of the run {record.flow_run}"
    # Who rewrites a record in MLflow can rewrite its digest there; the journal is elsewhere, and its entries chained.
    made = {
        "data_digest": record.data.sha256, "spec_digest": record.spec_digest, "model_digest": record.report.digest
    }  # fmt: skip
    for entry in told:
        for name, digest in made.items():
            if entry.get(name, digest) != digest:
                yield f"training: the record has the {name} {digest}, the journal says {entry[name]}"


def _broken_cause(cause: Mapping[str, Any]) -> Iterator[str]:
    if cause["decision"] is None:
        yield f"cause: the journal holds no check that sent the event {cause['event']}"
    if cause["report"]:
        yield from _broken_file("report", cause["report"], cause["report_digest"])
    if cause["window"]:
        digest = cause["window"]["digest"]
        yield from _broken_file("window", store_path("windows", f"{digest}.parquet"), digest)


def _broken_approval(version: Version) -> Iterator[str]:
    """The history of the champion and the journal say the same of who agreed to this version."""
    model, number = version.record.model, version.number
    moved = {move.number: move for move in moves_of(model) if move.to_version == number}
    if not moved and registry.champion_number(model) == number:
        yield f"approval: version {number} is champion, and no move of the history made it so"
    entries = [*journal.entries(model, "release"), *journal.entries(model, "rollback")]
    told = {entry["move"]: entry for entry in entries if entry.get("move") and entry["to_version"] == number}
    for place in sorted(moved.keys() | told.keys()):
        if place not in moved:
            yield f"approval: the journal tells of the champion's move {place}, its history does not"
        elif place not in told:
            yield f"approval: the champion's history holds move {place}, the journal does not"
        elif moved[place].by != told[place]["approved_by"]:
            both = moved[place].by or "nobody", told[place]["approved_by"] or "nobody"
            yield f"approval: the history says that {both[0]} agreed to move {place}, the journal says {both[1]}"


def _broken_content(role: str, uri: str | None) -> Iterator[str]:
    """What is wrong with a file that is called by its digest."""
    if uri:
        yield from _broken_file(role, uri, PurePosixPath(uri).name.partition(".")[0])


def _broken_file(role: str, uri: str, digest: str | None) -> Iterator[str]:
    if not exists(uri):
        yield f"{role}: {uri} is gone"
    elif digest and hashlib.sha256(read_bytes(uri)).hexdigest() != digest:
        yield f"{role}: {uri} has other content than when it was written"
