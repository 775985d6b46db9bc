"""Is a part of the stack ready? Asked over HTTP on this machine, and by the bootstrap's sign.

`python -m deployments.health URL` is the question of a container about itself.
"""

import os
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

LOOK_AFTER_S = 0.1
# A proxy for the outside world must not be asked for this machine.
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def is_healthy(url: str) -> bool:
    try:
        with _direct.open(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait without a deadline: who started the stack has one, and ends all of it."""
    while not condition():
        time.sleep(LOOK_AFTER_S)


def ready_file() -> Path:
    """The bootstrap's sign for the worker that the server is prepared; valid in the stack's own processes."""
    return Path(os.environ["EVERFIT_HOME"]) / "stack" / "ready"


def server_is_healthy() -> bool:
    return is_healthy(f"{os.environ['PREFECT_API_URL']}/health")


if __name__ == "__main__":
    sys.exit(0 if is_healthy(sys.argv[1]) else 1)
