"""A cached result counts only while the files that it names are there: the store may have been cleared since."""

from dataclasses import dataclass
from typing import Any

from prefect.cache_policies import CachePolicy
from prefect.context import TaskRunContext
from prefect.results import ResultStore, get_result_store

from adapters.settings import settings
from adapters.storage import renew
from core.retention import addresses_in


@dataclass
class WhileFilesStand(CachePolicy):
    """The key of another policy; a result below it that names a file which is gone is voided first."""

    of: CachePolicy | None = None

    def compute_key(
        self, task_ctx: TaskRunContext, inputs: dict[str, Any], flow_parameters: dict[str, Any], **kwargs: Any
    ) -> str | None:
        """The key."""
        key = self.of.compute_key(task_ctx, inputs, flow_parameters, **kwargs) if self.of else None
        if key is not None:
            _void_unless_whole(get_result_store(), key)
        return key


def _void_unless_whole(results: ResultStore, key: str) -> None:
    if not results.exists(key):
        return
    # Typed as a coroutine; here, outside of an event loop, it writes at once.
    storage: Any = results.result_storage
    named = addresses_in(results.read(key).result, settings().store_url)
    # Each that is there is young again: what this run goes on with must outlive it.
    if all(renew(uri) for uri in dict.fromkeys(named)):
        return
    # Storages of results have no way to delete; what cannot be read counts as none, and is written anew.
    storage.write_path(key, content=b"")
