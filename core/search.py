"""The search for the best candidate with Optuna: asked in batches, told in order, so that workers change nothing."""

import itertools
import math
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import optuna

from core.errors import TrainingError
from core.families import Family, Range
from core.fitting import Candidate, better_first
from core.learning_spec import SearchSpec

# Fixed, whatever the number of workers: what a batch is told when it is asked must be the same everywhere.
BATCH = 4
GRID_POINTS = 3


@dataclass(frozen=True, slots=True)
class Trial:
    """A candidate that was tried: its value, or the error that it ended with."""

    number: int
    candidate: Candidate
    value: float | None
    seconds: float
    error: str = ""


@dataclass(frozen=True, slots=True)
class Tried:
    """What came back from a worker."""

    value: float | None
    seconds: float
    error: str = ""


# Candidates in, one result each out, in the same order.
Evaluate = Callable[[Sequence[Candidate]], Sequence[Tried]]


def search(
    spec: SearchSpec, families: Mapping[str, Family], seed: int, evaluate: Evaluate, out_of_time: Callable[[], bool]
) -> list[Trial]:
    """Try `spec.trials` candidates; the first of each family has its default parameters.

    Args:
        spec: Sampler, number of trials, metric (must be set).
        families: By name, with all that is searched of them.
        seed: Seed of the sampler.
        evaluate: Fits and scores a batch, here or on a cluster.
        out_of_time: Asked between batches whether to stop.

    Returns:
        Trials in the order in which they were asked.

    Raises:
        TrainingError: Every trial failed.
    """
    if not families:
        raise TrainingError(
            "there is nothing to search", "no family is left that suits the problem", "see search.families"
        )
    study = _study(spec, seed)
    first = list(_first_candidates(spec, families, seed))
    # A grid that is done is done: the rest of the budget is not spent on random points.
    budget = min(spec.trials, len(first)) if spec.sampler == "grid" else spec.trials
    for family, params in first:
        study.enqueue_trial({"family": family} | {f"{family}.{name}": value for name, value in params.items()})
    done: list[Trial] = []
    while len(done) < budget and not (done and out_of_time()):
        asked = [study.ask() for _ in range(min(BATCH, budget - len(done)))]
        candidates = [_suggest(trial, families) for trial in asked]
        for trial, candidate, tried in zip(asked, candidates, evaluate(candidates), strict=True):
            done.append(_told(study, trial, candidate, tried))
    if all(trial.value is None for trial in done):
        raise TrainingError(
            f"all {len(done)} trials failed",
            f"the first said: {done[0].error}",
            "look at the data and at `search.families`",
        )
    return done


def _told(study: optuna.Study, trial: optuna.trial.Trial, candidate: Candidate, tried: Tried) -> Trial:
    value, error = tried.value, tried.error
    if value is not None and not math.isfinite(value):
        value, error = None, f"{candidate.family}: the metric is undefined on the validation rows"
    study.tell(trial, value, state=optuna.trial.TrialState.FAIL if value is None else optuna.trial.TrialState.COMPLETE)
    return Trial(trial.number, candidate, value, tried.seconds, error)


def best_trial(trials: Sequence[Trial], metric: str) -> Trial:
    """The trial with the best value; of equals the first."""
    sign = -1 if better_first(metric) == "maximize" else 1
    return min((t for t in trials if t.value is not None), key=lambda t: (sign * (t.value or 0.0), t.number))


def _study(spec: SearchSpec, seed: int) -> optuna.Study:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        sampler: optuna.samplers.BaseSampler = optuna.samplers.RandomSampler(seed=seed)
        if spec.sampler == "tpe":
            sampler = optuna.samplers.TPESampler(seed=seed, multivariate=True, group=True, constant_liar=True)
        return optuna.create_study(direction=better_first(str(spec.metric)), sampler=sampler)


def _first_candidates(
    spec: SearchSpec, families: Mapping[str, Family], seed: int
) -> Iterator[tuple[str, dict[str, float]]]:
    if spec.sampler != "grid":
        yield from ((name, dict(family.start)) for name, family in families.items())
        return
    grid = [(name, params) for name, family in families.items() for params in _grid(family)]
    # Shuffled, so that a budget smaller than the grid still sees all of it thinly, not one corner.
    yield from (grid[i] for i in np.random.default_rng(seed).permutation(len(grid))[: spec.trials])


def _grid(family: Family) -> Iterator[dict[str, float]]:
    space = family.space
    for values in itertools.product(*(_points(span) for span in space.values())):
        yield dict(zip(space, values, strict=True))


def _points(span: Range) -> list[float]:
    spread = np.geomspace if span.log else np.linspace
    points = spread(span.low, span.high, GRID_POINTS)
    # A short span of whole numbers has fewer points.
    return list(dict.fromkeys(round(p) if span.whole else float(np.clip(p, span.low, span.high)) for p in points))


def _suggest(trial: optuna.Trial, families: Mapping[str, Family]) -> Candidate:
    family = trial.suggest_categorical("family", list(families))
    params: list[tuple[str, float]] = []
    for name, span in families[family].space.items():
        key = f"{family}.{name}"
        if span.whole:
            params.append((name, trial.suggest_int(key, int(span.low), int(span.high), log=span.log)))
        else:
            params.append((name, trial.suggest_float(key, span.low, span.high, log=span.log)))
    return Candidate(family, tuple(params))
