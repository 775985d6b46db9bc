"""`python -m deployments.supervise`: supervisord that goes when its launcher goes, and leaves no process behind.

It is started in HOME/stack, where its configuration lies, by `deployments/stack.py`.
"""

import argparse
import os
import signal
import sys
import threading
import time

from supervisor import supervisord

from deployments.processes import MARK, SUPERVISE, end_flow_runs, sweep
from deployments.programs import CONFIG_FILE

LOOK_AFTER_S = 0.5


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--launcher", type=int, help="Stop when this process is no longer our parent")
    launcher = parser.parse_args(arguments).launcher
    # Known from outside by the environment it was started with; what it starts must not look like it.
    os.environ.pop(SUPERVISE, None)
    if launcher is not None:
        threading.Thread(target=_stop_without, args=(launcher,), daemon=True).start()
    try:
        supervisord.main(["--nodaemon", "--silent", "--configuration", CONFIG_FILE])
    finally:
        # Flow runs live in sessions of their own; supervisord does not know them.
        sweep(os.environ[MARK])


def _stop_without(launcher: int) -> None:
    """Ask who our parent is: unlike a signal at its death, that works on every Unix, and however it died."""
    while os.getppid() == launcher:
        time.sleep(LOOK_AFTER_S)
    end_flow_runs(os.environ[MARK])
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main(sys.argv[1:])
