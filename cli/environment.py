"""What must be set before Prefect or MLflow is imported."""

import os
import shutil

from adapters.settings import Settings, settings, tool_credentials, tool_environment
from core.errors import StorageUnavailable

SMALLEST_FREE_MB = 100


def prepare(store: bool = True) -> Settings:
    """Point the tools into EVERFIT_HOME and at the running stack, if there is one; refuse a home that cannot be used.

    Args:
        store: Whether the store is used too, and must be in reach of this machine.

    Raises:
        StorageUnavailable: EVERFIT_HOME or the store cannot be written, or is nearly full.
    """
    from deployments.stack import running_stack

    where = settings()
    _check_home(where)
    if store:
        from adapters.storage import check_store

        check_store()
    for name, value in {**tool_environment(where), **tool_credentials(os.environ)}.items():
        os.environ.setdefault(name, value)
    stack = running_stack(where)
    if stack is not None:
        os.environ.setdefault("PREFECT_API_URL", stack.prefect_api)
    return where


def _check_home(where: Settings) -> None:
    try:
        where.home.mkdir(parents=True, exist_ok=True)
        free_mb = shutil.disk_usage(where.home).free / 2**20
    except OSError as error:
        raise StorageUnavailable(
            f"EVERFIT_HOME {where.home} cannot be used",
            error.strerror or str(error),
            "set EVERFIT_HOME to a folder that you may write",
        ) from error
    if free_mb < SMALLEST_FREE_MB:
        raise StorageUnavailable(
            f"there is no space in EVERFIT_HOME {where.home}",
            f"{free_mb:.0f} MB are free, {SMALLEST_FREE_MB} MB are needed",
            "free some space, or set EVERFIT_HOME to another disk",
        )
