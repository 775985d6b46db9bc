"""Optuna's TPE over families with parameters of their own, and at a cost that long studies do not raise."""

from collections.abc import Mapping, Sequence
from operator import attrgetter
from types import MappingProxyType
from typing import Any, NamedTuple, cast

import optuna
from optuna.distributions import BaseDistribution, FloatDistribution, IntDistribution
from optuna.trial import FrozenTrial, TrialState

from core.families import Family, Range

# Trials that TPE looks at. It calls a tenth of them good.
MOST_SEEN = 120
# So many of a family that have seen all rows are judged among themselves, as by BOHB (Falkner et al. 2018, section 4).
# What was stopped on few rows may have been stopped by chance: near the best it taught that the best are bad.
ENOUGH = 10
NONE: Mapping[str, Any] = MappingProxyType({})


class FamilyTPE(optuna.samplers.BaseSampler):
    """Optuna's multivariate TPE, asked for the family first, and then for the parameters of that family only.

    TPE with groups samples the parameters of every family for every trial, which costs several times as much. Of a long
    study it sees the best and the newest, so that a proposal does not cost more and more.
    """

    def __init__(self, seed: int, families: Mapping[str, Family]) -> None:
        self.families = families
        _count_tails_in_c()
        self.tpe = optuna.samplers.TPESampler(seed=seed, multivariate=True, constant_liar=True)
        self.sampled: dict[str, Any] = {}

    def infer_relative_search_space(self, study: optuna.Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """Nothing is sampled before the family is known."""
        return {}

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """A new trial begins."""
        self.sampled = {}
        return {}

    def sample_independent(
        self, study: optuna.Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """The family, or all parameters of the family at the first of them."""
        if param_name not in self.sampled:
            family = trial.params.get("family")
            space = space_of(family, self.families[family]) if family else {param_name: param_distribution}
            self.sampled = self.tpe.sample_relative(cast("optuna.Study", Excerpt(study, family)), trial, space)
        if param_name in self.sampled:
            return self.sampled[param_name]
        # The first trials of a study are random.
        return self.tpe.sample_independent(study, trial, param_name, param_distribution)


class Seen(NamedTuple):
    """What TPE reads of a trial, without what Optuna's own record does each time it is read."""

    number: int
    state: TrialState
    value: float | None
    params: dict[str, Any]
    intermediate_values: dict[int, float]
    constraints: Mapping[str, float] = NONE
    # Of a running trial, Optuna keeps here what it has proposed and not yet used; we use all of it at once.
    system_attrs: Mapping[str, Any] = NONE


class Excerpt:
    """A study of which the best trials and the newest are seen.

    Args:
        study: The whole.
        family: Whose parameters are proposed, if any; see `ENOUGH`.
    """

    def __init__(self, study: optuna.Study, family: str | None = None) -> None:
        self._study, self._family = study, family

    def __getattr__(self, name: str) -> Any:
        return getattr(self._study, name)

    def _get_trials(self, deepcopy: bool, states: Sequence[TrialState], use_cache: bool) -> list[Seen]:
        # What TPE asks its study for, whole only here; Optuna's public method would copy every trial.
        found = self._telling(self._study._get_trials(deepcopy, states, use_cache))
        return [_seen(trial) for trial in self._few(found)]

    def _telling(self, trials: list[FrozenTrial]) -> list[FrozenTrial]:
        if self._family is None:
            return trials
        whole = [t for t in trials if t.state != TrialState.PRUNED and t.params.get("family") == self._family]
        return whole if sum(trial.state == TrialState.COMPLETE for trial in whole) >= ENOUGH else trials

    def _few(self, trials: list[FrozenTrial]) -> list[FrozenTrial]:
        if len(trials) <= MOST_SEEN:
            return trials
        older = [t for t in trials[: -MOST_SEEN // 2] if t.state == TrialState.COMPLETE]
        upwards = self._study.direction == optuna.study.StudyDirection.MAXIMIZE
        best = sorted(older, key=attrgetter("value"), reverse=upwards)[: MOST_SEEN // 2]
        return sorted(best, key=attrgetter("number")) + trials[-MOST_SEEN // 2 :]


def _seen(trial: FrozenTrial) -> Seen:
    return Seen(trial.number, trial.state, trial.value, trial.params, trial.intermediate_values)


def _count_tails_in_c() -> None:
    # Optuna computes the normal distribution and its tail number by number in Python, to do without SciPy: half of what
    # a proposal costs. We have SciPy; a test holds that both are the same.
    from optuna.samplers._tpe import _truncnorm
    from scipy.special import log_ndtr, ndtr

    for name, in_c in (("_log_ndtr", log_ndtr), ("_ndtr", ndtr)):
        if hasattr(_truncnorm, name):
            setattr(_truncnorm, name, in_c)


def space_of(name: str, family: Family) -> dict[str, BaseDistribution]:
    """What the parameters of a family are drawn from, under the names that Optuna knows them by."""
    return {f"{name}.{each}": _distribution(span) for each, span in family.space.items()}


def _distribution(span: Range) -> BaseDistribution:
    if span.whole:
        return IntDistribution(int(span.low), int(span.high), log=span.log)
    return FloatDistribution(span.low, span.high, log=span.log)
