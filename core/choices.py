"""What a search may decide beside a family's own parameters: to weigh classes, to learn the logarithm of the target.

Both are left to the data, where the YAML says `auto`: neither helps always, and the validation rows tell.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType

import numpy as np

from core.families import FAMILIES, NO_OR_YES, Family
from core.hist_boosting import ORDERED
from core.metrics import Floats

BALANCED, LOG_TARGET = "balanced", "log_target"

# A class is rare below this part of an even share: 0.15 of two classes, 0.03 of ten.
RARE = 0.3
SKEWED = 1.0
NOTHING: Mapping[str, int] = MappingProxyType({})


def is_imbalanced(y: Floats) -> bool:
    """Whether the rarest class has far fewer rows than the others, from targets 0..n_classes-1."""
    counts = np.bincount(y.astype(int))
    return bool(counts.min() * len(counts) < RARE * len(y))


def is_skewed(y: Floats) -> bool:
    """Whether numbers, none of them negative, have a long right tail that a logarithm takes away."""
    if y.min() < 0:
        return False
    before, after = _skewness(y), _skewness(np.log1p(y))
    return before > SKEWED and abs(after) < before / 2


def _skewness(values: Floats) -> float:
    spread = values.std()
    return float(np.mean(((values - values.mean()) / spread) ** 3)) if spread > 0 else 0.0


def with_choices(names: tuple[str, ...], choices: tuple[str, ...], codes: bool = True) -> Mapping[str, Family]:
    """The families to search, each with the choices as parameters; the first candidates choose no.

    Args:
        names: Of the families.
        choices: Open ones, as `open_choices` gives them.
        codes: Whether the table has category codes; without them, how they are read is no parameter.
    """
    families = {name: _with(FAMILIES[name], choices) for name in names}
    return families if codes else {name: _without_codes(family) for name, family in families.items()}


def _without_codes(family: Family) -> Family:
    left = {name: span for name, span in family.space.items() if name != ORDERED}
    return replace(family, space=left, start={name: value for name, value in family.start.items() if name in left})


def _with(family: Family, choices: tuple[str, ...]) -> Family:
    space = {**family.space, **dict.fromkeys(choices, NO_OR_YES)}
    return replace(family, space=space, start={**family.start, **dict.fromkeys(choices, 0)})


def open_choices(problem: str, weights: str, log: bool | str, y: Floats) -> tuple[str, ...]:
    """What is left to the search.

    Args:
        problem: binary, multiclass or regression.
        weights: `target.weights` of the YAML.
        log: `target.log` of the YAML.
        y: Coded targets of the training rows.
    """
    return tuple(_open(problem, weights, log, y))


def _open(problem: str, weights: str, log: bool | str, y: Floats) -> Iterator[str]:
    if problem != "regression" and weights == "auto" and is_imbalanced(y):
        yield BALANCED
    if problem == "regression" and log == "auto" and is_skewed(y):
        yield LOG_TARGET


def settled(problem: str, weights: str, log: bool | str) -> Mapping[str, int]:
    """What the YAML has decided for every candidate."""
    if problem == "regression":
        return {LOG_TARGET: 1} if log is True else NOTHING
    return {BALANCED: 1} if weights == "balanced" else NOTHING
