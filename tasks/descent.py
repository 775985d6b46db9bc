"""What became of a snapshot: every model that was made of it, every check that looked at it, every prediction."""

import hashlib
import re
from collections.abc import Iterator
from typing import Any

from adapters import journal, registry
from adapters.moves import moves_of
from adapters.prediction_log import answered_by
from adapters.specs import model_names
from adapters.storage import exists, list_files, read_bytes, store_path
from core.errors import DataMissing, SpecError

SHORTEST = 8
# Where trainings and checks keep what they read.
FOLDERS = ("snapshots", "windows")
DIGEST = re.compile(r"[0-9a-f]{8,64}")


def descent_of(data: str) -> dict[str, Any]:
    """The document that `lineage --data --json` prints.

    Args:
        data: The digest of a snapshot, the first eight letters of it or more, or its address.
    """
    digest = digest_of(data)
    places = [store_path(folder, f"{digest}.parquet") for folder in FOLDERS]
    uri = next((place for place in places if exists(place)), places[0])
    versions, checks, batches = [], [], []
    for model in model_names():
        made = [row for row in registry.list_versions(model) if row.get("data") == digest]
        versions += [_version(model, row) for row in made]
        checks += list(_checks(model, digest))
        batches += list(_batches(model, {row["version"] for row in made}, digest))
    served = [
        {"model": each["model"], "version": each["version"], **row}
        for each in versions
        for row in answered_by(each["model"], each["version"])
    ]
    return {
        "data": digest,
        "uri": uri,
        "there": exists(uri),
        "versions": versions,
        "checks": checks,
        "batches": batches,
        "served": served,
    }


def digest_of(data: str) -> str:
    """The whole digest that somebody means.

    Raises:
        SpecError: It is neither a digest nor the address of a file.
        DataMissing: No snapshot begins with it.
    """
    if not DIGEST.fullmatch(data):
        if "/" in data or "." in data:
            return hashlib.sha256(read_bytes(data)).hexdigest()
        raise SpecError(
            f"no snapshot is called {data}",
            f"it is no address, and no digest of {SHORTEST} letters or more",
            "take the digest that `everfit lineage NAME` tells",
        )
    files = [uri for folder in FOLDERS for uri in list_files(store_path(folder, f"{data}*.parquet"))]
    found = sorted({uri.rpartition("/")[2].removesuffix(".parquet") for uri in files})
    if len(found) != 1:
        # A snapshot that is gone may still have descendants, which know its whole digest.
        if len(data) == len(hashlib.sha256().hexdigest()):
            return data
        raise DataMissing(
            f"no single snapshot begins with {data}", f"{len(found)} do", "give more letters of the digest"
        )
    return found[0]


def _version(model: str, row: dict[str, Any]) -> dict[str, Any]:
    moves = [move for move in moves_of(model) if move.to_version == row["version"]]
    return {
        "model": model,
        "version": row["version"],
        "verdict": row["verdict"],
        "mlflow_run": row["run"],
        "champion_since": [move.at for move in moves],
    }


def _checks(model: str, digest: str) -> Iterator[dict[str, Any]]:
    for entry in journal.entries(model, "check"):
        if entry["window"]["digest"] == digest:
            yield {"model": model} | {
                key: entry[key] for key in ("at", "decision", "reason", "event_id", "flow_run_id")
            }


def _batches(model: str, versions: set[int], digest: str) -> Iterator[dict[str, Any]]:
    for entry in journal.entries(model, "scoring"):
        scored = str(entry["source"]).endswith(f"/{digest}.parquet")
        if scored or entry["version"] in versions:
            kept = ("version", "at", "source", "output", "rows", "flow_run_id")
            yield {"model": model, "scored_it": scored} | {key: entry[key] for key in kept}
