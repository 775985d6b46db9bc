"""The sentinel: what would make a model look better than it is, found before one is trained."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from core.alone import Evidence, column_values, folds_of, sides_of
from core.contract_spec import SentinelSpec
from core.findings import Finding, level_of
from core.leaks import find_leaks
from core.metrics import Floats
from core.split_checks import (
    Parts,
    constant_columns,
    duplicates,
    groups_on_two_sides,
    id_columns,
    rare_classes,
    wrong_order,
)
from core.target import TargetCoding

# A leak shows in a few thousand rows; what is looked at is bounded, so that a large table costs no more.
N_TRAIN, N_VALIDATION = 15_000, 5_000
N_VALUES = 4_000_000
FEWEST_SAMPLED = 1000


@dataclass(frozen=True, slots=True)
class SentinelPlan:
    """What the sentinel must know of the spec.

    Attributes:
        target: The column to predict.
        excluded: Columns that are never features: target, key, time, group, dropped ones.
        time, group: The columns of these roles.
        by_time: Whether the split is by time.
        levels: Which findings block, warn, or are not looked for.
    """

    target: str
    excluded: tuple[str, ...]
    time: str | None
    group: str | None
    by_time: bool
    levels: SentinelSpec


def examine(parts: Parts, plan: SentinelPlan, coding: TargetCoding, seed: int = 0) -> tuple[Finding, ...]:
    """Everything that is wrong with the columns and the split, the worst first.

    Args:
        parts: Train, validation and test rows.
        plan: Which columns may be features, and what the YAML says about findings.
        coding: How the target becomes a number.
        seed: Of the sample that is looked at.
    """
    # A name that stands twice cannot be asked for; the features refuse it with their own words.
    names = [str(name) for name in parts[0].columns[~parts[0].columns.duplicated(keep=False)]]
    names = [name for name in names if name not in plan.excluded and _holds_scalars(parts[0], name)]
    found = tuple(_all(parts, names, plan, coding, seed))
    return tuple(sorted((_weighed(each, plan.levels) for each in found), key=lambda each: not each.blocks))


def _holds_scalars(frame: pd.DataFrame, name: str) -> bool:
    # Lists and the like are no features, and cannot be compared or hashed.
    known = frame[name].dropna() if name in frame else frame.iloc[:0, 0]
    return name in frame and (known.empty or bool(pd.api.types.is_scalar(known.iloc[0])))


def _all(parts: Parts, names: list[str], plan: SentinelPlan, coding: TargetCoding, seed: int) -> Iterator[Finding]:
    def wanted(rule: str) -> bool:
        return level_of(plan.levels, rule) != "off"

    constants = list(constant_columns(parts[0], names))
    telling = [name for name in names if name not in {finding.column for finding in constants}]
    if wanted("leaks"):
        evidence, times = _evidence(parts, telling, plan, coding, seed)
        yield from find_leaks(evidence, times, plan.target, plan.time)
    if wanted("groups") and plan.group:
        yield from groups_on_two_sides(parts, plan.group)
    if wanted("order") and plan.by_time and plan.time:
        yield from wrong_order(parts, plan.time)
    if wanted("ids"):
        yield from id_columns(_sample(parts[0], N_TRAIN, seed), telling)
    if wanted("constants"):
        yield from constants
    if wanted("rare") and coding.problem != "regression":
        yield from rare_classes(parts, plan.target, coding.classes)
    if wanted("duplicates"):
        yield from duplicates((_sample(parts[0], 10 * N_TRAIN, seed), *parts[1:]), telling, N_VALIDATION)


def _weighed(finding: Finding, levels: SentinelSpec) -> Finding:
    # The YAML can make a block a warning; evidence that only warns does not block, whatever the YAML says.
    return replace(finding, blocks=finding.blocks and level_of(levels, finding.rule) == "block")


def _sample(frame: pd.DataFrame, n_rows: int, seed: int) -> pd.DataFrame:
    if len(frame) <= n_rows:
        return frame
    return frame.iloc[np.sort(np.random.default_rng(seed).choice(len(frame), n_rows, replace=False))]


def _evidence(
    parts: Parts, names: list[str], plan: SentinelPlan, coding: TargetCoding, seed: int
) -> tuple[Evidence, pd.DataFrame]:
    share = min(1.0, N_VALUES / max(1, len(names)) / (N_TRAIN + N_VALIDATION))
    train = _sample(parts[0], max(FEWEST_SAMPLED, round(share * N_TRAIN)), seed)
    validation = _sample(parts[1], max(FEWEST_SAMPLED, round(share * N_VALIDATION)), seed)
    y_train, y_validation = coding.encode(train[plan.target]), coding.encode(validation[plan.target])
    rows = pd.concat([train[~np.isnan(y_train)], validation[~np.isnan(y_validation)]], ignore_index=True)
    n_train = int((~np.isnan(y_train)).sum())
    y = coding.encode(rows[plan.target])
    values = {name: column_values(rows, name, plan.time) for name in names}
    dates = [name for name in names if pd.api.types.is_datetime64_any_dtype(rows[name])]
    evidence = Evidence(
        problem=coding.problem,
        numbers={name: np.asarray(found, float) for name, (kind, found) in values.items() if kind == "numbers"},
        codes={name: np.asarray(found, np.int64) for name, (kind, found) in values.items() if kind == "codes"},
        y=y,
        sides=sides_of(coding.problem, y, len(coding.classes)),
        folds=folds_of(n_train, len(rows) - n_train, seed),
        class_numbers=_class_numbers(coding),
    )
    return evidence, rows[[*dates, *([plan.time] if plan.time else [])]]


def _class_numbers(coding: TargetCoding) -> Floats:
    numeric = all(isinstance(each, int | float | np.number | np.bool_) for each in coding.classes)
    return np.array([float(each) for each in coding.classes] if numeric else range(len(coding.classes)), float)
