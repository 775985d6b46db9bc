"""What a worker does: read encoded rows by reference, fit a candidate on a share of them, and score it."""

import math
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock
from typing import Any

from threadpoolctl import threadpool_limits

from adapters.cluster import cluster, default_workers, started, threads
from adapters.settings import settings
from adapters.storage import read_array, write_array
from core.boosters import SPREADABLE
from core.errors import TrainingError
from core.families import baselines_for
from core.fitting import (
    Candidate,
    Learning,
    fit_candidate,
    fit_family,
    predict,
    recipe_of,
    search_value,
    try_candidate,
)
from core.metrics import Floats
from core.refs import FeaturesRef
from core.rows import Rows
from core.rungs import judges, thinned
from core.search import Job, Tried

_reading = Lock()


@dataclass(frozen=True, slots=True)
class Work:
    """What the jobs of a search have in common: addresses and small values only, since it travels with each."""

    features: FeaturesRef
    learning: Learning
    most: float = 1.0


def read_rows(features: FeaturesRef, recipe: str) -> tuple[Rows, Rows]:
    """Encoded training and validation rows, mapped into memory."""
    encoding = features.encoding(recipe)
    train = Rows(_array(encoding.train), _array(features.y_train), encoding.categorical, encoding.pairs)
    return train, Rows(_array(encoding.validation), _array(features.y_validation), encoding.categorical)


def attempt(work: Work, job: Job) -> Tried:
    """Fit and score one candidate; what cannot be fitted costs its trial, with its error on record."""
    return _timed(job.candidate.family, lambda: _value(work, job))


def attempt_baseline(work: Work, name: str) -> Tried:
    """Fit and score a baseline."""
    return _timed(name, lambda: (_baseline_value(work, name), ""))


def fit_members(
    features: FeaturesRef, members: Sequence[Candidate], learning: Learning, distributed: bool = False
) -> list[Any]:
    """The fitted estimators of candidates of one encoding, in their order, several at a time.

    Args:
        features: Encoded rows.
        members: The candidates.
        learning: What is learned.
        distributed: Whether all workers of a cluster fit together what they can.

    Raises:
        TrainingError: A member killed its workers.
    """
    together = [member for member in members if distributed and member.family == SPREADABLE]
    alone = [member for member in members if member not in together]
    fit = _fit_there if settings().dask else _fit_here
    fitted = dict(zip(alone, fit(features, alone, learning), strict=True))
    if together:
        from adapters.spread import fit_together

        fitted |= dict(zip(together, fit_together(features, together, learning), strict=True))
    return [fitted[member] for member in members]


def _fit_here(features: FeaturesRef, members: Sequence[Candidate], learning: Learning) -> list[Any]:
    # The limit stands around all threads, as in the search: one that ends must not lift it for the others.
    with threadpool_limits(limits=1), ThreadPoolExecutor(default_workers()) as pool:
        return list(pool.map(lambda member: fit_member(features, member, learning), members))


def _fit_there(features: FeaturesRef, members: Sequence[Candidate], learning: Learning) -> list[Any]:
    if not members:
        return []
    with cluster(threads()) as client:
        waiting = [started(client, 0, fit_member, features, member, learning) for member in members]
        fitted = [wait() for wait in waiting]
    if None in fitted:
        raise TrainingError(
            f"{members[fitted.index(None)].family} cannot be fitted on {settings().dask}",
            "it killed the workers that tried, which is what too little memory does",
            "set search.max_rows, or start workers with a higher --memory-limit",
        )
    return fitted


def fit_member(features: FeaturesRef, member: Candidate, learning: Learning) -> Any:
    """A fitted estimator, by one worker."""
    return fit_candidate(member, learning, *read_rows(features, recipe_of(member.family)))


def _timed(name: str, compute: Callable[[], tuple[float, str]]) -> Tried:
    started = time.perf_counter()
    try:
        value, predictions = compute()
    except (ValueError, ArithmeticError, MemoryError) as error:
        return Tried(None, time.perf_counter() - started, f"{name}: {error or type(error).__name__}")
    return Tried(value, time.perf_counter() - started, predictions=predictions)


def _value(work: Work, job: Job) -> tuple[float, str]:
    train, validation = read_rows(work.features, recipe_of(job.candidate.family))
    share, by_class = _share(train, work, job.share), work.learning.problem != "regression"
    held = judges(validation, job.share, work.learning.seed, by_class)
    prediction, value = try_candidate(job.candidate, work.learning, share, held)
    # Kept for the ensemble, in the store: they would be much to send for a large table.
    kept = job.share >= 1 and math.isfinite(value)
    return value, write_array(prediction, beside=work.features.y_validation) if kept else ""


def _baseline_value(work: Work, name: str) -> float:
    family, learning = baselines_for(work.learning.problem)[name], work.learning
    train, validation = read_rows(work.features, family.recipe)
    fitted = fit_family(family, family.start, learning, (_share(train, work, 1.0), validation))
    return search_value(learning, validation.y, predict(fitted, validation.x, learning.problem))


def _share(train: Rows, work: Work, share: float) -> Rows:
    return thinned(train, share * work.most, work.learning.seed, work.learning.problem != "regression")


def _array(uri: str) -> Floats:
    with _reading:
        return _once(uri)


@lru_cache(maxsize=32)
def _once(uri: str) -> Floats:
    # From a bucket it is fetched once a worker; on this machine it is mapped, and all workers share its pages.
    return read_array(uri)
