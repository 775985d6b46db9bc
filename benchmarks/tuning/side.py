"""One side on one table with one seed: `python -m benchmarks.tuning.side SIDE TABLE SEED BUDGET RESULT`."""

import importlib
import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import psutil
from sklearn.metrics import roc_auc_score

from benchmarks.tuning.tables import read

HOME = {
    "everfit": "benchmarks.tuning.ours",
    "optuna": "benchmarks.tuning.optuna_sides",
    "optuna2": "benchmarks.tuning.optuna_sides",
    "randomized": "benchmarks.tuning.scikit_sides",
    "halving": "benchmarks.tuning.scikit_sides",
    "flaml": "benchmarks.tuning.flaml_side",
}


@dataclass
class Race:
    """What a side is given, and what it has shown so far.

    Attributes:
        parts: Features and target of train, validation and test.
        curve: Seconds, CPU seconds and validation AUC, at each candidate that was scored on all validation rows.
    """

    parts: dict
    seed: int
    budget: float
    name: str
    started: float = 0.0
    cpu_before: float = 0.0
    curve: list[tuple[float, float, float]] = field(default_factory=list)

    @property
    def elapsed(self) -> float:
        return time.perf_counter() - self.started

    @property
    def cpu(self) -> float:
        return cpu_seconds() - self.cpu_before

    def shown(self, value: float) -> None:
        """Note a candidate's validation AUC, now."""
        self.curve.append((self.elapsed, self.cpu, float(value)))

    def auc(self, part: str, prediction: np.ndarray) -> float:
        return float(roc_auc_score(self.parts[part][1], prediction))


def cpu_seconds() -> float:
    """Of this process and its children."""
    total = 0.0
    for process in [psutil.Process(), *psutil.Process().children(recursive=True)]:
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system + getattr(times, "children_user", 0) + getattr(times, "children_system", 0)
    return total


def main(side: str, table: str, seed: str, budget: str, result: str) -> int:
    try:
        module = importlib.import_module(HOME[side])
    except ImportError as error:
        print(f"{side}: {error}", file=sys.stderr)
        return 3
    race = Race(read(Path(table)), int(seed), float(budget), side)
    solve: Callable[[Race], np.ndarray] = module.solve
    race.started, race.cpu_before = time.perf_counter(), cpu_seconds()
    test = solve(race)
    document = {
        "side": side,
        "curve": [(round(seconds, 2), round(cpu, 2), round(value, 6)) for seconds, cpu, value in race.curve],
        "test_auc": race.auc("test", test),
        "seconds": race.elapsed,
        "cpu_seconds": race.cpu,
    }
    Path(result).write_text(json.dumps(document) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
