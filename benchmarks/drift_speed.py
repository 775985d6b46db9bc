"""The verdict on 1,000,000 rows x 20 columns beside Evidently's `DataDriftPreset`, and on up to 10 million rows.

CPU seconds of one process, and the memory that each adds at its peak.
"""

import resource
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from core.drift import DriftPlan, find_drift
from core.features import FeatureColumns
from core.profile import Part, Profile, count, layout_of, profile_of
from core.views import views_of

NUMBERS, CATEGORIES = tuple(f"n{i}" for i in range(15)), tuple(f"c{i}" for i in range(5))
COLUMNS = FeatureColumns(NUMBERS, CATEGORIES)
PLAN = DriftPlan(0.01, "training", 0)
MILLION = 1_000_000


def run() -> None:
    reference = _table(MILLION, 0)
    profile, seconds = _timed(lambda: profile_of([lambda: _part(reference)]))
    print(f"profile of the reference, once a training: {seconds:.2f} CPU s", flush=True)
    verdicts = {}
    for n_rows in (100_000, MILLION):
        window = _table(n_rows, 1, moved=True)
        verdicts[n_rows], seconds = _timed(lambda: _verdict(profile, [lambda: window]))  # noqa: B023
        print(f"everfit, {n_rows:>9} rows: {seconds:>7.2f} CPU s, drifted: {verdicts[n_rows]}", flush=True)
        ours = seconds
    for n_millions in (2, 5, 10):
        before = _peak_mb()
        parts = [lambda seed=seed: _table(MILLION, seed, moved=True) for seed in range(n_millions)]
        made = _timed(lambda: [part() is None for part in parts])[1]  # noqa: B023
        seconds = _timed(lambda: _verdict(profile, parts))[1] - made  # noqa: B023
        print(
            f"everfit, {n_millions:>2} million rows in parts: {seconds:>7.2f} CPU s, +{_peak_mb() - before:.0f} MB",
            flush=True,
        )
    before = _peak_mb()
    found, seconds = _timed(lambda: _preset(reference, window))
    print(
        f"DataDriftPreset, {len(window):>9} rows: {seconds:.1f} CPU s, +{_peak_mb() - before:.0f} MB, drifted: {found}"
    )
    print(f"  ratio {seconds / ours:.0f}")


def _table(n_rows: int, seed: int, *, moved: bool = False) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    table: dict[str, Any] = {name: random.normal(i, 1 + i, n_rows) for i, name in enumerate(NUMBERS)}
    levels = np.array([f"level {i}" for i in range(12)])
    for name in CATEGORIES:
        table[name] = levels[np.minimum(random.geometric(0.3, n_rows) - 1, 11)]
    if moved:
        table["n3"] = table["n3"] + 2.0
        table["c1"] = np.where(random.uniform(size=n_rows) < 0.2, "level 5", table["c1"])
    frame = pd.DataFrame(table)
    frame.loc[random.uniform(size=n_rows) < 0.02, "n0"] = np.nan
    return frame


def _part(frame: pd.DataFrame) -> Part:
    return Part(views_of(frame, COLUMNS, None))


def _verdict(profile: Profile, parts: list[Callable[[], pd.DataFrame]]) -> list[str]:
    cells, seen = layout_of(profile), None
    for part in parts:
        counted = count(_part(part()), cells)
        seen = counted if seen is None else seen + counted
    return sorted(finding.column for finding in find_drift(profile, seen, {}, PLAN) if finding.drifted)


def _preset(reference: pd.DataFrame, window: pd.DataFrame) -> list[str]:
    from evidently import DataDefinition, Dataset, Report
    from evidently.presets import DataDriftPreset

    definition = DataDefinition(numerical_columns=list(NUMBERS), categorical_columns=list(CATEGORIES))
    now, then = (Dataset.from_pandas(frame, data_definition=definition) for frame in (window, reference))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        report = Report([DataDriftPreset()], include_tests=True).run(now, then)
    failed = [test["name"] for test in report.dict()["tests"] if test["status"].value == "FAIL"]
    return sorted(
        {
            name
            for name in (*NUMBERS, *CATEGORIES)
            if any(f"column {name} " in text or f" {name} " in f" {text} " for text in failed)
        }
    )


def _timed(function: Callable[[], Any]) -> tuple[Any, float]:
    started = time.process_time()
    found = function()
    return found, time.process_time() - started


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
