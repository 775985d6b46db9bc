"""What fits cost: trials a second of two workers against one, memory of a worker, seconds against rows and trials."""

import json
import resource
import subprocess
import sys
import time
from typing import get_args

import numpy as np

from core.choices import with_choices
from core.families import families_for
from core.learning_spec import SearchSpec
from core.search import Job, Plan, search

N_COLUMNS = 16
N_FITS, FIT_ROWS, ROUNDS = 24, 40_000, 3
MEMORY_ROWS = (160_000, 1_600_000)
COST_ROWS = (100_000, 200_000, 400_000)
COST_TRIALS = (125, 250, 500)


def run() -> None:
    """Print all; `EVERFIT_HOME` is set to a folder that goes again."""
    _workers()
    _memory()
    _rows()
    _trials()


def features_of(n_rows: int):
    """Encoded rows in the store: numbers, a smooth signal, noise."""
    from adapters.storage import write_array
    from core.features import FeatureColumns
    from core.pairs import interacting
    from core.refs import EncodedRef, FeaturesRef
    from core.rows import Rows

    random = np.random.default_rng(0)
    n_held = n_rows // 5
    x = random.normal(size=(n_rows + n_held, N_COLUMNS))
    y = (x[:, 0] + np.sin(2 * x[:, 1]) + x[:, 2] * x[:, 3] + random.logistic(size=len(x)) > 0).astype(float)
    train, held = write_array(x[:n_rows]), write_array(x[n_rows:])
    pairs = interacting(Rows(x[:n_rows], y[:n_rows]), "binary", 0)
    encoded = tuple(EncodedRef(recipe, "", train, held, (), pairs) for recipe in ("linear", "trees"))
    names = tuple(f"x{i}" for i in range(N_COLUMNS))
    return FeaturesRef(encoded, write_array(y[:n_rows]), write_array(y[n_rows:]), FeatureColumns(names, ()))


def work_on(n_rows: int):
    from adapters.trials import Work
    from core.fitting import Learning

    return Work(features_of(n_rows), Learning("y", "binary", "roc_auc", 0))


def _plan(n_trials: int, families: tuple[str, ...] = (), sampler: str = "tpe") -> Plan:
    spec = {"trials": n_trials, "metric": "roc_auc", "patience": None, "least_gain": None, "sampler": sampler}
    return Plan(SearchSpec.model_validate(spec), with_choices(families or families_for("binary", ()), ()), seed=0)


def _workers() -> None:
    from threadpoolctl import threadpool_limits

    from adapters.cluster import Kind, Size, cluster, started
    from adapters.trials import attempt

    work, plan = work_on(FIT_ROWS), _plan(N_FITS, sampler="random")
    crews = [Size(1, "threads", 0), *(Size(2, kind, 4 * 10**9) for kind in get_args(Kind))]
    seconds: dict[Size, list[float]] = {}
    for _ in range(ROUNDS):
        for crew in crews:
            with threadpool_limits(limits=1), cluster(crew) as client:
                client.wait_for_workers(crew.n_workers)
                # Each worker has read the rows and imported what it needs.
                for first in _first(plan):
                    warm = [started(client, 0, attempt, work, Job(first, 0.05, i)) for i in range(4)]
                    [wait() for wait in warm]
                began = time.perf_counter()
                search(plan, lambda job, on=client: started(on, 0, attempt, work, job))
                seconds.setdefault(crew, []).append(time.perf_counter() - began)
    alone, *twos = (min(seconds[crew]) for crew in crews)
    print(f"{N_FITS} fits of {FIT_ROWS:,} rows: 1 worker {alone:.1f} s")
    for crew, two in zip(crews[1:], twos, strict=True):
        print(f"  2 workers, {crew.kind}: {two:.1f} s, {alone / two:.2f} times the trials a second; target 1.8")


def _first(plan: Plan):
    from core.fitting import Candidate

    return [Candidate(name, tuple(family.start.items())) for name, family in plan.families.items()]


def _memory() -> None:
    from tasks.tuning import memory_of

    for n_rows in MEMORY_ROWS:
        for family in families_for("binary", ()):
            told = json.loads(_alone(str(n_rows), family))
            table, allowed = told["table"], memory_of(told["table"], n_rows)
            print(
                f"a worker that fits {family} on {n_rows:,} rows ({table / 1e6:.0f} MB encoded): "
                f"peak {told['peak'] / 1e6:.0f} MB, {told['peak'] / allowed:.2f} of what it is given"
            )


def _rows() -> None:
    for family in families_for("binary", ()):
        cpu = {n_rows: json.loads(_alone(str(n_rows), family))["cpu"] for n_rows in COST_ROWS}
        per_row = [cpu[n] / n for n in COST_ROWS]
        told = ", ".join(f"{n:,} rows {cpu[n]:.1f} CPU s" for n in COST_ROWS)
        print(f"cost of {family} against rows: {told}; a row of the largest costs {per_row[-1] / per_row[0]:.2f} times")


def _trials() -> None:
    from benchmarks.tuning.scaling import empty

    cpu = {}
    for n_trials in COST_TRIALS:
        began = time.process_time()
        search(_plan(n_trials), lambda job: lambda: empty(job))
        cpu[n_trials] = time.process_time() - began
    told = ", ".join(f"{n} trials {1000 * cpu[n] / n:.1f} CPU ms each" for n in COST_TRIALS)
    last, first = (cpu[n] / n for n in (COST_TRIALS[-1], COST_TRIALS[0]))
    print(f"cost of asking and telling against trials: {told}; a trial of the longest costs {last / first:.2f} times")


def _alone(*words: str) -> str:
    """In a process of its own, whose peak memory is a fit's and nobody else's."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.tuning.costs", *words], check=True, capture_output=True, text=True
    )
    return done.stdout.splitlines()[-1]


def memory(n_rows: str, family: str) -> None:
    """One fit as a worker does it; its peak without what the making of the table took, which another process does."""
    from adapters.trials import attempt, read_rows
    from core.families import FAMILIES
    from core.fitting import Candidate, recipe_of

    work = _made_elsewhere(int(n_rows))
    candidate = Candidate(family, tuple(FAMILIES[family].start.items()))
    began, cpu = time.perf_counter(), time.process_time()
    tried = attempt(work, Job(candidate, 1.0, 0))
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    assert tried.value is not None, tried.error
    train, held = read_rows(work.features, recipe_of(family))
    peak = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({"peak": peak, "table": train.x.nbytes + held.x.nbytes, "seconds": seconds, "cpu": cpu}))


def _made_elsewhere(n_rows: int):
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(work_on, n_rows).result()


if __name__ == "__main__":
    memory(*sys.argv[1:])
