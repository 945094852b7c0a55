"""Limits that uvicorn's fast HTTP parser lacks: of a head's size and time, and of connections.

What is received is handed to the parser in pieces that end where a head or a body ends, as far as that can be
seen: so each head is counted from its own first byte. The pieces change nothing in what the parser reads.
"""

from __future__ import annotations

import random
import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from aboveboard_server.http_edge.bodies import MAX_DROPPED_BYTES
from aboveboard_server.http_edge.boundary import CROWDED, SECURITY_HEADERS, log_unreadable

if TYPE_CHECKING:
    import asyncio

    from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

# Bytes of a request line with its headers.
MAX_HEAD_BYTES = 32 * 1024
# Bytes handed to the parser at once of a head, or of a body whose length is not declared.
PIECE = 4 * 1024
# The end of a head, and the least that can stand before it.
END, LEAST_HEAD = b"\r\n\r\n", len(b"GET / HTTP/1.0")
# What no host has, nor its port.
NO_HOST = re.compile(rb"[^!-~]|[\"#,/<>?@\\^`{|}]")
# Bytes of a whole request on the wire, chunk sizes and trailers included.
MAX_REQUEST_BYTES = 4 * MAX_DROPPED_BYTES
# Requests that may be sent before the one ahead of them was answered. No browser sends any, and a read of
# 256 KiB may bring 14,000.
MAX_PIPELINED = 8
# Connections at once, beyond which requests are answered 429; beyond twice as many, connections are closed as
# they come. It bounds memory.
MAX_CONNECTIONS = 2_000
# What is said of a request that cannot be read.
REFUSALS = {
    HTTPStatus.BAD_REQUEST: "not a valid HTTP request",
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: f"at most {MAX_HEAD_BYTES} bytes of request line and headers",
}
# Seconds from the connection, or from a request's first byte, to the end of its head.
PATIENCE = 10.0


class GuardedProtocol(HttpToolsProtocol):
    """Cuts off who sends a head without end, or a body far beyond what anyone may send."""

    def __init__(self, *args: Any, max_age: float, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # When this connection has been used for long enough; scattered, as grpc does it.
        self._old_at = self.loop.time() + max_age * random.uniform(0.9, 1.1)  # noqa: S311  # no secret
        # Bytes of the request under way, and of the piece that the parser has now.
        self._received = self._piece = 0
        # Bytes of the body still to come: 0 between requests, None where its chunks will tell.
        self._body: int | None = 0
        # Whether a request is under way, and whether one was when the piece began.
        self._begun = self._begun_before = False
        self._in_head = True
        # Whether the head was read already, with an offer to switch protocols.
        self._offered = self._again = False
        # How a head is refused.
        self._status = HTTPStatus.BAD_REQUEST
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
        """Begin to count; after this piece, where its beginning may belong to the request before."""
        self._begun = True
        if self._again:
            super().on_message_begin()
            return
        if len(self.pipeline) >= MAX_PIPELINED:
            # It ends the parsing, and with it the connection.
            raise httptools.HttpParserError("too many requests wait for an answer")
        self._received = -self._piece if self._begun_before else 0
        self._expect_head()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Let the body have its own limits."""
        if self._received + self._piece > MAX_HEAD_BYTES and not self._again:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        self._check_host()
        if self.parser.should_upgrade() and self.parser.get_method() != b"CONNECT":
            self._offered = True
            return
        self._head_is_there()
        self._body = self._declared()
        crowded = len(self.connections) > MAX_CONNECTIONS
        if crowded:
            self.scope["state"][CROWDED] = True
        super().on_headers_complete()
        # What follows a CONNECT is of another protocol, which is not spoken here.
        if crowded or self.parser.should_upgrade() or self.loop.time() >= self._old_at:
            self.cycle.keep_alive = False

    def on_body(self, body: bytes) -> None:
        """Take a part of the body."""
        if self._body:
            self._body -= len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Wait for the next request; what only offered to switch protocols is still to be read."""
        if not self._offered:
            self._begun, self._body = False, 0
            super().on_message_complete()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  # as uvicorn calls it
        """Answer what is no HTTP as everything is answered, with a line in the log.

        Not where a request before it still waits for its answer: it would be taken for that.
        """
        status = self._status
        before: RequestResponseCycle | None = self.cycle
        if before is None or before.response_complete:
            text = f"{status.name}: {REFUSALS[status]}\n".encode()
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
        self._unset_keepalive_if_required()
        at, view = 0, memoryview(data)
        while at < len(data) and not self.transport.is_closing():
            end = self._end_of_piece(data, at)
            self._piece, self._begun_before = end - at, self._begun
            try:
                at += self._feed(view[at:end])
            except httptools.HttpParserError:
                self.send_400_response("")
                return
            self._received += self._piece
            if self._in_head and self._received > MAX_HEAD_BYTES:
                self._status = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
                self.send_400_response("")
            elif self._received > MAX_REQUEST_BYTES:
                self.transport.close()

    def _end_of_piece(self, data: bytes, at: int) -> int:
        """Return where the piece that begins at `at` ends."""
        if self._body:
            return min(at + self._body, len(data))
        most = min(at + PIECE, len(data))
        # No head is shorter: line breaks alone are not looked at one by one.
        least = 0 if self._begun else LEAST_HEAD
        end = data.find(END, at + least, most) if self._body == 0 else -1
        return end + len(END) if end >= 0 else most

    def _feed(self, piece: memoryview) -> int:
        """Hand a piece to the parser, and return how many bytes of it were read."""
        try:
            self.parser.feed_data(piece)
        except httptools.HttpParserUpgrade as offer:
            if self._offered:
                self._offered = False
                self._read_again()
            return int(offer.args[0])
        return len(piece)

    def _read_again(self) -> None:
        """Read a head without what it offers: the parser takes what follows an offer for another protocol."""
        head = [
            b"%b %b HTTP/%b" % (self.parser.get_method(), self.url, self.parser.get_http_version().encode())
        ]
        head += [b"%b: %b" % header for header in self.headers if header[0] != b"upgrade"]
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn has it
        self._again = True
        try:
            self.parser.feed_data(b"\r\n".join([*head, b"", b""]))
        finally:
            self._again = False

    def _check_host(self) -> None:
        """Refuse a head that two servers in a row may take for one of different hosts."""
        hosts = [value for name, value in self.headers if name == b"host"]
        wanted = self.parser.get_http_version() == "1.1"
        if len(hosts) > 1 or len(hosts) < wanted or (hosts and NO_HOST.search(hosts[0])):
            self._refuse(HTTPStatus.BAD_REQUEST)

    def _declared(self) -> int | None:
        """Return how long the body will be; None where its chunks will tell."""
        length = 0
        for name, value in self.headers:
            if name == b"transfer-encoding":
                return None
            if name == b"content-length":
                # The parser takes digits only.
                length = int(value)
        return length

    def _refuse(self, status: HTTPStatus) -> None:
        """End the parsing, and with it the connection."""
        self._status = status
        raise httptools.HttpParserError(REFUSALS[status])

    def _expect_head(self) -> None:
        self._head_is_there()
        self._in_head = True
        self._deadline = self.loop.call_later(PATIENCE, self.transport.close)

    def _head_is_there(self) -> None:
        self._in_head = False
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
