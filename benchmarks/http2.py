"""As much of HTTP/2 as a load generator needs: calls of gRPC over one connection, each byte ready beforehand.

grpc's own client takes nearly as much of the processor for a small request as the server under test, which
on few cores is what the server lacks. Without tables for headers, with windows that never close on this side
and without any choice, a call costs a tenth of it.
"""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE = 0, 1, 3, 4, 6, 7, 8
# Both of a DATA or HEADERS frame's end of the stream, and of the acknowledgement of SETTINGS and PING.
END_STREAM = ACK = 0x1
END_HEADERS = 0x4
HEADER_TABLE_SIZE, INITIAL_WINDOW_SIZE = 1, 4
# Bytes that either side takes before it says otherwise, of a call and of all of them.
FIRST_WINDOW = 65_535
LARGEST_WINDOW = 2**31 - 1
# Bytes of a frame that every server takes.
MAX_FRAME = 16_384
FRAME_HEAD = 9
MESSAGE_HEAD = 5
READ_BYTES = 1 << 18
# What trailers hold where a call went well: the server has no table to name it shorter.
STATUS_OK = b"grpc-status\x010"


class BrokenCallError(Exception):
    """A call did not come to its end, or the connection ended; the text is what the server said."""


class Frame(NamedTuple):
    """A frame as it came."""

    kind: int
    flags: int
    stream: int
    payload: bytes


class Arrived(NamedTuple):
    """A message that a call was answered, or None at its end."""

    stream: int
    message: bytes | None


@dataclass(slots=True)
class _Sending:
    """What of a call is still to be sent, and how much of it the server takes now."""

    window: int
    pieces: list[memoryview] = field(default_factory=list)
    last: bool = False


