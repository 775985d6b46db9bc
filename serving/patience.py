"""Connections that send nothing, or a header every minute: uvicorn waits for them for ever, this does not."""

import asyncio
from typing import Any

import orjson
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from core.refusals import TooSlow
from serving.settings import serving_settings


class Impatient(HttpToolsProtocol):
    """uvicorn's protocol with a deadline for the head of each request."""

    deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        if self.deadline is None and (self.cycle is None or self.cycle.response_complete):
            self._wait()
        super().data_received(data)

    def on_headers_complete(self) -> None:
        self._arrived()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._arrived()
        super().connection_lost(exc)

    def _wait(self) -> None:
        self.deadline = self.loop.call_later(serving_settings().request_timeout_s, self._end)

    def _arrived(self) -> None:
        if self.deadline is not None:
            self.deadline.cancel()
            self.deadline = None

    def _end(self) -> None:
        self.deadline = None
        limit = f"its head took more than {serving_settings().request_timeout_s:g} s"
        body = orjson.dumps(TooSlow("the request has not arrived", limit, "send it at once").document())
        head = f"HTTP/1.1 408 Request Timeout\r\ncontent-type: application/json\r\ncontent-length: {len(body)}"
        self.transport.write(f"{head}\r\nconnection: close\r\n\r\n".encode() + body)
        self.transport.close()
