"""Who may ask: a bearer token, compared in constant time, before anything of a request is read."""

import hmac
from typing import Any

from core.refusals import Unauthorized
from serving.scoring import refused
from serving.settings import ServingSettings

# What tells that the endpoint lives is for everybody: load balancers have no token.
OPEN_PATHS = frozenset({"/ping", "/health", "/ready"})


class Guard:
    """An ASGI application before the application."""

    def __init__(self, app: Any, settings: ServingSettings) -> None:
        self.app = app
        self.token = settings.token.get_secret_value().encode() if settings.token else b""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if not self.token or scope["type"] != "http" or scope["path"] in OPEN_PATHS or self._is_known(scope):
            await self.app(scope, receive, send)
            return
        refusal = Unauthorized(
            "the request is not answered",
            "it carries no token, or a wrong one",
            "send the header `Authorization: Bearer TOKEN` with the token of EVERFIT_SERVING_TOKEN",
        )
        await refused(refusal)(scope, receive, send)

    def _is_known(self, scope: Any) -> bool:
        given = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
        scheme, _, token = given.partition(b" ")
        # Compared first: how long that takes must not depend on the scheme either.
        return hmac.compare_digest(token.strip(), self.token) and scheme.lower() == b"bearer"
