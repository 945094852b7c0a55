"""gRPC calls written by hand: with headers that no library would send, from any address of this machine."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from benchmarks.http2 import (
    ACK,
    DATA,
    END_HEADERS,
    END_STREAM,
    GOAWAY,
    HEADERS,
    MESSAGE_HEAD,
    PREFACE,
    RST_STREAM,
    SETTINGS,
    enveloped,
    frame,
    literal,
    whole_frames,
)
from tests.support.clients import TIMEOUT

if TYPE_CHECKING:
    from collections.abc import Iterable


def call(
    address: str,
    method: bytes,
    message: bytes,
    headers: Iterable[tuple[bytes, bytes]] = (),
    source_address: str = "",
) -> bytes:
    """Make one unary call, and return the bytes of its answer's message; none where it is refused."""
    host, port = address.rsplit(":", 1)
    bound = (source_address, 0) if source_address else None
    with socket.create_connection((host.strip("[]"), int(port)), TIMEOUT, bound) as connection:
        head = b"".join(literal(name, value) for name, value in [*pseudo_headers(method), *headers])
        connection.sendall(
            PREFACE
            + frame(SETTINGS, 0, 0, b"")
            + frame(HEADERS, END_HEADERS, 1, head)
            + frame(DATA, END_STREAM, 1, enveloped(message))
        )
        return _answer(connection)


def _answer(connection: socket.socket) -> bytes:
    """Return what the frames of DATA bring, up to the end of the stream or of the connection."""
    received, answer = b"", b""
    while True:
        frames, received = whole_frames(received)
        for kind, flags, _, payload in frames:
            if kind == SETTINGS and not flags & ACK:
                connection.sendall(frame(SETTINGS, ACK, 0, b""))
            if kind == DATA:
                answer += payload
            if kind in {RST_STREAM, GOAWAY} or (kind in {DATA, HEADERS} and flags & END_STREAM):
                return answer[MESSAGE_HEAD:]
        try:
            part = connection.recv(65_536)
        except ConnectionResetError:
            return b""
        if not part:
            return b""
        received += part


def pseudo_headers(method: bytes) -> list[tuple[bytes, bytes]]:
    """Return the headers that every call begins with."""
    return [
        (b":method", b"POST"),
        (b":scheme", b"http"),
        (b":path", method),
        (b":authority", b"localhost"),
        (b"te", b"trailers"),
        (b"content-type", b"application/grpc"),
    ]