class Connection:
    """Calls one method of a server. Nothing goes out before `flush`."""

    def __init__(self, address: str, method: str) -> None:
        host, _, port = address.rpartition(":")
        self._socket = socket.create_connection((host, int(port)))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._head = _request_head(method.encode(), address.encode())
        self._next_stream = 1
        self._window = self._first_window = FIRST_WINDOW
        self._sending: dict[int, _Sending] = {}
        self._messages: dict[int, bytes] = {}
        self._received = b""
        settings = struct.pack(">HIHI", HEADER_TABLE_SIZE, 0, INITIAL_WINDOW_SIZE, LARGEST_WINDOW)
        update = (LARGEST_WINDOW - FIRST_WINDOW).to_bytes(4)
        self._out = [PREFACE, frame(SETTINGS, 0, 0, settings), frame(WINDOW_UPDATE, 0, 0, update)]
        self.flush()

    def fileno(self) -> int:
        """Return the socket's descriptor, for whoever waits for it."""
        return self._socket.fileno()

    def call(self, more: bytes = b"") -> int:
        """Begin a call, with `more` headers as `literal` makes them, and return its number."""
        stream = self._next_stream
        self._next_stream += 2
        self._out.append(frame(HEADERS, END_HEADERS, stream, self._head + more))
        self._sending[stream] = _Sending(self._first_window)
        return stream

    def send(self, stream: int, message: bytes, *, last: bool) -> None:
        """Send a message of a call, as soon as the server takes it; after the `last` nothing more."""
        self._put(stream, memoryview(enveloped(message)), last=last)

    def finish(self, stream: int) -> None:
        """Send nothing more of a call."""
        self._put(stream, memoryview(b""), last=True)

    def flush(self) -> None:
        """Hand to the kernel what is ready."""
        if self._out:
            self._socket.sendall(b"".join(self._out))
            self._out.clear()

    def receive(self) -> list[Arrived]:
        """Wait for something to come, and return what is whole; BrokenCallError where a call failed."""
        data = self._socket.recv(READ_BYTES)
        if not data:
            raise BrokenCallError("the connection ended")
        frames, self._received = whole_frames(self._received + data)
        return [arrived for one in frames for arrived in self._take(one)]

    def close(self) -> None:
        """Close the connection, whatever is under way."""
        self._socket.close()

    def _put(self, stream: int, piece: memoryview, *, last: bool) -> None:
        sending = self._sending[stream]
        sending.pieces.append(piece)
        sending.last = last
        self._pump(stream, sending)

    def _pump(self, stream: int, sending: _Sending) -> None:
        """Make frames of what the server takes now."""
        while sending.pieces:
            piece = sending.pieces[0]
            size = min(len(piece), MAX_FRAME, self._window, sending.window)
            if size <= 0 < len(piece):
                return
            whole = size == len(piece)
            if whole:
                sending.pieces.pop(0)
            else:
                sending.pieces[0] = piece[size:]
            ends = sending.last and not sending.pieces
            self._out.append(frame(DATA, END_STREAM if ends else 0, stream, bytes(piece[:size])))
            self._window -= size
            sending.window -= size
        if sending.last:
            del self._sending[stream]

    def _take(self, one: Frame) -> Iterator[Arrived]:
        kind, flags, stream, payload = one
        if kind == DATA:
            yield from self._messages_of(stream, payload)
        elif kind == HEADERS:
            if flags & END_STREAM:
                yield self._ended(stream, payload)
        elif kind in {SETTINGS, PING}:
            if not flags & ACK:
                self._out.append(frame(kind, ACK, 0, payload if kind == PING else b""))
                self._set(payload if kind == SETTINGS else b"")
        elif kind == WINDOW_UPDATE:
            self._widen(stream, int.from_bytes(payload))
        elif kind in {RST_STREAM, GOAWAY}:
            raise BrokenCallError(f"frame {kind} on {stream}: {payload!r}")

    def _messages_of(self, stream: int, payload: bytes) -> Iterator[Arrived]:
        data = self._messages.pop(stream, b"") + payload
        while len(data) >= MESSAGE_HEAD:
            end = MESSAGE_HEAD + int.from_bytes(data[1:MESSAGE_HEAD])
            if len(data) < end:
                break
            yield Arrived(stream, data[MESSAGE_HEAD:end])
            data = data[end:]
        if data:
            self._messages[stream] = data

    def _ended(self, stream: int, trailers: bytes) -> Arrived:
        if STATUS_OK not in trailers:
            raise BrokenCallError(f"a call failed: {trailers!r}")
        return Arrived(stream, None)

    def _set(self, settings: bytes) -> None:
        """Obey the server's settings: how much it takes of each call is all that matters here."""
        for name, value in struct.iter_unpack(">HI", settings):
            if name == INITIAL_WINDOW_SIZE:
                for sending in self._sending.values():
                    sending.window += value - self._first_window
                self._first_window = value

    def _widen(self, stream: int, size: int) -> None:
        if stream:
            if stream in self._sending:
                self._sending[stream].window += size
        else:
            self._window += size
        for number, sending in list(self._sending.items()):
            self._pump(number, sending)


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    """Return a frame's bytes."""
    return len(payload).to_bytes(3) + bytes((kind, flags)) + stream.to_bytes(4) + payload


def enveloped(message: bytes) -> bytes:
    """Return a message of gRPC, not compressed, as DATA carries it."""
    return b"\0" + len(message).to_bytes(4) + message


def whole_frames(received: bytes) -> tuple[list[Frame], bytes]:
    """Return the frames that are whole, and what is left: the beginning of the next."""
    frames, at = [], 0
    while len(received) - at >= FRAME_HEAD:
        begin = at + FRAME_HEAD
        end = begin + int.from_bytes(received[at : at + 3])
        if len(received) < end:
            break
        stream = int.from_bytes(received[at + 5 : begin])
        frames.append(Frame(received[at + 3], received[at + 4], stream, received[begin:end]))
        at = end
    return frames, received[at:]


def _request_head(method: bytes, authority: bytes) -> bytes:
    """Return a call's headers, each one in full: so it is the same bytes each time."""
    # By their numbers in HPACK's static table: POST, and http.
    return b"\x83\x86" + b"".join(
        literal(name, value)
        for name, value in (
            (b":path", method),
            (b":authority", authority),
            (b"content-type", b"application/grpc"),
            (b"te", b"trailers"),
            (b"grpc-timeout", b"30S"),
        )
    )


def literal(name: bytes, value: bytes) -> bytes:
    """Return a header that no table remembers, without Huffman's code; each part under 127 bytes."""
    return b"\0" + bytes((len(name),)) + name + bytes((len(value),)) + value
