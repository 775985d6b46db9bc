"""Runs of which nothing is heard any more: an automation of the server marks them as crashed, whatever took them.

A worker says it of the processes that it watches. Where machine and worker went together, only the heartbeats tell,
which Prefect's engine sends from every run. A laptop that sleeps is silent too, so the local stack does not do this:
its next worker looks for the processes themselves.
"""

from datetime import timedelta
from typing import Any

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import StateType
from prefect.events.actions import ChangeFlowRunState
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture

from flows.second_try import BEAT_S, HEARTBEAT, SILENT

NAME = "everfit-silent-runs"
# Half a beat more than one: sooner would be wrong about every beat that comes late.
PATIENCE = timedelta(seconds=1.5 * BEAT_S)


def listen_for_heartbeats(client: SyncPrefectClient) -> None:
    """Have the server mark runs of deployments as crashed that are silent; doing it again changes nothing."""
    trigger: Any = EventTrigger(
        after={HEARTBEAT},
        # Another beat, or any state that it went to: none is sent of a process that is gone.
        expect={"prefect.flow-run.*"},
        match={"prefect.resource.id": "prefect.flow-run.*"},
        # What a person runs by hand is that person's, and may send no beats for minutes.
        match_related={"prefect.resource.id": "prefect.deployment.*", "prefect.resource.role": "deployment"},
        for_each={"prefect.resource.id"},
        posture=Posture.Proactive,
        threshold=1,
        within=PATIENCE,
    )
    wanted = AutomationCore(
        name=NAME,
        description="A run whose heartbeats have stopped is crashed; second-try looks again, and starts it once more.",
        trigger=trigger,
        actions=[ChangeFlowRunState(state=StateType.CRASHED, message=SILENT)],
    )
    known = client.read_automations_by_name(NAME)
    if known:
        client.update_automation(known[0].id, wanted)
    else:
        client.create_automation(wanted)
