"""Before the application: who may ask, and a short way for requests to score.

FastAPI finds a path, its parameters and dependencies in some 0.1 ms, as long as a small model takes to answer a row;
requests to score need none of it, and go to the same function that their documented paths call.
"""

import hmac
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.responses import Response

from core.refusals import Unauthorized
from serving.scoring import refused
from serving.settings import ServingSettings

# What tells that the endpoint lives is for everybody: load balancers have no token.
OPEN_PATHS = frozenset({"/ping", "/health", "/ready"})
Respond = Callable[[str | None, Any, Any], Awaitable[Response]]


class Door:
    """An ASGI application around the application."""

    def __init__(self, app: Any, settings: ServingSettings, respond: Respond) -> None:
        self.app, self.respond = app, respond
        self.token = settings.token.get_secret_value().encode() if settings.token else b""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
        elif self.token and scope["path"] not in OPEN_PATHS and not self._is_known(scope):
            await self._turn_away()(scope, receive, send)
        elif scope["method"] == "POST" and scope["path"] == "/invocations":
            response = await self.respond(None, scope, receive)
            await response(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    def _is_known(self, scope: Any) -> bool:
        given = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
        scheme, _, token = given.partition(b" ")
        # Compared first: how long that takes must not depend on the scheme either.
        return hmac.compare_digest(token.strip(), self.token) and scheme.lower() == b"bearer"

    def _turn_away(self) -> Response:
        refusal = Unauthorized(
            "the request is not answered",
            "it carries no token, or a wrong one",
            "send the header `Authorization: Bearer TOKEN` with the token of EVERFIT_SERVING_TOKEN",
        )
        return refused(refusal)
