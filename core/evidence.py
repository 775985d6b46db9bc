"""An evidence pack: files with a manifest that holds the digest of each, so that a change to any of them is seen."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

MANIFEST, FORMAT = "manifest.json", "everfit evidence 1"
HEX = re.compile(r"[0-9a-f]{64}")


def manifest_of(files: Mapping[str, bytes], about: Mapping[str, Any]) -> bytes:
    """The manifest of a pack; its own digest is what the journal keeps.

    Args:
        files: Content by name.
        about: Model, version and what else tells which pack this is.
    """
    entries = [{"name": name, "bytes": len(files[name]), "sha256": digest(files[name])} for name in sorted(files)]
    return json.dumps({"format": FORMAT, **about, "files": entries}, indent=1, sort_keys=True).encode()


def changes(files: Mapping[str, bytes]) -> Iterator[str]:
    """What is wrong with a pack, a line a file; nothing where it is whole.

    Args:
        files: Everything that is in the pack, the manifest too.
    """
    try:
        manifest = json.loads(files[MANIFEST])
        listed = {str(entry["name"]): entry for entry in manifest["files"]}
        told = manifest["format"]
    except KeyError as error:
        yield f"{MANIFEST}: {error.args[0]} is missing"
        return
    except (ValueError, TypeError) as error:
        yield f"{MANIFEST}: it cannot be read: {error}"
        return
    if told != FORMAT:
        yield f"{MANIFEST}: its format is {told!r}, this is {FORMAT!r}"
    for name, entry in listed.items():
        if name not in files:
            yield f"{name}: it is missing"
        elif digest(files[name]) != entry.get("sha256") or not HEX.fullmatch(str(entry.get("sha256"))):
            yield f"{name}: it was changed, its digest is {digest(files[name])[:12]}, not {entry.get('sha256')!s:.12}"
    yield from (f"{name}: it was added" for name in sorted(set(files) - set(listed) - {MANIFEST}))


def digest(content: bytes) -> str:
    """SHA-256."""
    return hashlib.sha256(content).hexdigest()
