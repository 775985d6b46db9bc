"""`python -m deployments.worker`: Prefect's worker, from the moment that the server is ready for it.

It imports what it needs while the server starts, and brings the runs to an end that a worker before it took with it.
After a crash of the server it waits for the new one: a worker that starts without a server dies.
"""

import os
import runpy
import sys

from deployments.health import ready_file, server_is_healthy, wait_until
from deployments.lost_runs import mark_lost_runs
from deployments.programs import POOL, WORKER_NAME

# How many runs at once this worker takes, where it is not the only one of its pool. Prefect counts the places of a pool
# that are free when a worker asks: two that ask at the same moment can both be given the last.
LIMIT = "EVERFIT_WORKER_LIMIT"


def main() -> None:
    import prefect.cli.worker
    import prefect.workers.process  # noqa: F401

    wait_until(lambda: ready_file().exists() and server_is_healthy())
    for run in mark_lost_runs():
        print(f"{run.name} was lost with the worker before: {run.id}", flush=True)
    words = ["prefect", "worker", "start", "--pool", POOL, "--type", "process", "--name", WORKER_NAME]
    sys.argv = [*words, *(["--limit", os.environ[LIMIT]] if LIMIT in os.environ else [])]
    runpy.run_module("prefect", run_name="__main__")


if __name__ == "__main__":
    main()
