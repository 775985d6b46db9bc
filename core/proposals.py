"""What Optuna proposes: samplers and pruners by name, the first candidates, and a family's space in its words."""

import importlib.util
import itertools
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna.trial import FrozenTrial, TrialState

from core.errors import TrainingError
from core.families import Family, Range
from core.fitting import Candidate, better_first
from core.rungs import climbs
from core.search import Plan
from core.tpe import FamilyTPE, space_of

GRID_POINTS = 3
# Samplers that need a package that everfit does not bring.
NEEDS: Mapping[str, str] = MappingProxyType({"cmaes": "cmaes", "gp": "torch"})


class Halving(optuna.pruners.BasePruner):
    """Successive halving among all that reached a rung so far; the same for the same order of telling.

    What is compared is what candidates promise: their value on this rung, and what more rows have brought to others of
    their family. Networks need many rows to show what they can, and boosting does not.
    """

    def prune(self, study: optuna.Study, trial: optuna.trial.FrozenTrial) -> bool:
        """Whether a trial is stopped at its last step."""
        step = int(trial.last_step or 0)
        sign = 1 if study.direction == optuna.study.StudyDirection.MAXIMIZE else -1
        seen = [t for t in study.get_trials(deepcopy=False) if step in t.intermediate_values]
        gains: dict[str, list[float]] = {}
        for each in seen:
            if each.state == TrialState.COMPLETE and each.value is not None:
                gain = sign * (each.value - each.intermediate_values[step])
                gains.setdefault(each.params["family"], []).append(gain)
        promised = {t.number: sign * t.intermediate_values[step] + _middle(gains, t) for t in seen}
        mine = promised.pop(trial.number)
        return not climbs(mine, list(promised.values()))


def _middle(gains: Mapping[str, Sequence[float]], trial: FrozenTrial) -> float:
    return float(np.median(gains.get(trial.params["family"], [0.0])))


def distributions_of(candidate: Candidate, families: Mapping[str, Family]) -> dict[str, BaseDistribution]:
    """What each of a candidate's parameters was drawn from."""
    choice = CategoricalDistribution(tuple(families))
    return {"family": choice, **space_of(candidate.family, families[candidate.family])}


SAMPLERS: Mapping[str, Callable[[int, Mapping[str, Family]], optuna.samplers.BaseSampler]] = MappingProxyType(
    {
        "tpe": FamilyTPE,
        "random": lambda seed, _: optuna.samplers.RandomSampler(seed=seed),
        "grid": lambda seed, _: optuna.samplers.RandomSampler(seed=seed),
        "qmc": lambda seed, _: optuna.samplers.QMCSampler(seed=seed, scramble=True),
        "cmaes": lambda seed, _: optuna.samplers.CmaEsSampler(seed=seed),
        "gp": lambda seed, _: optuna.samplers.GPSampler(seed=seed),
        "nsgaii": lambda seed, _: optuna.samplers.NSGAIISampler(seed=seed),
    }
)
PRUNERS: Mapping[str, Callable[[], optuna.pruners.BasePruner]] = MappingProxyType(
    {
        "halving": Halving,
        "median": lambda: optuna.pruners.MedianPruner(n_startup_trials=5),
        "percentile": lambda: optuna.pruners.PercentilePruner(33.0, n_startup_trials=5),
        "none": optuna.pruners.NopPruner,
    }
)


class Proposals:
    """A study that lives as long as one search; what is worth keeping of it is kept by `adapters.studies`."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.study = _study(plan)
        self.open: dict[int, optuna.Trial] = {}
        first = list(_first_candidates(plan))
        # A grid that is done is done: the rest of the budget is not spent on random points.
        most = plan.spec.most_trials
        self.n_left = min(most, len(first)) if plan.spec.sampler == "grid" else most
        # What is worth all rows in any case: where each family begins, and what was good before.
        self.n_first = 0 if plan.spec.sampler == "grid" else len(first)
        for candidate in first[: self.n_left]:
            self.study.enqueue_trial(params_of(candidate))

    def ask(self) -> tuple[int, Candidate]:
        """The next candidate and its number."""
        self.n_left -= 1
        with warnings.catch_warnings():
            # Samplers that are new or that meet a conditional space say so at every trial.
            warnings.simplefilter("ignore")
            trial = self.study.ask()
            candidate = _suggest(trial, self.plan.families)
        self.open[trial.number] = trial
        return trial.number, candidate

    def climbs(self, number: int, share: float, value: float) -> bool:
        """Whether a candidate is worth a larger share of the rows, after its value on this one."""
        trial = self.open[number]
        trial.report(value, step=round(100 * share))
        # The first of each family climb in any case: what more rows bring to the family is known by them.
        return number < self.n_first or not trial.should_prune()

    def tell(self, number: int, value: float | None, failed: bool) -> None:
        """End a trial: failed, complete with a value, or stopped."""
        state = TrialState.FAIL if failed else TrialState.PRUNED if value is None else TrialState.COMPLETE
        self.study.tell(self.open.pop(number), value, state=state)


def params_of(candidate: Candidate) -> dict[str, Any]:
    """A candidate in Optuna's words: each parameter carries its family's name."""
    return {"family": candidate.family} | {f"{candidate.family}.{name}": value for name, value in candidate.params}


def _study(plan: Plan) -> optuna.Study:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    name = plan.spec.sampler
    if name in NEEDS and importlib.util.find_spec(NEEDS[name]) is None:
        raise TrainingError(
            f"the sampler {name} cannot be used",
            f"it needs the package {NEEDS[name]}, which is not installed",
            f"install {NEEDS[name]}, or set search.sampler to tpe",
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return optuna.create_study(
            direction=better_first(str(plan.spec.metric)),
            sampler=SAMPLERS[name](plan.seed, plan.families),
            pruner=PRUNERS[plan.spec.pruner](),
        )


def _first_candidates(plan: Plan) -> Iterator[Candidate]:
    if plan.spec.sampler != "grid":
        starts = (Candidate(name, tuple(family.start.items())) for name, family in plan.families.items())
        known = (candidate for candidate in plan.known if candidate.family in plan.families)
        yield from dict.fromkeys((*starts, *known))
        return
    grid = [Candidate(name, params) for name, family in plan.families.items() for params in _grid(family)]
    # Shuffled, so that a budget smaller than the grid still sees all of it thinly, not one corner.
    yield from (grid[i] for i in np.random.default_rng(plan.seed).permutation(len(grid))[: plan.spec.most_trials])


def _grid(family: Family) -> Iterator[tuple[tuple[str, float], ...]]:
    for values in itertools.product(*(_points(span) for span in family.space.values())):
        yield tuple(zip(family.space, values, strict=True))


def _points(span: Range) -> list[float]:
    spread = np.geomspace if span.log else np.linspace
    points = spread(span.low, span.high, GRID_POINTS)
    # A short span of whole numbers has fewer points.
    return list(dict.fromkeys(round(p) if span.whole else float(np.clip(p, span.low, span.high)) for p in points))


def _suggest(trial: optuna.Trial, families: Mapping[str, Family]) -> Candidate:
    family = str(trial.suggest_categorical("family", list(families)))
    params: list[tuple[str, float]] = []
    for name, span in families[family].space.items():
        key = f"{family}.{name}"
        if span.whole:
            params.append((name, trial.suggest_int(key, int(span.low), int(span.high), log=span.log)))
        else:
            params.append((name, trial.suggest_float(key, span.low, span.high, log=span.log)))
    return Candidate(family, tuple(params))
