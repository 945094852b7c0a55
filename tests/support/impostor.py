"""A server that speaks PostgreSQL's protocol, and is none."""

from __future__ import annotations

import socket
import struct
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

PARAMETERS = {
    "server_version": "13.0.0",
    "server_encoding": "UTF8",
    "client_encoding": "UTF8",
    "in_hot_standby": "off",
}
READY = b"Z" + struct.pack(">i", 5) + b"I"


@contextmanager
def impostor(version: str) -> Iterator[str]:
    """Answer each statement with one row, which begins with a version; yield the URL of its database."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_serve, args=(listener, version), daemon=True).start()
        yield f"postgresql+psycopg://postgres@127.0.0.1:{listener.getsockname()[1]}/none?sslmode=disable&gssencmode=disable"


def _serve(listener: socket.socket, version: str) -> None:
    with suppress(OSError):
        while True:
            client, _ = listener.accept()
            threading.Thread(target=_talk, args=(client, version), daemon=True).start()


def _talk(client: socket.socket, version: str) -> None:
    with suppress(OSError, struct.error), client, client.makefile("rb") as received:
        received.read(struct.unpack(">i", received.read(4))[0] - 4)
        client.sendall(_message(b"R", struct.pack(">i", 0)))
        for name, value in PARAMETERS.items():
            client.sendall(_message(b"S", f"{name}\0{value}\0".encode()))
        client.sendall(READY)
        while (kind := received.read(1)) and kind != b"X":
            received.read(struct.unpack(">i", received.read(4))[0] - 4)
            if kind == b"Q":
                client.sendall(_row(version))


def _row(value: str) -> bytes:
    """Return the answer to a statement: a row of one text."""
    description = struct.pack(">h", 1) + b"version\0" + struct.pack(">ihihih", 0, 0, 25, -1, -1, 0)
    data = struct.pack(">hi", 1, len(value.encode())) + value.encode()
    return _message(b"T", description) + _message(b"D", data) + _message(b"C", b"SELECT 1\0") + READY


def _message(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack(">i", len(body) + 4) + body
