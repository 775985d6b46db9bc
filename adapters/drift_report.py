"""Evidently: how far columns moved, and the report that shows it; the only module that imports Evidently."""

import logging
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

# Evidently picks a method by sample size and by how many values a column has; fixed ones keep checks comparable.
METHODS = {"number": ("wasserstein", 0.1), "category": ("jensenshannon", 0.1)}


@dataclass(frozen=True, slots=True)
class Moved:
    """How far one column moved: normed Wasserstein distance of numbers, Jensen-Shannon distance of categories."""

    column: str
    kind: str
    effect: float
    threshold: float


@dataclass(frozen=True, slots=True)
class DriftReport:
    """What Evidently has found, and its report as a page and as data."""

    moved: list[Moved]
    html: str
    json: str


def compare(
    reference: pd.DataFrame, current: pd.DataFrame, numbers: Sequence[str], categories: Sequence[str]
) -> DriftReport:
    """Compare every column's distribution.

    Args:
        reference: Rows to compare with, shape (n_reference, n_columns).
        current: Rows seen since, shape (n_current, n_columns); every column has a value somewhere in both.
        numbers: Columns of float64.
        categories: Columns of text.
    """
    from evidently import DataDefinition, Dataset, Report
    from evidently.metrics import ValueDrift

    logging.getLogger("evidently").setLevel(logging.WARNING)
    kinds = dict.fromkeys(numbers, "number") | dict.fromkeys(categories, "category")
    metrics: list[Any] = [
        ValueDrift(column=name, method=METHODS[kind][0], threshold=METHODS[kind][1]) for name, kind in kinds.items()
    ]
    definition = DataDefinition(numerical_columns=list(numbers), categorical_columns=list(categories))
    now, then = (Dataset.from_pandas(frame, data_definition=definition) for frame in (current, reference))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        run = Report(metrics, include_tests=True).run(now, then)
    found = run.dict()["metrics"]
    moved = [
        Moved(name, kind, float(metric["value"]), METHODS[kind][1])
        for (name, kind), metric in zip(kinds.items(), found, strict=True)
    ]
    return DriftReport(moved, run.get_html_str(as_iframe=False), run.json())
