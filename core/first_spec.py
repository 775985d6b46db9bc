"""The first YAML of a table that nobody described: what is inferred, why, and what looks wrong."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from core.column_reading import is_text
from core.errors import DataMissing, DataRejected
from core.families import families_for
from core.findings import Finding
from core.first_contract import first_contract, positive_of
from core.kinds import NAMES_ROWS, ColumnFinding, find_kind
from core.metrics import default_metric
from core.rehearsal import doubts, left_out, rehearse
from core.roles import Roles, choose_salt, choose_split, find_roles
from core.spec import TrainingSpec
from core.target import code_target, infer_problem

MOST_TEXT_CLASSES = 200
SURELY_CLASSES = 10


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the user has said: the model's name, where its data are, and the parts that columns play."""

    name: str
    data: dict[str, Any]
    target: str
    roles: Roles
    whole: bool


@dataclass(frozen=True, slots=True)
class Proposal:
    """A spec, and how it came about."""

    spec: TrainingSpec
    columns: tuple[ColumnFinding, ...]
    warnings: tuple[Finding, ...]
    why: dict[str, str]


def propose(frame: pd.DataFrame, wanted: Wanted) -> Proposal:
    """Infer a spec from rows.

    Args:
        frame: The rows that were looked at.
        wanted: What is given.

    Raises:
        DataMissing: A column that was named is not there, or there are no rows.
        DataRejected: The table has a single column, or the target cannot be predicted.
    """
    _check(frame, wanted)
    problem, why_problem = problem_of(frame[wanted.target])
    found = tuple(find_kind(frame[name]) for name in frame.columns)
    roles = find_roles(frame, found, wanted.target, wanted.roles)
    by, why_split = choose_split(frame, roles, wanted.target)
    metric = default_metric(problem)
    target: dict[str, Any] = {"column": wanted.target}
    if problem == "binary":
        target["positive"] = positive_of(frame[wanted.target])
    content = {
        "name": wanted.name,
        "problem": problem,
        "target": target,
        "data": {**wanted.data, "key": roles.key, "time": roles.time, "group": roles.group},
        "contract": first_contract(frame, found, roles.key, wanted.target, whole=wanted.whole),
        "split": {"by": by, "salt": choose_salt(frame, roles, by, (wanted.target, problem))},
        "search": {"families": families_for(problem, ()), "metric": metric},
        "gate": {"versus_champion": {"metric": metric}},
    }
    why = {"problem": why_problem, "split.by": why_split, **{f"data.{role}": text for role, text in roles.why.items()}}
    why |= {f"contract.columns.{column.name}": f"{column.kind}: {column.why}" for column in found}
    return _rehearsed(frame, TrainingSpec.model_validate(content), found, why)


def _rehearsed(
    frame: pd.DataFrame, spec: TrainingSpec, found: tuple[ColumnFinding, ...], why: dict[str, str]
) -> Proposal:
    findings = rehearse(frame, spec)
    roles = (spec.target.column, *spec.data.key, spec.data.time, spec.data.group)
    reasons = {column.name: NAMES_ROWS for column in found if column.kind == "id"} | left_out(findings)
    reasons = {name: reason for name, reason in reasons.items() if name not in roles}
    if reasons:
        why["features.drop"] = "; ".join(f"{name} {reason}" for name, reason in reasons.items())
        spec = spec.model_copy(update={"features": spec.features.model_copy(update={"drop": tuple(reasons)})})
    told = (*findings, *doubts(frame, spec))
    return Proposal(spec, found, tuple(sorted(told, key=lambda finding: not finding.blocks)), why)


def problem_of(values: pd.Series) -> tuple[str, str]:
    """The problem that a target poses, and why.

    Raises:
        DataRejected: It has one value, or as many as there are rows of text.
    """
    known = values.dropna()
    n_values = known.nunique()
    problem = "regression" if pd.api.types.is_datetime64_any_dtype(known) else infer_problem(values)
    if is_text(known) and n_values > 2:
        problem = "multiclass"
        if n_values > MOST_TEXT_CLASSES or n_values > len(known) / 2:
            raise DataRejected(
                f"the target column '{values.name}' cannot be predicted",
                f"it has {n_values} different texts in {len(known)} rows, such as {known.iloc[0]!r}",
                "choose a column with few classes or with numbers",
            )
    elif problem == "multiclass" and pd.api.types.is_numeric_dtype(known) and n_values > len(known) / 10:
        problem = "regression"
    coding = code_target(known, problem)
    shown = ", ".join(repr(name) for name in coding.classes[:5]) + (", ..." if len(coding.classes) > 5 else "")
    span = f"numbers from {known.min():g} to {known.max():g}" if problem == "regression" else f"classes {shown}"
    if problem == "multiclass" and n_values > SURELY_CLASSES and pd.api.types.is_numeric_dtype(known):
        span += "; few whole numbers are taken for classes, if they count something set `problem: regression`"
    return problem, f"'{values.name}' has {n_values} different values: {span}"


def _check(frame: pd.DataFrame, wanted: Wanted) -> None:
    names = list(frame.columns)
    for option, name in _named(wanted):
        if name not in names:
            near = [*_same_letters(name, names), *difflib.get_close_matches(name, names, n=1, cutoff=0.5)]
            shown = ", ".join(f"'{each}'" for each in names[:20]) + (", ..." if len(names) > 20 else "")
            raise DataMissing(
                f"the table has no column '{name}'",
                f"its columns are {shown}",
                f"did you mean {option} '{near[0]}'?" if near else f"name one of them with {option}",
            )
    if not len(frame):
        raise DataMissing("the table holds no rows", "there is nothing below the names", "give a table with rows")
    if len(names) < 2:
        raise DataRejected(
            "the table has a single column",
            f"beside the target '{names[0]}' there is nothing to learn from",
            "give a table with more columns; if it has them, name the delimiter's file kind, such as .csv or .tsv",
        )


def _named(wanted: Wanted) -> list[tuple[str, str]]:
    keys = [("--key", name) for name in wanted.roles.key]
    others = [("--time", wanted.roles.time), ("--group", wanted.roles.group)]
    return [("--target", wanted.target), *keys, *((option, name) for option, name in others if name)]


def _same_letters(name: str, names: Sequence[str]) -> list[str]:
    return [each for each in names if each.strip().casefold() == name.strip().casefold()]
