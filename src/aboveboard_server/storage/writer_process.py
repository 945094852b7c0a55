"""The writer process: owns the write connection, and does what its server asks, one thing after the other.

A process of its own because extraction here and binding there both hold the GIL. It imports no more than
it needs, so that it is back within a fraction of a second after it was killed. It ends when its socket
does: with the server that started it, however that ended.
"""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aboveboard_server import uncaught
from aboveboard_server.garbage import collect_less_often, start_and_end_sooner
from aboveboard_server.storage import frames
from aboveboard_server.storage.ports import Replay
from aboveboard_server.storage.sqlite_room import SqliteRoom
from aboveboard_server.storage.sqlite_writer import SqliteWriter, load_units

if TYPE_CHECKING:
    from collections.abc import Callable

# How an answer begins: with what was asked for, with an error that may pass, with one that passes for the
# next writer only, as this one ends, or with one that will not.
DONE = "done"
UNAVAILABLE = "unavailable"
ENDING = "ending"
FAILED = "failed"
# Errors after which the connection is opened anew: one that was opened, or has written, while the disk was
# read-only or broken may never get well.
REOPEN = ("SQLITE_IOERR", "SQLITE_READONLY", "SQLITE_CANTOPEN")
# Seconds until what units of work need is loaded, beside what is asked for by then. Until then one that comes
# waits for it, no longer than it would wait for a server that had loaded it before it served.
LOAD_UNITS_AFTER = 5.0


def main() -> None:
    """Serve the socket whose number is the first argument until it ends."""
    # A terminal and systemd signal every process of a group; when to end is the server's to say.
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, signal.SIG_IGN)
    start_and_end_sooner()
    uncaught.to_log()
    with socket.socket(fileno=int(sys.argv[1])) as connection, connection.makefile("rb") as requests:
        path, columns, source_columns = _receive(requests)
        # What VACUUM puts aside is as large as the file, and belongs where there is room for it.
        os.environ["SQLITE_TMPDIR"] = str(Path(path).parent)
        try:
            writer = SqliteWriter(Path(path), columns, source_columns)
        except sqlite3.Error as error:
            connection.sendall(frames.pack((UNAVAILABLE, _name(error))))
            return
        try:
            connection.sendall(frames.pack((DONE, writer.forbidden())))
            collect_less_often()
            _load_units_later()
            _serve(connection, requests, _operations(writer, SqliteRoom(Path(path), writer.shrink)))
        except BrokenPipeError:
            # The server is gone: nobody is there to be told, and a traceback is no line of a log.
            pass
        finally:
            writer.close()


def _load_units_later() -> None:
    later = threading.Timer(LOAD_UNITS_AFTER, load_units)
    later.daemon = True
    later.start()


def _serve(connection: socket.socket, requests: Any, operations: dict[str, Callable[[Any], Any]]) -> None:
    while (request := _receive(requests)) is not None:
        operation, argument = request
        try:
            answer: tuple[str, Any] = (DONE, operations[operation](argument))
        except sqlite3.OperationalError as error:
            name = _name(error)
            answer = (ENDING if name.startswith(REOPEN) else UNAVAILABLE, name)
        except Exception as error:  # noqa: BLE001  # told to the server, which answers for it
            answer = (FAILED, _name(error))
        connection.sendall(frames.pack(answer))
        if answer[0] == ENDING:
            return


def _operations(writer: SqliteWriter, room: SqliteRoom) -> dict[str, Callable[[Any], Any]]:
    return {
        "commit": room.storing(
            lambda batches: frames.from_results(writer.commit(frames.to_batches(batches)))
        ),
        "work": room.removing(writer.work),
        "work_that_stores": room.storing(writer.work),
        "changes_since": writer.changes_since,
        "replay": room.storing(lambda items: writer.replay([Replay(*item) for item in items])),
        "pin_keys": room.removing(writer.pin_keys),
        "probe": room.storing(lambda _: writer.probe()),
        "scrub": _scrub(writer, room),
        "empty_log": lambda _: writer.empty_log(),
        "make_room": lambda _: room.make(),
    }


def _scrub(writer: SqliteWriter, room: SqliteRoom) -> Callable[[Any], bool]:
    tried_with_reserve = room.removing(lambda _: writer.scrub())

    def scrub(argument: Any) -> bool:
        # A try that must fail would fill the disk for as long as it lasts. The file is written twice.
        room.require(2 * writer.bytes_in_use())
        return tried_with_reserve(argument)

    return scrub


def _name(error: Exception) -> str:
    """Return what SQLite calls an error, or its type: a driver's text may repeat what was sent."""
    return getattr(error, "sqlite_errorname", type(error).__name__)


def _receive(requests: Any) -> Any:
    """Read one frame; None at the end of the socket, in the middle of a frame too."""
    header = requests.read(frames.HEADER.size)
    if len(header) < frames.HEADER.size:
        return None
    (length,) = frames.HEADER.unpack(header)
    data = requests.read(length)
    return frames.unpack(data) if len(data) == length else None


if __name__ == "__main__":
    main()
