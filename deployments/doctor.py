"""Every known trap of a set-up as a named check: what is here and in reach of this process, without a server."""

import importlib.metadata
import json
import shutil
import uuid
from collections.abc import Callable

from adapters import registry
from adapters.claims import create_once
from adapters.settings import PROJECT, Settings
from adapters.specs import model_names, read_spec
from adapters.storage import exists, list_files, read_bytes, remove, store_path, write_bytes
from core.diagnosis import Diagnosis, NothingToCheck, examine
from core.errors import OutsideError, StorageUnavailable

LEAST_FREE_GB = 2.0
# It installs, and nothing runs by it; an environment brings its own.
INSTALLER = "pip"


def examine_all(where: Settings, fire: bool) -> list[Diagnosis]:
    """All checks, in the order in which a set-up is built.

    Args:
        where: The settings.
        fire: Whether to send a test event through to a run.
    """
    from deployments.doctor_server import server_checks

    checks: dict[str, Callable[[], str]] = {
        "versions": look_at_versions,
        "models": look_at_models,
        "disk": lambda: look_at_disk(where),
        "storage": look_at_storage,
        "registry": lambda: look_at_registry(where),
        "dask": lambda: look_at_dask(where),
        **server_checks(fire),
    }
    return [examine(name, look) for name, look in checks.items()]


def look_at_versions() -> str:
    """Whether what is installed is what requirements.lock names."""
    lock = PROJECT / "requirements.lock"
    if not lock.exists():
        raise NothingToCheck("there is no requirements.lock beside the code")
    wrong = [
        f"{name} {found} instead of {pinned}" for name, pinned, found in _pins(lock.read_text()) if found != pinned
    ]
    if wrong:
        raise OutsideError(
            f"{len(wrong)} packages differ from requirements.lock",
            ", ".join(wrong[:5]),
            "run `make check`, which installs the lock into .venv, and start everfit from there",
        )
    return "every installed package is the one of requirements.lock"


def _pins(lock: str) -> list[tuple[str, str, str]]:
    from packaging.requirements import Requirement

    found = []
    for line in lock.splitlines():
        if "==" not in line or line.startswith((" ", "#")):
            continue
        wanted = Requirement(line.removesuffix("\\").strip())
        if wanted.name == INSTALLER:
            continue
        try:
            installed = importlib.metadata.version(wanted.name)
        # The lock names the packages of all extras and systems: what is not here may not be needed here.
        except importlib.metadata.PackageNotFoundError:
            continue
        if wanted.marker is None or wanted.marker.evaluate():
            found.append((wanted.name, str(wanted.specifier).removeprefix("=="), installed))
    return found


def look_at_models() -> str:
    """Whether every YAML can be read."""
    names = model_names()
    if not names:
        raise NothingToCheck("there is no model yet: everfit init SOURCE --target COLUMN")
    for name in names:
        read_spec(name)
    return f"{len(names)} YAML files can be read: {', '.join(names)}"


def look_at_disk(where: Settings) -> str:
    """Whether there is room for a few trainings."""
    free = shutil.disk_usage(where.home).free / 2**30
    if free < LEAST_FREE_GB:
        raise StorageUnavailable(
            f"{where.home} has little space",
            f"{free:.1f} GB are free, {LEAST_FREE_GB:g} GB are wanted",
            "free some, or set EVERFIT_HOME to another disk",
        )
    return f"{free:.0f} GB are free for {where.home}"


def look_at_storage() -> str:
    """Whether the store can be written, read, listed, deleted, and lets a thing be made only once."""
    place = store_path("doctor", uuid.uuid4().hex)
    content = json.dumps({"asked": place}).encode()
    try:
        write_bytes(f"{place}/written", content)
        _expect(read_bytes(f"{place}/written") == content, place, "what was written is read back with another content")
        _expect(len(list_files(f"{place}/*")) == 1, place, "a file that was written is not listed")
        _expect(create_once(f"{place}/once", b"1"), place, "a file that is not there cannot be claimed")
        _expect(
            not create_once(f"{place}/once", b"2"), place,
            "a file that is there was claimed again: it knows no conditional writes",
        )  # fmt: skip
    finally:
        for name in ("written", "once"):
            if exists(f"{place}/{name}"):
                remove(f"{place}/{name}")
    _expect(not exists(f"{place}/written"), place, "a file that was deleted is still there")
    return f"writes, reads, lists, claims once and deletes in {store_path()}"


def _expect(condition: bool, place: str, why: str) -> None:
    if not condition:
        raise StorageUnavailable(
            f"the store at {place} does not do what everfit needs", why, "set EVERFIT_STORE to another store"
        )


def look_at_registry(where: Settings) -> str:
    """Whether the registry answers."""
    with registry.answering() as client:
        models = client.search_registered_models()
    return f"{where.mlflow_url} answers and holds {len(models)} models"


def look_at_dask(where: Settings) -> str:
    """Whether the cluster that is named answers, and has the versions that this process has."""
    if not where.dask:
        raise NothingToCheck("EVERFIT_DASK is not set: a cluster inside the training process comes and goes")
    from adapters.cluster import versions_of_cluster

    return versions_of_cluster(where.dask)
