"""The bill of materials of a version, in CycloneDX 1.6: the model, its data, and every installed package."""

import uuid
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from core.records import Version

NAMESPACE = uuid.UUID("2b0f0d5a-6c86-5d0f-9f57-0c8c1b1d6a55")


def bill_of(version: Version, packages: Sequence[tuple[str, str]], made_at: str) -> dict[str, Any]:
    """The document; the same for the same version.

    Args:
        version: What it is about.
        packages: Names and versions of what was installed when it was trained.
        made_at: When it was trained, ISO 8601 with zone.
    """
    record = version.record
    model = f"{record.model}@{version.number}"
    libraries = [_library(name, release) for name, release in sorted(set(packages))]
    data = _hashed("data", f"{record.model} snapshot", record.data.sha256[:12], record.data.sha256)
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(NAMESPACE, f'{model}|{version.file_digest}|{made_at}')}",
        "version": 1,
        "metadata": {
            "timestamp": made_at,
            "tools": {"components": [{"type": "application", "name": "everfit"}]},
            "component": _hashed("machine-learning-model", record.model, str(version.number), version.file_digest)
            | {"bom-ref": model},
        },
        "components": [data, *libraries],
        "dependencies": [
            {"ref": model, "dependsOn": [data["bom-ref"], *(each["bom-ref"] for each in libraries)]},
        ],
    }


def _library(name: str, release: str) -> dict[str, Any]:
    # https://github.com/package-url/purl-spec: names of PyPI are in small letters, with dashes.
    purl = f"pkg:pypi/{quote(name.lower().replace('_', '-'))}@{quote(release)}"
    return {"type": "library", "bom-ref": purl, "name": name, "version": release, "purl": purl}


def _hashed(kind: str, name: str, number: str, digest: str) -> dict[str, Any]:
    hashes = {"hashes": [{"alg": "SHA-256", "content": digest}]} if digest else {}
    return {"type": kind, "bom-ref": f"{kind}:{name}@{number}", "name": name, "version": number} | hashes
