"""Limits that uvicorn's fast HTTP parser lacks: how large a head may be, and how long it may take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from aboveboard_server.http_edge.bodies import MAX_DROPPED_BYTES

if TYPE_CHECKING:
    import asyncio

# Bytes of a request line with its headers.
MAX_HEAD_BYTES = 32 * 1024
# Bytes of a whole request on the wire, chunk sizes and trailers included.
MAX_REQUEST_BYTES = 4 * MAX_DROPPED_BYTES
# Seconds from the connection, or from a request's first byte, to the end of its head.
PATIENCE = 10.0


class GuardedProtocol(HttpToolsProtocol):
    """Cuts off who sends a head without end, or a body far beyond what anyone may send."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Bytes of the request under way, and of what the transport handed over last.
        self._received = self._chunk = 0
        self._in_head = True
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Give the first request its time."""
        super().connection_made(transport)
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the deadline."""
        self._head_is_there()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """Begin to count, after this chunk: its beginning may belong to the request before."""
        self._received = -self._chunk
        self._expect_head()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Let the body have its own limits."""
        self._head_is_there()
        super().on_headers_complete()

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
