"""Runs whose process died without a word: marked as crashed by an automation, once their heartbeats stop."""

from datetime import timedelta
from typing import Any

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import StateType
from prefect.events.actions import ChangeFlowRunState
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture

NAME = "everfit-silent-runs"
# A process beats every 30 s, the shortest that Prefect allows. On a busy machine several beats may be lost, and a run
# that is called crashed while it works is worse than one that is found late.
BEAT_S, SILENT_S = 30, 180


def mark_silent_runs(client: SyncPrefectClient) -> None:
    """Bring the server's automation to what is said here; doing it again changes nothing.

    Most deaths are marked at once, by the worker whose process it was. This is for those who went with their worker.
    """
    wanted = _automation()
    known = client.read_automations_by_name(NAME)
    if known:
        client.update_automation(known[0].id, wanted)
    else:
        client.create_automation(wanted)


def _automation() -> AutomationCore:
    trigger: Any = EventTrigger(
        after={"prefect.flow-run.heartbeat"},
        # Any news of the run will do, since its last states have names of our own, such as Registered.
        expect={"prefect.flow-run.*"},
        match={"prefect.resource.id": "prefect.flow-run.*"},
        for_each={"prefect.resource.id"},
        posture=Posture.Proactive,
        threshold=1,
        within=timedelta(seconds=SILENT_S),
    )
    # Not forced: the server lets no run that has ended be called crashed, in whatever order it heard of things.
    action = ChangeFlowRunState(
        state=StateType.CRASHED,
        message=f"nothing was heard of its process for {SILENT_S} s",
    )
    return AutomationCore(
        name=NAME, description="Runs whose process died without a word", trigger=trigger, actions=[action]
    )
