"""How tasks are cached, retried and timed: the one place of it."""

import hashlib
import importlib.metadata
import logging
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypedDict

from prefect.cache_policies import INPUTS, NO_CACHE, TASK_SOURCE, CachePolicy

from adapters.settings import PROJECT
from core.errors import EverfitError
from tasks.standing_files import WhileFilesStand

NUMERIC_LIBRARIES = ("numpy", "pandas", "pyarrow", "scikit-learn", "optuna", "pandera")
FIRST_RETRIES_S = [2, 10, 60]
# What Prefect says around our own hooks.
HOOKS = re.compile(r"Running hook '|Hook '\w+' finished running successfully")


@dataclass(frozen=True, slots=True)
class StageTime:
    """How long a stage of a run took, or that its result was there already."""

    name: str
    seconds: float
    cached: bool


_stages: dict[str, list[StageTime]] = {}


def stages_of(flow_run_id: str | None) -> list[StageTime]:
    """The stages that a flow run of this process has finished, in order."""
    return list(_stages.get(str(flow_run_id), []))


@lru_cache(maxsize=1)
def code_digest() -> str:
    """Digest of the pure functions' source and of the libraries that compute: what a cached result depends on."""
    digest = hashlib.sha256()
    for path in sorted((PROJECT / "core").glob("*.py")):
        digest.update(path.read_bytes())
    for library in NUMERIC_LIBRARIES:
        digest.update(f"{library}=={importlib.metadata.version(library)}".encode())
    return digest.hexdigest()


def _note_stage(task: Any, run: Any, state: Any) -> None:
    if run.flow_run_id is not None:
        seconds = run.total_run_time.total_seconds() if run.total_run_time else 0.0
        _stages.setdefault(str(run.flow_run_id), []).append(
            StageTime(task.name, round(seconds, 3), state.name == "Cached")
        )


def _readable(line: logging.LogRecord) -> bool:
    """Let one line a stage through; a user's mistake is told in words, ours keeps its traceback."""
    error = line.exc_info[1] if line.exc_info else None
    if isinstance(error, EverfitError):
        line.msg, line.args, line.exc_info, line.exc_text = str(error), (), None, None
    return HOOKS.match(line.getMessage()) is None


for _logger in ("prefect.task_runs", "prefect.flow_runs"):
    logging.getLogger(_logger).addFilter(_readable)


def _is_retryable(task: Any, run: Any, state: Any) -> bool:
    error = state.result(raise_on_failure=False)
    return isinstance(error, EverfitError) and error.retryable


class Policy(TypedDict, total=False):
    """Keyword arguments of `@task`."""

    cache_policy: CachePolicy
    persist_result: bool
    on_completion: list[Any]
    retries: int
    retry_delay_seconds: list[float]
    retry_condition_fn: Any


# What a store or a registry could not do a moment ago it may do now; nothing else is tried again.
PATIENT: Policy = {
    "retries": len(FIRST_RETRIES_S),
    "retry_delay_seconds": [float(pause) for pause in FIRST_RETRIES_S],
    "retry_condition_fn": _is_retryable,
}

# Pure stages: computed once for the same inputs, task, core code and libraries.
CODE = CachePolicy.from_cache_key_fn(lambda context, inputs: code_digest())
STAGE: Policy = {
    "cache_policy": WhileFilesStand(of=INPUTS + TASK_SOURCE + CODE),
    "persist_result": True,
    "on_completion": [_note_stage],
    **PATIENT,
}

# Stages that touch the world: never cached.
WORLD: Policy = {
    "cache_policy": NO_CACHE,
    "persist_result": False,
    "on_completion": [_note_stage],
    **PATIENT,
}
