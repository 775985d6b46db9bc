"""The column to predict: which problem it poses, and its values as numbers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from core.errors import DataRejected
from core.metrics import Floats

MOST_CLASSES = 30
LARGEST = 1e100


@dataclass(frozen=True, slots=True)
class TargetCoding:
    """How target values become numbers: classes in order (the positive one last), empty for regression."""

    problem: str
    classes: tuple[Any, ...]

    def encode(self, values: pd.Series) -> Floats:
        """0..n_classes-1 or the number itself, shape (n,); NaN where the label is missing or unknown."""
        if self.problem == "regression":
            return pd.to_numeric(values, errors="coerce").to_numpy(float, na_value=np.nan)
        codes = values.map({name: float(code) for code, name in enumerate(self.classes)})
        return codes.to_numpy(float, na_value=np.nan)


def infer_problem(values: pd.Series) -> str:
    """binary, multiclass or regression, from the target's values."""
    _check_scalars(values)
    n_values = values.nunique(dropna=True)
    if n_values <= 2:
        return "binary"
    whole = not pd.api.types.is_float_dtype(values) or bool((values.dropna() % 1 == 0).all())
    return "multiclass" if whole and n_values <= MOST_CLASSES else "regression"


def code_target(values: pd.Series, problem: str | None, positive: Any = None) -> TargetCoding:
    """Choose the coding of a target column.

    Raises:
        DataRejected: The column poses another problem than the spec says, or none.
    """
    problem = problem or infer_problem(values)
    name = f"the target column '{values.name}'"
    if problem == "regression":
        _check_numbers(values, name)
        return TargetCoding(problem, ())
    classes = _ordered(values.dropna().unique().tolist())
    if len(classes) < 2:
        held = f"all {len(values)} rows hold {classes[0]!r}" if classes else "no row holds a value"
        raise DataRejected(
            f"{name} has {len(classes)} class" + "es" * (not classes),
            held,
            "give rows of at least two classes, or another target.column",
        )
    if problem == "binary":
        classes = _positive_last(values, classes, positive, name)
    return TargetCoding(problem, tuple(classes))


def check_logarithm(values: pd.Series) -> None:
    """Make sure that log(1 + y) exists for every target.

    Raises:
        DataRejected: A value is -1 or below.
    """
    numbers = pd.to_numeric(values, errors="coerce")
    broken = numbers[numbers <= -1]
    if len(broken):
        raise DataRejected(
            f"the target column '{values.name}' has no logarithm, which `target.log: true` asks for",
            f"{len(broken)} of {len(values)} values are -1 or below, the smallest is {broken.min():g}",
            "set `target.log: false`, or `auto`, or correct the values",
        )


def check_sides(coding: TargetCoding, train: Floats, others: Mapping[str, Floats]) -> None:
    """Make sure that a split leaves enough of each class: all of them to train on, two to tune and to score on.

    Args:
        coding: The target's classes.
        train: Coded targets of the training rows.
        others: The same of the other parts, by name.

    Raises:
        DataRejected: A class is missing.
    """
    if coding.problem == "regression":
        return
    absent = [name for code, name in enumerate(coding.classes) if not (train == code).any()]
    lacking = next((name for name, y in others.items() if len(np.unique(y)) < 2), None)
    if absent or lacking:
        raise DataRejected(
            f"the split leaves no training rows of class {absent[0]!r}"
            if absent
            else f"the {lacking} rows are all of one class",
            f"{len(coding.classes)} classes, {len(train)} training rows"
            + "".join(f", {len(y)} {name}" for name, y in others.items()),
            "give more rows of the rare classes, or join or drop them; by time, a wider `data.window` may help",
        )


def _check_scalars(values: pd.Series) -> None:
    odd = next((value for value in values if not pd.api.types.is_scalar(value)), None)
    if odd is not None:
        raise DataRejected(
            f"the target column '{values.name}' cannot be predicted",
            f"it holds {odd!r}, which is no single value",
            "choose a column of numbers or classes",
        )


def _check_numbers(values: pd.Series, name: str) -> None:
    if pd.api.types.is_datetime64_any_dtype(values):
        why, fix = "it holds moments", "predict a number instead, such as the days until then"
        raise DataRejected(f"{name} cannot be predicted as a number", why, fix)
    numbers = pd.to_numeric(values, errors="coerce").replace([np.inf, -np.inf], np.nan)
    broken = values[numbers.isna() & values.notna()]
    if len(broken):
        why = f"{len(broken)} of {len(values)} values are no numbers, such as {str(broken.iloc[0])!r}"
        raise DataRejected(f"{name} cannot be predicted as a number", why, "correct or empty them, or set `problem`")
    if float(numbers.abs().max()) > LARGEST:
        why = f"the largest is {numbers.abs().max():g}, and its square is no number any more"
        raise DataRejected(f"{name} cannot be predicted as a number", why, "give it in a larger unit, or its logarithm")
    if numbers.nunique() < 2:
        raise DataRejected(f"{name} never changes", f"all {len(values)} rows hold one value", "choose another target")


def _ordered(classes: list[Any]) -> list[Any]:
    try:
        return sorted(classes)
    except TypeError:
        return sorted(classes, key=str)


def _positive_last(values: pd.Series, classes: list[Any], positive: Any, name: str) -> list[Any]:
    if len(classes) > 2:
        why = f"it has {len(classes)} values, such as {', '.join(map(repr, classes[:3]))}"
        raise DataRejected(f"{name} is not binary", why, "set `problem: multiclass`, or choose another target")
    if positive is None:
        positive = min(reversed(classes), key=lambda c: int((values == c).sum()))
    if not any(c == positive for c in classes):
        why = f"`target.positive` is {positive!r}, the column has {classes[0]!r} and {classes[1]!r}"
        raise DataRejected(f"{name} never takes its positive value", why, "correct `target.positive`")
    return sorted(classes, key=lambda c: bool(c == positive))
