"""A load generator over raw sockets in one thread: it spends some 20 us on a request, far less than any server."""

import selectors
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

RECEIVED_AT_ONCE = 65_536


@dataclass
class Result:
    """What a run of load has seen.

    Attributes:
        seconds: Latency of each request.
        answers: What `keep` made of each response: status, head and body.
        took: Wall time of the run.
    """

    seconds: list[float] = field(default_factory=list)
    answers: list[Any] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    took: float = 0.0

    @property
    def per_second(self) -> float:
        return len(self.seconds) / self.took

    def ms(self, percentile: float) -> float:
        return float(np.percentile(self.seconds, percentile) * 1000)


@dataclass
class Connection:
    """One connection, which has one request under way."""

    sock: socket.socket
    sent_at: float = 0.0
    received: bytearray = field(default_factory=bytearray)

    def send(self, request: bytes) -> None:
        self.received.clear()
        self.sent_at = time.perf_counter()
        self.sock.sendall(request)

    def whole(self) -> tuple[bytes, bytes] | None:
        """Head and body, once all of it is there."""
        end = self.received.find(b"\r\n\r\n")
        if end < 0:
            return None
        head = bytes(self.received[:end])
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        body = self.received[end + 4 :]
        return (head, bytes(body)) if len(body) >= length else None


def post(path: str, body: bytes) -> bytes:
    """A request as it goes over the wire."""
    head = f"POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {len(body)}"
    return f"{head}\r\n\r\n".encode() + body


def load(
    port: int,
    requests: list[bytes],
    n_connections: int,
    seconds: float,
    keep: Callable[[bytes, bytes], object] | None = None,
) -> Result:
    """Send requests in turn over some connections, each the next one when its answer is there."""
    result, sent = Result(), 0
    with selectors.DefaultSelector() as selector:
        for _ in range(n_connections):
            connection = Connection(socket.create_connection(("127.0.0.1", port)))
            connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            selector.register(connection.sock, selectors.EVENT_READ, connection)
            connection.send(requests[sent % len(requests)])
            sent += 1
        started = time.perf_counter()
        while (now := time.perf_counter()) < started + seconds:
            for key, _ in selector.select(timeout=1.0):
                connection = key.data
                connection.received += (data := connection.sock.recv(RECEIVED_AT_ONCE))
                answer = connection.whole()
                if not data and answer is None:
                    result.failed.append("connection closed")
                    selector.unregister(connection.sock)
                    connection.sock = socket.create_connection(("127.0.0.1", port))
                    selector.register(connection.sock, selectors.EVENT_READ, connection)
                elif answer is None:
                    continue
                else:
                    result.seconds.append(time.perf_counter() - connection.sent_at)
                    if not answer[0].startswith(b"HTTP/1.1 200"):
                        result.failed.append(f"{answer[0][:40]!r} {answer[1][:200]!r}")
                    if keep is not None:
                        result.answers.append(keep(*answer))
                connection.send(requests[sent % len(requests)])
                sent += 1
        result.took = now - started
        for key in list(selector.get_map().values()):
            key.data.sock.close()
    return result
