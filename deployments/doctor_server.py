"""Checks that ask the Prefect server: is it there, is a worker, are the deployments, and does an event reach a run."""

import json
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from itertools import pairwise
from typing import Any

from adapters.settings import PROJECT
from core.diagnosis import NothingToCheck
from core.errors import OutsideError, ServiceUnavailable
from core.events import Probe

WORST_CLOCK_S = 5.0
WORKER_SILENT_S = 90.0


def server_checks(fire: bool) -> dict[str, Callable[[], str]]:
    """What only a server can answer, by name."""
    return {
        "server": look_at_server,
        "clock": look_at_clock,
        "worker": look_at_worker,
        "deployments": look_at_deployments,
        "automations": look_at_automations,
        "event": look_at_event if fire else _not_fired,
    }


@contextmanager
def server_client() -> Iterator[Any]:
    """A client of the server.

    Raises:
        NothingToCheck: None is set.
        ServiceUnavailable: It does not answer.
    """
    import httpx
    from prefect.client.orchestration import get_client
    from prefect.settings import PREFECT_API_URL

    if not PREFECT_API_URL.value():
        raise NothingToCheck("no server runs for this home: `everfit up` starts one; training here needs none")
    try:
        with get_client(sync_client=True) as client:
            yield client
    except (httpx.HTTPError, RuntimeError) as error:
        raise ServiceUnavailable(
            f"the Prefect server {PREFECT_API_URL.value()} does not answer",
            " ".join(str(error).split()) or type(error).__name__,
            "start it with `everfit up`, correct PREFECT_API_URL, or set PREFECT_API_AUTH_STRING where it asks for one",
        ) from error


def look_at_server() -> str:
    """Whether the server answers, and is of this version."""
    import prefect

    with server_client() as client:
        theirs = client.request("GET", "/admin/version").json()
    if theirs != prefect.__version__:
        raise ServiceUnavailable(
            "server and client differ",
            f"the server is Prefect {theirs}, this is {prefect.__version__}",
            "install the server from requirements.lock too",
        )
    return f"Prefect {theirs} answers"


def look_at_clock() -> str:
    """Whether the server's clock agrees with this one: windows, cooldowns and leases rest on both."""
    with server_client() as client:
        told = client.request("GET", "/health").headers.get("date")
    if told is None:
        raise NothingToCheck("the server does not say what time it is")
    off = abs((parsedate_to_datetime(told) - datetime.now(UTC)).total_seconds())
    if off > WORST_CLOCK_S:
        raise OutsideError(
            "the clocks of server and client disagree",
            f"by {off:.0f} s, {WORST_CLOCK_S:g} s are tolerated",
            "synchronize both machines with a time server",
        )
    return f"the server's clock is within {WORST_CLOCK_S:g} s of this one"


def look_at_worker() -> str:
    """Whether a worker of the pool asks for work."""
    from prefect.exceptions import ObjectNotFound

    from deployments.programs import POOL

    with server_client() as client:
        name = _pool(client) or POOL
        try:
            workers = client.read_workers_for_work_pool(name)
            pool = client.read_work_pool(name)
        except ObjectNotFound as error:
            raise ServiceUnavailable(
                f"there is no work pool {name}",
                "the server does not know it",
                "`everfit up`, or `everfit deploy`",
            ) from error
    oldest = datetime.now(UTC) - timedelta(seconds=WORKER_SILENT_S)
    awake = [w.name for w in workers if w.last_heartbeat_time and w.last_heartbeat_time > oldest]
    if not awake or pool.is_paused:
        raise ServiceUnavailable(
            f"nobody works for the pool {name}",
            "it is paused" if awake else f"no worker has been heard of in the last {WORKER_SILENT_S:g} s",
            f"prefect work-pool resume {name}" if awake else f"`everfit up`, or prefect worker start --pool {name}",
        )
    return f"{', '.join(awake)} works for the pool {name}"


def _pool(client: Any) -> str | None:
    """The work pool that the deployments are on: the local stack's, or a team's."""
    probes = [each for each in client.read_deployments() if each.name == Probe.deployment]
    return probes[0].work_pool_name if probes else None


def _wanted() -> dict[str, list[str]]:
    import yaml

    declared = yaml.safe_load((PROJECT / "prefect.yaml").read_text())["deployments"]
    return {each["name"]: [trigger["name"] for trigger in each.get("triggers", ())] for each in declared}


def look_at_deployments() -> str:
    """Whether the server has every deployment of prefect.yaml."""
    with server_client() as client:
        known = {deployment.name for deployment in client.read_deployments()}
    missing = [name for name in _wanted() if name not in known]
    if missing:
        raise ServiceUnavailable(
            "deployments are missing",
            f"the server has no {', '.join(missing)}",
            "`everfit deploy`, or `everfit up`",
        )
    return f"the server has {', '.join(_wanted())}"


def look_at_automations() -> str:
    """Whether the trigger of every deployment is on."""
    with server_client() as client:
        enabled = {automation.name for automation in client.read_automations() if automation.enabled}
    wanted = [name for names in _wanted().values() for name in names]
    missing = [name for name in wanted if name not in enabled]
    if missing:
        raise ServiceUnavailable(
            "events would start nothing",
            f"these automations are missing or switched off: {', '.join(missing)}",
            "switch them on in the Prefect UI, or `prefect deploy --all`",
        )
    return f"{', '.join(wanted)} are on"


def _not_fired() -> str:
    raise NothingToCheck("not asked for: --no-event")


def look_at_event() -> str:
    """Send a test event, and wait for the run that its automation starts; says where the seconds went."""
    from deployments.observe import run_for
    from tasks.announce import send_from_outside

    with server_client() as client:
        event, sent = Probe(model="doctor", cause=uuid.uuid4().hex), time.time()
        send_from_outside(event)
        run: Any = run_for(client, Probe.deployment, str(event.id), lambda: None)
        taken = next((s.timestamp for s in client.read_flow_run_states(run.id) if s.is_pending()), run.created)
    return way_of(
        {"sent": sent, "made": run.created.timestamp(), "taken": taken.timestamp()} | json.loads(run.state.message)
    )


def way_of(moments: dict[str, float]) -> str:
    """Where the seconds went from an event to a run.

    Args:
        moments: When it was sent, the run was made and taken by a worker, its process began, had imported all, and
            reached the first line, in seconds since 1970.
    """
    steps = {
        "made": "until the run is made",
        "taken": "until a worker takes it",
        "process": "until its process begins",
        "imported": "to import Prefect and the flow",
        "reached": "until the engine calls it",
    }
    pairs = pairwise(["sent", *steps])
    # A process knows its beginning to a hundredth of a second only.
    told = ", ".join(f"{max(moments[end] - moments[begin], 0):.1f} s {steps[end]}" for begin, end in pairs)
    return f"{moments['reached'] - moments['sent']:.1f} s from an event to the first line of a flow's code: {told}"
