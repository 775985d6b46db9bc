"""`python -m deployments.server`: Prefect's server, and beside its start whoever reminds it of what it has forgotten.

The server keeps an event in memory until its automations have seen it. One that is killed in between would have a drift
without a training, or a version without a release, until somebody looks.
"""

import os
import sys
from datetime import UTC, datetime
from uuid import UUID

from deployments.health import ready_file, server_is_healthy, wait_until

REMIND = "--remind"


def main(arguments: list[str]) -> None:
    if arguments == [REMIND]:
        wait_until(lambda: ready_file().exists() and server_is_healthy())
        for told in remind():
            print(f"{datetime.now(UTC):%H:%M:%S} {told}", flush=True)
        return
    _beside([sys.executable, "-m", "deployments.server", REMIND])
    # The process becomes Prefect's own: nothing of ours stays with it.
    command = [sys.executable, "-m", "prefect", "server", "start", *arguments]
    os.execv(command[0], command)  # nosec B606 # noqa: S606 - a fixed command


def remind() -> list[str]:
    """Send events again that runs of deployments have announced and no run has taken up; a word on each model.

    What a person's own run announced is left to that person.
    """
    from prefect.client.orchestration import get_client
    from prefect.exceptions import ObjectNotFound

    from adapters.specs import model_names
    from core.errors import EverfitError
    from tasks.announce import send_from_outside
    from tasks.unanswered import unanswered

    def is_by_deployment(run: str) -> bool:
        try:
            return client.read_flow_run(UUID(run)).deployment_id is not None
        except ObjectNotFound:
            return False

    told = []
    with get_client(sync_client=True) as client:
        for model in model_names():
            try:
                for event, run in unanswered(model):
                    if is_by_deployment(run) and send_from_outside(event):
                        told.append(f"no run had taken up {event.name} of {model}: sent again")
            except EverfitError as error:
                # A registry that is not there yet: the other models are asked about all the same.
                told.append(f"what {model} has announced is not known: {error}")
    return told


def _beside(command: list[str]) -> None:
    """Start a process that is nobody's child: who becomes Prefect would never ask how it ended."""
    if (child := os.fork()) == 0:
        if os.fork() == 0:
            os.execv(command[0], command)  # nosec B606 # noqa: S606 - a fixed command
        os._exit(0)
    os.waitpid(child, 0)


if __name__ == "__main__":
    main(sys.argv[1:])
