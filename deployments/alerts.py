"""`python -m deployments.alerts`: automations that bring events to people, as `alerts.yaml` beside this file says.

The bootstrap of the local stack does it too. Doing it again changes nothing, and takes up blocks that were made since.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import yaml
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.events.actions import SendNotification
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture

ROUTES = Path(__file__).with_name("alerts.yaml")


@dataclass(frozen=True, slots=True)
class Route:
    """Events that match go to a notification block."""

    name: str
    block: str
    expect: list[str]
    match: dict[str, str | list[str]]
    subject: str
    body: str


def routes() -> list[Route]:
    """What the file says."""
    return [Route(**written) for written in yaml.safe_load(ROUTES.read_text(encoding="utf-8"))]


def route_alerts(client: SyncPrefectClient) -> dict[str, bool]:
    """Bring the server's automations to what the file says; by route, whether its block is there."""
    blocks = _notification_blocks(client)
    return {route.name: _apply(client, route, blocks.get(route.block)) for route in routes()}


def _notification_blocks(client: SyncPrefectClient) -> dict[str, UUID]:
    found = client.read_block_documents(include_secrets=False)
    return {
        str(block.name): block.id
        for block in found
        if block.block_schema is not None and "notify" in block.block_schema.capabilities
    }


def _apply(client: SyncPrefectClient, route: Route, block: UUID | None) -> bool:
    known = client.read_automations_by_name(route.name)
    if block is None:
        # Without its block an automation would fail at every event, in the server's log only.
        for automation in known:
            client.delete_automation(automation.id)
        return False
    wanted = _automation(route, block)
    if known:
        client.update_automation(known[0].id, wanted)
    else:
        client.create_automation(wanted)
    return True


def _automation(route: Route, block: UUID) -> AutomationCore:
    trigger: Any = EventTrigger(
        expect=set(route.expect),
        match=route.match,
        posture=Posture.Reactive,
        threshold=1,
    )
    action = SendNotification(block_document_id=block, subject=route.subject, body=route.body)
    return AutomationCore(name=route.name, description=f"From {ROUTES.name}", trigger=trigger, actions=[action])


def main() -> None:
    with get_client(sync_client=True) as client:
        for name, is_there in route_alerts(client).items():
            print(f"{name}: {'on' if is_there else 'waits for its notification block'}")


if __name__ == "__main__":
    main()
