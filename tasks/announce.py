"""Send events: the only place that does."""

import httpx
from prefect import get_run_logger, task
from prefect.client.orchestration import get_client
from prefect.events import Event as Received
from prefect.events import Resource, emit_event
from prefect.settings import PREFECT_API_URL

from core.errors import ServiceUnavailable
from core.events import Event
from tasks.policies import WORLD


def send(event: Event) -> str:
    """Send an event under its own id; the same event sent again is the same event to the server."""
    emit_event(event=event.name, resource=event.resource, payload=event.payload, id=event.id)
    return str(event.id)


def send_from_outside(event: Event) -> bool:
    """Send from outside a flow run, and know that it was received; False where no server is set.

    Raises:
        ServiceUnavailable: The server that is set does not take it.
    """
    api = PREFECT_API_URL.value()
    if not api:
        return False
    message = Received(
        event=event.name, resource=Resource.model_validate(event.resource), payload=event.payload, id=event.id
    )
    try:
        with get_client(sync_client=True) as client:
            client.request("POST", "/events", json=[message.model_dump(mode="json")])
    except httpx.HTTPError as error:
        raise ServiceUnavailable(
            what=f"the event {event.name} of {event.model} was not received",
            why=f"{api}: {error}",
            fix="see that the Prefect server runs (`everfit up`) and that PREFECT_API_URL is right, then try again",
        ) from error
    return True


@task(name="announce", **WORLD)
def announce(event: Event) -> str:
    """Tell the world; returns the event's id."""
    get_run_logger().info("announce: %s of %s", event.name, event.model)
    return send(event)
