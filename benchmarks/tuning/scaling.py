"""What the engine itself costs: proposals, tasks on the cluster, and how many workers it keeps busy."""

import os
import tempfile
import time
from collections.abc import Callable

from core.choices import with_choices
from core.families import families_for
from core.learning_spec import SearchSpec
from core.search import Job, Plan, Start, Tried, Watch, search

N_EMPTY, N_SLEEPING, N_WORKERS = 500, 400, 16


def run() -> None:
    with tempfile.TemporaryDirectory() as home:
        os.environ["EVERFIT_HOME"] = home
        _proposals()
        _empty_trials()
        _busy_workers()


def _plan(n_trials: int, **spec: object) -> Plan:
    full = SearchSpec.model_validate(
        {"trials": n_trials, "metric": "roc_auc", "patience": None, "least_gain": None, **spec}
    )
    return Plan(full, with_choices(families_for("binary", ()), ()), seed=0)


def empty(job: Job) -> Tried:
    return Tried(sum(float(value) % 1 for _, value in job.candidate.params), 0.0)


def asleep(job: Job) -> Tried:
    time.sleep(1.0)
    return Tried(empty(job).value, 1.0)


def _proposals() -> None:
    for sampler in ("tpe", "random"):
        started = time.process_time()
        search(_plan(N_EMPTY, sampler=sampler), lambda job: lambda: empty(job))
        cpu = time.process_time() - started
        print(f"{N_EMPTY} empty trials in this process, {sampler}: {cpu:.1f} CPU s, {1000 * cpu / N_EMPTY:.1f} ms each")


def _empty_trials() -> None:
    from adapters.cluster import Size, cluster
    from adapters.studies import StoredStudy

    plan = _plan(N_EMPTY)
    study = StoredStudy(plan, "empty")
    with cluster(Size(2, "threads", 10**9)) as client:
        began, cpu = time.perf_counter(), time.process_time()
        search(plan, study.answering(_on(client, empty)), Watch(told=study.add))
        seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    print(f"{N_EMPTY} empty trials on 2 workers, stored: {seconds:.1f} s ({cpu:.1f} CPU s)")
    print(f"  overhead {1000 * seconds / N_EMPTY:.1f} ms a trial; target: all below 10 s")


def _busy_workers() -> None:
    from adapters.cluster import Size, cluster

    with cluster(Size(N_WORKERS, "threads", 10**9)) as client:
        began = time.perf_counter()
        done = search(_plan(N_SLEEPING), _on(client, asleep))
        seconds = time.perf_counter() - began
    busy = len(done) / (N_WORKERS * seconds)
    print(f"{len(done)} trials of 1 s on {N_WORKERS} workers: {seconds:.1f} s, {busy:.0%} busy; target 90 %")


def _on(client: object, fit: Callable[[Job], Tried]) -> Start:
    from adapters.cluster import started

    def start(job: Job) -> Callable[[], Tried]:
        wait = started(client, 0, fit, job)
        return lambda: wait() or Tried(None, 0.0, "its workers died")

    return start


if __name__ == "__main__":
    run()
