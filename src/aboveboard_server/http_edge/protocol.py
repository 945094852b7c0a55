"""Limits that uvicorn's fast HTTP parser lacks: of a head's size and time, and of connections."""

from __future__ import annotations

import random
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from aboveboard_server.http_edge.bodies import MAX_DROPPED_BYTES
from aboveboard_server.http_edge.boundary import CROWDED, SECURITY_HEADERS, log_unreadable

if TYPE_CHECKING:
    import asyncio

# Bytes of a request line with its headers.
MAX_HEAD_BYTES = 32 * 1024
# Bytes of a whole request on the wire, chunk sizes and trailers included.
MAX_REQUEST_BYTES = 4 * MAX_DROPPED_BYTES
# Requests that may be sent before the one ahead of them was answered. No browser sends any, and a read of
# 256 KiB may bring 14,000.
MAX_PIPELINED = 8
# Connections at once, beyond which requests are answered 429; beyond twice as many, connections are closed as
# they come. It bounds memory.
MAX_CONNECTIONS = 2_000
# Seconds from the connection, or from a request's first byte, to the end of its head.
PATIENCE = 10.0


class GuardedProtocol(HttpToolsProtocol):
    """Cuts off who sends a head without end, or a body far beyond what anyone may send."""

    def __init__(self, *args: Any, max_age: float, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # When this connection has been used for long enough; scattered, as grpc does it.
        self._old_at = self.loop.time() + max_age * random.uniform(0.9, 1.1)  # noqa: S311  # no secret
        # Bytes of the request under way, and of what the transport handed over last.
        self._received = self._chunk = 0
        self._in_head = True
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Give the first request its time."""
        super().connection_made(transport)
        self._expect_head()
        if len(self.connections) > 2 * MAX_CONNECTIONS:
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the deadline."""
        self._head_is_there()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """Begin to count, after this chunk: its beginning may belong to the request before."""
        if len(self.pipeline) >= MAX_PIPELINED:
            # It ends the parsing of this chunk, and with it the connection.
            raise httptools.HttpParserError("too many requests wait for an answer")
        self._received = -self._chunk
        self._expect_head()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Let the body have its own limits."""
        self._head_is_there()
        crowded = len(self.connections) > MAX_CONNECTIONS
        if crowded:
            self.scope["state"][CROWDED] = True
        super().on_headers_complete()
        if crowded or self.loop.time() >= self._old_at:
            self.cycle.keep_alive = False

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  # as uvicorn calls it
        """Answer what is no HTTP as everything is answered, with a line in the log."""
        status = HTTPStatus.BAD_REQUEST
        text = b"BAD_REQUEST: not a valid HTTP request\n"
        headers = {
            "content-type": "text/plain; charset=utf-8",
            "content-length": str(len(text)),
            "connection": "close",
            **SECURITY_HEADERS,
        }
        lines = [f"HTTP/1.1 {status} {status.phrase}", *(": ".join(header) for header in headers.items())]
        self.transport.write("\r\n".join([*lines, "", ""]).encode() + text)
        self.transport.close()
        log_unreadable(status)

    def data_received(self, data: bytes) -> None:
        """Parse, and cut off what is too much. The parser itself keeps a part of a header of any size."""
        self._chunk = len(data)
        super().data_received(data)
        self._received += self._chunk
        if self._received > (MAX_HEAD_BYTES if self._in_head else MAX_REQUEST_BYTES):
            self.transport.close()

    def _expect_head(self) -> None:
        self._head_is_there()
        self._in_head = True
        self._deadline = self.loop.call_later(PATIENCE, self.transport.close)

    def _head_is_there(self) -> None:
        self._in_head = False
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
