"""A part of the local stack is killed around an event that asks for a training."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from adapters import journal, registry
from adapters.settings import settings
from benchmarks.faults.play import Outcome, project
from core.errors import EverfitError
from core.events import DriftDetected
from tasks.landing import land_frame
from tests.conftest import toy_table


def on_a_stack(hit: Callable[[Any, Any], float]) -> Callable[[], Outcome]:
    """A part of the local stack is killed around an event that asks for a training."""

    def play() -> Outcome:
        from prefect.client.orchestration import get_client
        from prefect.settings import PREFECT_API_URL, temporary_settings

        from deployments.observe import run_for
        from deployments.ports import Ports, free_port
        from deployments.stack import local_stack

        with project(), ExitStack() as opened:
            land_frame("toy", toy_table(1500), "day", tell=False)
            stack = opened.enter_context(local_stack(settings(), Ports(free_port())))
            opened.enter_context(temporary_settings({PREFECT_API_URL: stack.prefect_api}))
            client = opened.enter_context(get_client(sync_client=True))
            event = DriftDetected(model="toy", cause="a fault", severity="decay", decision="retrain")
            at = hit(stack, event)
            ended = run_for(client, "train", str(event.id), lambda: None)
            seconds = time.monotonic() - at
            n_trained = len(journal.entries("toy", "training"))
            same = ended.state_name == "Registered" and n_trained == 1 and len(registry.list_versions("toy")) == 1
            return Outcome("" if same else f"{ended.state_name}, {n_trained} trainings", seconds)

    return play


def worker_dies_before_it_takes_the_run(stack: Any, event: DriftDetected) -> float:
    from tasks.announce import send_from_outside

    _kill(stack, "deployments.worker")
    at = time.monotonic()
    send_from_outside(event)
    return at


def server_dies_while_an_event_is_sent(stack: Any, event: DriftDetected) -> float:
    """Whoever sends is told that it was not received, and sends it again."""
    from tasks.announce import send_from_outside

    _kill(stack, "server")
    at = time.monotonic()
    refused = 0
    while True:
        try:
            send_from_outside(event)
        except EverfitError:
            refused += 1
            time.sleep(1)
        else:
            break
    assert refused, "the server was back before the event was sent"
    return at


def server_dies_between_event_and_run(stack: Any, event: DriftDetected) -> float:
    from tasks.announce import send_from_outside

    send_from_outside(event)
    # Received and recorded; the run may or may not be made yet.
    _kill(stack, "server")
    return time.monotonic()


def _kill(stack: Any, word: str) -> None:
    from deployments.processes import mark_of, marked

    next(process for process in marked(mark_of(stack.home)) if word in process.cmdline()).kill()
