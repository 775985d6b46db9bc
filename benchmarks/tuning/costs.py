"""What fits cost: trials a second of two workers against one, memory of a worker, seconds against rows and trials."""

import json
import resource
import subprocess
import sys
import time

import numpy as np

from core.choices import with_choices
from core.families import families_for
from core.learning_spec import SearchSpec
from core.search import Job, Plan, search

N_COLUMNS = 16
N_FITS, FIT_ROWS, ROUNDS = 16, 40_000, 2
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
    from core.refs import EncodedRef, FeaturesRef

    random = np.random.default_rng(0)
    n_held = n_rows // 5
    x = random.normal(size=(n_rows + n_held, N_COLUMNS))
    y = (x[:, 0] + np.sin(2 * x[:, 1]) + x[:, 2] * x[:, 3] + random.logistic(size=len(x)) > 0).astype(float)
    train, held = write_array(x[:n_rows]), write_array(x[n_rows:])
    encoded = tuple(EncodedRef(recipe, "", train, held, ()) for recipe in ("linear", "trees"))
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

    from adapters.cluster import Size, cluster, started
    from adapters.trials import attempt

    work, plan = work_on(FIT_ROWS), _plan(N_FITS, sampler="random")
    seconds: dict[tuple[bool, int], list[float]] = {}
    for _ in range(ROUNDS):
        for processes in (False, True):
            for n_workers in (1, 2):
                with threadpool_limits(limits=1), cluster(Size(n_workers, processes, 4 * 10**9)) as client:
                    # Each worker has read the rows, and a process has imported what it needs.
                    warm = [started(client, 0, attempt, work, Job(_first(plan), 0.05, i)) for i in range(4)]
                    [wait() for wait in warm]
                    began = time.perf_counter()
                    search(plan, lambda job, on=client: started(on, 0, attempt, work, job))
                    seconds.setdefault((processes, n_workers), []).append(time.perf_counter() - began)
    for processes in (False, True):
        one, two = (min(seconds[processes, n]) for n in (1, 2))
        kind = "processes" if processes else "threads"
        print(f"{N_FITS} fits of {FIT_ROWS:,} rows, {kind}: 1 worker {one:.1f} s, 2 workers {two:.1f} s")
        print(f"  {one / two:.2f} times the trials a second; target 1.8")


def _first(plan: Plan):
    from core.fitting import Candidate

    return Candidate("hist_gradient_boosting", tuple(plan.families["hist_gradient_boosting"].start.items()))


def _memory() -> None:
    from tasks.tuning import COPIES, LIBRARIES_BYTES

    for n_rows in MEMORY_ROWS:
        for family in families_for("binary", ()):
            told = json.loads(_alone(str(n_rows), family))
            table, allowed = told["table"], COPIES * told["table"] + LIBRARIES_BYTES
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
