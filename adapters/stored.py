"""What lies in the store, file by file, with its age; removed when it is old still, moved folder by folder."""

import posixpath
from datetime import UTC, datetime
from typing import Any

from fsspec.implementations.local import LocalFileSystem

from adapters.storage import filesystem, store_path, told
from core.retention import Ages, Removal, Stored, folder_kind, model_of


def list_stored(model: str | None = None) -> list[Stored]:
    """Every file of the store that may go when it is old, drafts and other leftovers among them.

    Args:
        model: Of this model only; what models share is left out.
    """
    root = store_path()
    found = []
    for uri, each in _find(root):
        inside = uri.removeprefix(f"{root}/")
        kind = folder_kind(inside)
        if kind is not None and (model is None or model_of(inside) == model):
            found.append(Stored(uri, kind, int(each["size"]), _written(each)))
    return found


def list_folder(folder: str, kind: str) -> list[Stored]:
    """Every file below a folder, as one kind."""
    return [Stored(uri, kind, int(each["size"]), _written(each)) for uri, each in _find(folder)]


def remove_old(removal: Removal, ages: Ages, now: datetime) -> bool:
    """Delete a file unless somebody has named it since it was listed, or it is gone already."""
    files, path = filesystem(removal.uri)
    with told(removal.uri, "remove"):
        try:
            if now - files.modified(path) < ages.of(removal.kind):
                return False
            files.rm_file(path)
        except FileNotFoundError:
            return False
    return True


def _find(folder: str) -> list[tuple[str, dict[str, Any]]]:
    files, path = filesystem(folder)
    with told(folder, "list"):
        found = files.find(path, detail=True)
    # Of a folder on this machine the address is its path, as the store writes it.
    address = str if isinstance(files, LocalFileSystem) else files.unstrip_protocol
    return [(str(address(name)), each) for name, each in found.items() if each["type"] == "file"]


def _written(each: dict[str, Any]) -> datetime:
    at = next((each[name] for name in ("LastModified", "mtime", "created") if each.get(name) is not None), None)
    # Whoever does not know an age must not remove.
    if at is None:
        return datetime.now(UTC)
    return at if isinstance(at, datetime) else datetime.fromtimestamp(float(at), UTC)


def move_folder(folder: str, target: str) -> bool:
    """Move a folder with all that is in it; False when there is none."""
    files, path = filesystem(folder)
    with told(folder, "move"):
        if not files.exists(path):
            return False
        files.makedirs(posixpath.dirname(filesystem(target)[1]), exist_ok=True)
        files.mv(path, filesystem(target)[1], recursive=True)
    return True
