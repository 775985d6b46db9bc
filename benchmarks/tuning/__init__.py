"""The search beside what a user would pick instead, each alone in a process of its own, interleaved.

    python -m benchmarks tuning                                  everything; budget x sides x tables x seeds
    python -m benchmarks tuning --tables flights --seeds 1 --budget 60 --sides everfit,optuna
    python -m benchmarks tuning --cases scaling                  what the engine itself costs
    python -m benchmarks tuning --cases costs                    workers, memory, seconds against rows and trials
    python -m benchmarks tuning --cases same                     one search with 1, 2 and 4 workers, and a killed one
    python -m benchmarks tuning --cases flow                     the flow under Prefect beside a bare script

One file a side, table and seed lies in --out; what is there is not run again, so that a run can be stopped and split.
What was raced for the figures that we tell lies in benchmarks/tuning/raced; with that as --out its tables are printed.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.tuning.report import tell
from benchmarks.tuning.tables import TABLES, save

CASES = ("race", "scaling", "costs", "same", "flow")
HOME = Path(".everfit/benchmarks/tuning")
SIDES = ("everfit", "optuna", "optuna2", "randomized", "halving", "flaml")


def run(words: list[str] | None = None) -> None:
    options = _options(words or [])
    out = Path(options.out)
    if "race" in options.cases:
        _race(options, out)
    if "scaling" in options.cases:
        from benchmarks.tuning import scaling

        scaling.run()
    if "costs" in options.cases:
        from benchmarks.tuning import costs

        with tempfile.TemporaryDirectory() as home:
            os.environ["EVERFIT_HOME"] = home
            costs.run()
    if "same" in options.cases:
        from benchmarks.tuning import same

        save("shops", HOME / "tables" / "shops")
        same.run(HOME / "tables" / "shops")
    if "flow" in options.cases:
        from benchmarks.tuning import whole_flow

        whole_flow.run()


def _race(options: argparse.Namespace, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    for table in options.tables:
        save(table, HOME / "tables" / table)
    for seed in range(options.first_seed, options.first_seed + options.seeds):
        for table in options.tables:
            for side in options.sides:
                _one(side, table, seed, (options.budget, out))
    tell(out, options.tables, options.budget)


def _one(side: str, table: str, seed: int, where: tuple[int, Path]) -> None:
    budget, out = where
    result = out / f"{side}-{table}-{seed}-{budget}.json"
    if result.exists():
        return
    words = [sys.executable, "-m", "benchmarks.tuning.side", side, str(HOME / "tables" / table), str(seed), str(budget)]
    # Two cores for everybody: libraries that take all cores of a larger machine would not be compared but the machine.
    done = subprocess.run([*words, str(result)], check=False, env=os.environ | {"PYTHONWARNINGS": "ignore"})
    told = "" if done.returncode == 0 else " left out: it is not installed, or failed (see above)"
    print(f"{side:<11}{table:<10} seed {seed}{told}", flush=True)


def _options(words: list[str]) -> argparse.Namespace:
    listed = lambda text: text.split(",")  # noqa: E731
    parser = argparse.ArgumentParser(prog="python -m benchmarks tuning")
    parser.add_argument("--budget", type=int, default=120, help="seconds a side has")
    parser.add_argument("--tables", type=listed, default=list(TABLES))
    parser.add_argument("--sides", type=listed, default=list(SIDES))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--cases", type=listed, default=list(CASES))
    parser.add_argument("--out", default=str(HOME))
    return parser.parse_args(words)
