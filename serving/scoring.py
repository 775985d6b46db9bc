"""From a request to its answer: who answers, what, and what is remembered of it."""

import asyncio
import logging
import re
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from starlette.responses import Response

from core.refusals import Failed, Refusal
from core.request_rows import RequestRows
from serving.bodies import Bodies, Headers, content_type, read_rows
from serving.metrics import Metrics
from serving.prediction_log import Entry, PredictionLog, now
from serving.settings import ServingSettings
from serving.slots import Slot

LOG = logging.getLogger("everfit.serving")
# Larger bodies are worked on in a thread, so that small requests need not wait for them.
LARGE_BYTES = 32_768
MOST_LARGE_AT_ONCE = 4
GOOD_ID = re.compile(rb"[\w.:-]{1,64}")


@dataclass(slots=True)
class Asked:
    """A request, and the version that is to answer once that is known: what fails then is counted as its failure."""

    slot: Slot
    headers: Headers
    version: str = ""


@dataclass
class Scoring:
    """What all requests of a process share."""

    settings: ServingSettings
    metrics: Metrics
    log: PredictionLog | None
    bodies: Bodies = field(init=False)

    def __post_init__(self) -> None:
        self.bodies = Bodies(self.settings)
        self._large = asyncio.Semaphore(MOST_LARGE_AT_ONCE)
        self._counters: dict[tuple[str, int, str], tuple[Any, Any, Any, Any]] = {}

    async def respond(self, slot: Slot, scope: Mapping[str, Any], receive: Any) -> Response:
        """The response to a request to score; a refusal is one too."""
        asked = Asked(slot, dict(scope["headers"]))
        try:
            with self.bodies.counted(asked.headers):
                return await self._answer(asked, receive)
        except Refusal as refusal:
            return self._refused(asked, refusal)
        except Exception as error:
            # One request that nobody has foreseen must not end the connection of those behind it.
            LOG.exception("a request to %s has failed", slot.model)
            failed = Failed("the request is not answered", f"{type(error).__name__}", "see the endpoint's log")
            return self._refused(asked, failed)

    def _refused(self, asked: Asked, refusal: Refusal) -> Response:
        self.metrics.requests.labels(asked.slot.model, asked.version, str(int(refusal.status))).inc()
        return refused(refusal)

    async def _answer(self, asked: Asked, receive: Any) -> Response:
        kind = content_type(asked.headers)
        body = await self.bodies.take(receive, asked.headers)
        if len(body) < LARGE_BYTES:
            return self._scored(asked, kind, body)
        async with self._large:
            return await asyncio.to_thread(self._scored, asked, kind, body)

    def _scored(self, asked: Asked, kind: str, body: bytearray) -> Response:
        started, slot = time.perf_counter(), asked.slot
        rows, is_text = read_rows(body, kind, self.settings.max_rows)
        request = _request_id(asked.headers)
        role, served = slot.chosen(_identity(slot, rows, request))
        asked.version = str(served.number)
        if is_text:
            rows = served.contract.from_text(rows)
        answers = served.score(rows)
        document = {"predictions": answers, "model": slot.model, "version": served.number, "request_id": request}
        if self.log is not None:
            self.log.add(Entry(now(), request, role, served, rows, answers), slot.shadow())
        self._count(slot.model, served.number, role, rows.n_rows, time.perf_counter() - started)
        told = {"x-everfit-model": slot.model, "x-everfit-version": asked.version, "x-request-id": request}
        return Response(orjson.dumps(document), headers=told, media_type="application/json")

    def _count(self, model: str, number: int, role: str, n_rows: int, seconds: float) -> None:
        counters = self._counters.get((model, number, role))
        if counters is None:
            counters = self._counters[model, number, role] = (
                self.metrics.requests.labels(model, str(number), "200"),
                self.metrics.rows.labels(model, str(number), role),
                self.metrics.seconds.labels(model),
                self.metrics.row_seconds.labels(model, str(number)),
            )
        counters[0].inc()
        counters[1].inc(n_rows)
        counters[2].observe(seconds)
        counters[3].observe(seconds / max(n_rows, 1))


def refused(refusal: Refusal) -> Response:
    """A refusal as a response."""
    status = int(refusal.status)
    extra = {401: {"www-authenticate": "Bearer"}, 503: {"retry-after": "1"}, 408: {"connection": "close"}}.get(status)
    return Response(orjson.dumps(refusal.document()), status, headers=extra, media_type="application/json")


def _request_id(headers: Headers) -> str:
    given = headers.get(b"x-request-id", b"")
    return given.decode() if GOOD_ID.fullmatch(given) else uuid.uuid4().hex


def _identity(slot: Slot, rows: RequestRows, request: str) -> Any:
    """What a request is about: the key of its first row, so that a customer asked about twice meets one version."""
    if not slot.share:
        return None
    key = slot.key()
    return [rows.columns[name][0] for name in key] if key and set(key) <= rows.columns.keys() else request
