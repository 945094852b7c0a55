"""Connections written by hand that would have a server keep what they send."""

from __future__ import annotations

import socket
import struct
from contextlib import contextmanager
from typing import TYPE_CHECKING

from benchmarks.http2 import (
    ACK,
    DATA,
    END_HEADERS,
    FIRST_WINDOW,
    HEADERS,
    INITIAL_WINDOW_SIZE,
    MAX_FRAME,
    PING,
    PREFACE,
    SETTINGS,
    WINDOW_UPDATE,
    enveloped,
    frame,
    literal,
    whole_frames,
)
from tests.support.clients import TIMEOUT
from tests.support.raw_http2 import pseudo_headers

if TYPE_CHECKING:
    from collections.abc import Iterator

CONTINUATION = 9
_FILLER = literal(b"x-filler", b"y" * 100)
# A frame that goes on with a call's headers and does not end them.
MORE_HEADERS = frame(CONTINUATION, 0, 1, _FILLER * (MAX_FRAME // len(_FILLER)))


def connect(address: str) -> socket.socket:
    """Return a connection to HOST:PORT."""
    host, _, port = address.rpartition(":")
    return socket.create_connection((host.strip("[]"), int(port)), TIMEOUT)


@contextmanager
def endless_headers(address: str, method: bytes, *, settled: bool) -> Iterator[socket.socket]:
    """Begin a call whose headers do not end, with the server's settings acknowledged or not."""
    with connect(address) as connection:
        connection.sendall(PREFACE + frame(SETTINGS, 0, 0, b""))
        while settled:
            kinds = [one.kind for one in whole_frames(connection.recv(FIRST_WINDOW))[0]]
            if SETTINGS in kinds:
                connection.sendall(frame(SETTINGS, ACK, 0, b""))
                break
        begun = b"".join(literal(name, value) for name, value in pseudo_headers(method))
        connection.sendall(frame(HEADERS, 0, 1, begun))
        yield connection


class Unread:
    """A stream of requests whose answers nobody reads: their window is closed from the start."""

    def __init__(self, address: str, method: bytes) -> None:
        self._connection = connect(address)
        head = b"".join(literal(name, value) for name, value in pseudo_headers(method))
        closed = struct.pack(">HI", INITIAL_WINDOW_SIZE, 0)
        self._connection.sendall(
            PREFACE + frame(SETTINGS, 0, 0, closed) + frame(HEADERS, END_HEADERS, 1, head)
        )
        # Bytes that the server takes now of the connection, and of the stream; and what of a frame has come.
        self._windows = {0: FIRST_WINDOW, 1: FIRST_WINDOW}
        self._first_window = FIRST_WINDOW
        self._received = b""

    def send(self, message: bytes, patience: float) -> bool:
        """Send a message; return whether the server took it whole, waiting for each word of it."""
        data = enveloped(message)
        self._connection.settimeout(patience)
        while data:
            size = min(MAX_FRAME, len(data), *self._windows.values())
            if size > 0:
                self._connection.sendall(frame(DATA, 0, 1, data[:size]))
                data = data[size:]
                for stream in self._windows:
                    self._windows[stream] -= size
                continue
            try:
                self._take()
            except TimeoutError:
                return False
        return True

    def close(self) -> None:
        """Go away."""
        self._connection.close()

    def _take(self) -> None:
        frames, self._received = whole_frames(self._received + self._connection.recv(FIRST_WINDOW))
        for kind, flags, stream, payload in frames:
            if kind in {SETTINGS, PING} and not flags & ACK:
                self._connection.sendall(frame(kind, ACK, 0, payload if kind == PING else b""))
            if kind == SETTINGS:
                for name, value in struct.iter_unpack(">HI", payload):
                    if name == INITIAL_WINDOW_SIZE:
                        self._windows[1] += value - self._first_window
                        self._first_window = value
            elif kind == WINDOW_UPDATE:
                self._windows[stream] += int.from_bytes(payload)
