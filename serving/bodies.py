"""The body of a request: taken in within bounds of size and time, and read as its content type says."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import contextmanager
from typing import Any

import orjson

from core.refusals import NotReady, TooLarge, TooSlow, UnknownType, Unreadable
from core.request_rows import RequestRows, rows_of, rows_of_csv
from serving.settings import ServingSettings

Headers = dict[bytes, bytes]
MB = 2**20
JSON, CSV = "application/json", "text/csv"


class Bodies:
    """Takes bodies in; knows how much of all requests together is in memory."""

    def __init__(self, settings: ServingSettings) -> None:
        self.most_bytes = int(settings.max_body_mb * MB)
        self.most_together = int(max(settings.in_flight_mb, settings.max_body_mb) * MB)
        self.timeout_s = settings.request_timeout_s
        self.together = 0

    async def take(self, receive: Callable[[], Awaitable[Any]], headers: Headers) -> bytearray:
        """The whole body.

        Raises:
            TooLarge: It is larger than one may be.
            TooSlow: It does not come in time.
            NotReady: Too many bodies are being read.
        """
        announced = headers.get(b"content-length", b"0")
        if announced.isdigit() and int(announced) > self.most_bytes:
            raise self._too_large()
        message = await self._next(receive)
        body = bytearray(message.get("body", b""))
        if message.get("more_body"):
            await self._rest(receive, body)
        if len(body) > self.most_bytes:
            raise self._too_large()
        return body

    @contextmanager
    def counted(self, headers: Headers) -> Any:
        """Count a body among those in memory while it is worked on."""
        announced = headers.get(b"content-length", b"")
        # Who does not say how much will come is counted with the most that is taken.
        size = min(int(announced), self.most_bytes) if announced.isdigit() else self.most_bytes
        if self.together + size > self.most_together:
            raise NotReady("the request is not read", "too much is being read at once", "try again in a moment")
        self.together += size
        try:
            yield
        finally:
            self.together -= size

    async def _rest(self, receive: Callable[[], Awaitable[Any]], body: bytearray) -> None:
        deadline = asyncio.get_running_loop().time() + self.timeout_s
        more = True
        while more and len(body) <= self.most_bytes:
            left = deadline - asyncio.get_running_loop().time()
            message = await self._next(receive, left)
            body += message.get("body", b"")
            more = message.get("more_body", False)

    async def _next(self, receive: Callable[[], Awaitable[Any]], within_s: float | None = None) -> Any:
        try:
            async with asyncio.timeout(self.timeout_s if within_s is None else max(within_s, 0)):
                message = await receive()
        except TimeoutError:
            raise TooSlow(
                "the request has not arrived", f"it took more than {self.timeout_s:g} s", "send it at once"
            ) from None
        if message["type"] == "http.disconnect":
            raise TooSlow("the request has not arrived", "the client went away", "send it again")
        return message

    def _too_large(self) -> TooLarge:
        return TooLarge(
            "the request is too large",
            f"at most {self.most_bytes / MB:g} MB are read",
            "send the rows in parts, or score the table with `everfit predict`",
        )


def content_type(headers: Headers) -> str:
    """JSON or CSV.

    Raises:
        UnknownType: It is another one, is compressed, or in another encoding than UTF-8.
    """
    if headers.get(b"content-encoding", b"identity") != b"identity":
        raise _unknown(f"its content encoding is {_shown(headers[b'content-encoding'])}", "send it uncompressed")
    named = headers.get(b"content-type", b"")
    if named == b"application/json":
        return JSON
    kind, *parameters = (part.strip() for part in named.decode("latin-1").lower().split(";"))
    charsets = [each.removeprefix("charset=").strip('"') for each in parameters if each]
    if any(each not in ("utf-8", "utf8", "header=present") for each in charsets):
        raise _unknown(f"its content type says {_shown(named)}", "send UTF-8, with no other parameter than charset")
    if kind not in (JSON, CSV):
        raise _unknown(f"its content type is {_shown(named) or 'missing'}", f"send {JSON}, or {CSV}")
    return kind


def read_rows(body: bytearray, kind: str, most_rows: int) -> tuple[RequestRows, bool]:
    """The rows of a body, and whether all their values are texts.

    Raises:
        Unreadable: It is not what its content type says.
    """
    if kind == CSV:
        try:
            return rows_of_csv(body.decode("utf-8-sig"), most_rows), True
        except UnicodeDecodeError as error:
            raise Unreadable("the request cannot be read", f"it is not UTF-8: {error}", "encode it as UTF-8") from None
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        fix = "send valid JSON; null where a number is not known, since JSON has no NaN and no infinity"
        raise Unreadable("the request cannot be read", f"it is no JSON: {error}", fix) from None
    return rows_of(document, most_rows), False


def _unknown(why: str, fix: str) -> UnknownType:
    return UnknownType("the request cannot be read", why, fix)


def _shown(value: bytes) -> str:
    return value.decode("latin-1")[:80]
