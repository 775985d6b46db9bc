"""The endpoint as an application: its paths, and what lives as long as it does."""

import logging
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from adapters.endpoint import store_mark
from core.refusals import NoSuchModel
from core.traffic import CHAMPION
from serving.documented import SCORING, describe
from serving.door import Door
from serving.metrics import make_metrics
from serving.prediction_log import PredictionLog
from serving.scoring import Scoring, refused
from serving.settings import ServingSettings, serving_settings
from serving.slots import Slots
from serving.watcher import Watcher

# How long a thread may keep the interpreter from the others: while a new version is loaded, requests go on.
SWITCH_INTERVAL_S = 0.0005


class Endpoint:
    """Everything that the paths share."""

    def __init__(self, settings: ServingSettings) -> None:
        self.slots, self.metrics = Slots(), make_metrics()
        self.log = PredictionLog(settings.log_every_s, settings.log_rows, self.metrics) if settings.log else None
        self.scoring = Scoring(settings, self.metrics, self.log)
        self.watcher = Watcher(self.slots, settings, self.metrics)
        self.metrics.store.labels(store_mark()).set(1)

    @asynccontextmanager
    async def lifespan(self, _app: FastAPI) -> AsyncIterator[None]:
        before = sys.getswitchinterval()
        sys.setswitchinterval(SWITCH_INTERVAL_S)
        self.watcher.start()
        if self.log is not None:
            self.log.start()
        try:
            yield
        finally:
            self.watcher.stop()
            if self.log is not None:
                self.log.stop()
            sys.setswitchinterval(before)

    async def respond(self, name: str | None, scope: Any, receive: Any) -> Response:
        """The response to a request to score, by the model's name, or by the only model's."""
        try:
            slot = self.slots.only() if name is None else self.slots.named(name)
        except NoSuchModel as refusal:
            return refused(refusal)
        return await self.scoring.respond(slot, scope, receive)


def create(settings: ServingSettings | None = None) -> Any:
    """The application; uvicorn calls this in each process."""
    settings = settings or serving_settings()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    endpoint = Endpoint(settings)
    return Door(application(endpoint), settings, endpoint.respond)


def application(endpoint: Endpoint) -> FastAPI:
    """The paths."""
    app = FastAPI(title="everfit", version=version("everfit"), lifespan=endpoint.lifespan)
    _scoring_paths(app, endpoint)
    _state_paths(app, endpoint)
    app.openapi = lambda: describe(app, endpoint.slots)  # type: ignore[method-assign]

    @app.exception_handler(HTTPException)
    async def tell(request: Request, error: HTTPException) -> Response:
        if error.status_code == 404:
            paths = "/invocations, /models/NAME/invocations, /ping, /health, /ready, /version, /metrics, /docs"
            return refused(
                NoSuchModel("there is nothing here", f"no path {request.url.path[:80]}", f"use one of: {paths}")
            )
        told = {"kind": "refused", "what": "the request is not answered", "why": str(error.detail), "fix": "see /docs"}
        return JSONResponse({"error": told}, error.status_code, headers=error.headers)

    return app


def _scoring_paths(app: FastAPI, endpoint: Endpoint) -> None:
    @app.post("/invocations", **SCORING)
    async def invocations(request: Request) -> Response:
        """Score rows with the champion of the only model that is served here, in MLflow's scoring protocol."""
        return await endpoint.respond(None, request.scope, request.receive)

    @app.post("/models/{name}/invocations", **SCORING)
    async def invocations_of(name: str, request: Request) -> Response:
        """Score rows with the champion of a model, in MLflow's scoring protocol."""
        return await endpoint.respond(name, request.scope, request.receive)


def _state_paths(app: FastAPI, endpoint: Endpoint) -> None:
    slots = endpoint.slots

    @app.get("/ping")
    async def ping() -> dict[str, bool]:
        """Whether the process lives."""
        return {"alive": True}

    @app.get("/health")
    async def health() -> dict[str, Any]:
        """What is served, and what is wrong: a new version that does not load, a registry that does not answer."""
        return slots.health()

    @app.get("/ready", responses={503: {"description": "No model can answer yet"}})
    async def ready() -> Response:
        """Whether requests are answered."""
        is_ready = slots.is_ready()
        return JSONResponse({"ready": is_ready}, 200 if is_ready else 503)

    @app.get("/version")
    async def versions() -> dict[str, Any]:
        """The versions of this program and of the models that it serves."""
        seats = {name: dict(slot.seats) for name, slot in list(slots.slots.items())}
        served = {name: {role: s.served.number for role, s in each.items() if s.served} for name, each in seats.items()}
        champions = {name: roles[CHAMPION] for name, roles in served.items() if CHAMPION in roles}
        return {"everfit": version("everfit"), "models": served, "champions": champions}

    @app.get("/metrics", response_class=Response)
    async def metrics() -> Response:
        """Numbers for Prometheus."""
        return Response(endpoint.metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")
