"""Alerts reach people by severity: a real server, real events, and a webhook that listens on loopback."""

import json
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest
from prefect.blocks.notifications import CustomWebhookNotificationBlock
from prefect.client.orchestration import get_client
from prefect.events.schemas.automations import EventTrigger
from prefect.testing.utilities import prefect_test_harness

from core.events import EVENTS, DataRejected, DriftDetected, ModelRefused
from core.monitor_spec import WhenSpec
from deployments.alerts import route_alerts, routes
from tasks.announce import send_from_outside

BY_NAME = {event.name: event for event in EVENTS}
ROUTES = routes()


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_route_waits_for_events_and_labels_that_are_sent(route: Any) -> None:
    for name in route.expect:
        assert route.match.keys() <= {"prefect.resource.id", *BY_NAME[name].labels}
    EventTrigger(expect=set(route.expect), match=route.match, posture="Reactive", threshold=1)


def test_every_severity_that_can_alert_has_a_route() -> None:
    routed = {level for route in ROUTES for level in _listed(route.match.get("severity", []))}
    assert routed == set(WhenSpec.model_fields) - {"broken_data"}


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


class Received(BaseHTTPRequestHandler):
    """Keeps what is posted to it."""

    posted: list[tuple[str, dict[str, Any]]]

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        self.posted.append((self.path, json.loads(self.rfile.read(length))))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def webhook() -> Iterator[tuple[str, list[tuple[str, dict[str, Any]]]]]:
    Received.posted = []
    server = HTTPServer(("127.0.0.1", 0), Received)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", Received.posted
    server.shutdown()


@pytest.mark.stack
def test_alert_and_severe_reach_their_own_block_once_and_a_note_reaches_nobody(webhook: Any) -> None:
    address, posted = webhook
    with prefect_test_harness(server_startup_timeout=180), get_client(sync_client=True) as client:
        assert not any(route_alerts(client).values())
        for level in ("alert", "severe"):
            CustomWebhookNotificationBlock(
                name=level, url=f"{address}/{level}", json_data={"subject": "{{subject}}", "body": "{{body}}"}
            ).save(f"everfit-{level}")
        assert all(route_alerts(client).values())
        # Doing it again makes no second automation, so nobody is told twice.
        assert all(route_alerts(client).values())
        for event in (
            DriftDetected(model="toy", cause="a", severity="mild_drift", decision="note"),
            DriftDetected(model="toy", cause="b", severity="decay", decision="retrain"),
            DriftDetected(model="toy", cause="c", severity="severe_decay", decision="alert"),
            DataRejected(model="toy", cause="d"),
            ModelRefused(model="toy", cause="e", verdict="keep"),
        ):
            assert send_from_outside(event)
        deadline = time.monotonic() + 180
        while len(posted) < 3 and time.monotonic() < deadline:
            time.sleep(0.2)
        time.sleep(1.0)
    assert sorted((path, message["subject"]) for path, message in posted) == [
        ("/alert", "everfit toy: data were rejected"),
        ("/alert", "everfit toy: keep"),
        ("/severe", "everfit toy: below its minimum"),
    ]
