"""A line to an S3 server that goes bad on request: what a good server does not do by itself."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.buckets import forget_connections

SLOW_DOWN = b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
DENIED = b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
FOR_ONE_HOP = {"connection", "keep-alive", "transfer-encoding"}
SLOW_S = 0.5


class BadLine:
    """Passes requests on, and for the time that is asked for does worse.

    Attributes:
        address: Where it listens.
        how: `503`, `slow`, `half` or `denied`; nothing while all is well.
        n_hit: Requests that it treated so.
    """

    def __init__(self, server: str) -> None:
        self.how, self.n_hit = "", 0
        self.until = 0.0
        self.listener = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self, server))
        self.address = f"127.0.0.1:{self.listener.server_port}"

    def go_bad(self, how: str, for_s: float) -> None:
        self.how, self.until = how, time.monotonic() + for_s

    def now(self, method: str) -> str:
        """How the next request is treated."""
        if time.monotonic() >= self.until or (self.how == "half" and method != "GET"):
            return ""
        if self.how == "denied" and method not in ("PUT", "POST"):
            return ""
        self.n_hit += 1
        return self.how


def _handler(line: BadLine, server: str) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def pass_on(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body, how = self.rfile.read(length), line.now(self.command)
            if how in ("503", "denied"):
                self.answer(*((503, SLOW_DOWN) if how == "503" else (403, DENIED)), {})
                return
            if how == "slow":
                time.sleep(SLOW_S)
            asked = HTTPConnection(server, timeout=60)
            # With the host that the signature is made for.
            asked.request(self.command, self.path, body, dict(self.headers))
            given = asked.getresponse()
            content = given.read()
            asked.close()
            self.answer(given.status, content, dict(given.getheaders()), half=how == "half")

        def answer(self, status: int, content: bytes, headers: dict[str, str], half: bool = False) -> None:
            self.send_response(status)
            kept = {name: value for name, value in headers.items() if name.lower() not in FOR_ONE_HOP}
            for name, value in ({"Content-Length": str(len(content))} | kept).items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content[: len(content) // 2] if half else content)
            if half:
                self.close_connection = True

        # Names that the base class calls.
        do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = pass_on  # noqa: N815

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    return Handler


@contextmanager
def bad_line(server: str) -> Iterator[BadLine]:
    """Have whoever asks for S3 go through a line of ours."""
    line = BadLine(server)
    serving: Callable[[], None] = line.listener.serve_forever
    threading.Thread(target=serving, daemon=True).start()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", f"http://{line.address}")
        forget_connections()
        try:
            yield line
        finally:
            line.listener.shutdown()
            line.listener.server_close()
            forget_connections()
