"""Makes the partitions of a PostgreSQL database ahead, in a thread that a server which stops breaks off."""

from __future__ import annotations

import os
import socket
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import psycopg
import structlog
from sqlalchemy import event
from sqlalchemy.exc import DatabaseError

from aboveboard_server.errors import StartupError
from aboveboard_server.storage import partitions
from aboveboard_server.storage.preparation import first_line, postgres_connection

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection

log = structlog.get_logger()

# Seconds between two requests to cancel a statement: one that comes between two statements cancels nothing.
CANCEL_EVERY = 0.3
# Seconds for an answer to such a request, and seconds after which a database that answers none is left alone.
CANCEL_WITHIN = 1.0
PATIENCE = 3.0


class _StoppedError(Exception):
    """The server stops: what is begun is rolled back, and the next one goes on with it."""


class Maintenance:
    """Looks after the partitions of a database when it is called, once at a time, until it is stopped."""

    def __init__(self, url: URL) -> None:
        self._url = url
        self._is_stopped = threading.Event()
        self._is_idle = threading.Event()
        self._is_idle.set()
        self._connection: psycopg.Connection[Any] | None = None

    def __call__(self) -> int | None:
        """Make partitions ahead; what does not work now is tried again later.

        Return how many are missing still, None where that is not known. It takes as long as it takes.
        """
        self._is_idle.clear()
        try:
            with postgres_connection(self._url, opened=self._opened) as connection:
                event.listen(connection, "before_cursor_execute", self._check)
                return _maintain(connection)
        except StartupError as error:
            if not self._is_stopped.is_set():
                log.warning("partitions_not_made", error=str(error))
        except _StoppedError:
            pass
        finally:
            self._connection = None
            self._is_idle.set()
        return None

    def stop(self) -> None:
        """Break off what runs, and return when it has ended; nothing runs afterwards."""
        self._is_stopped.set()
        end = time.monotonic() + PATIENCE
        # A connection that is being made has a time limit of its own.
        while not self._is_idle.wait(CANCEL_EVERY):
            connection = self._connection
            if connection is None:
                continue
            # It may be closed meanwhile, or the database may be gone.
            with suppress(psycopg.Error, OSError, ValueError):
                if time.monotonic() < end:
                    connection.cancel_safe(timeout=CANCEL_WITHIN)
                else:
                    _hang_up(connection)

    def _opened(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection
        if self._is_stopped.is_set():
            connection.close()
            raise _StoppedError

    def _check(self, *_: object) -> None:
        if self._is_stopped.is_set():
            raise _StoppedError


def _maintain(connection: Connection) -> int:
    try:
        partitions.maintain(connection)
    except DatabaseError as error:
        connection.rollback()
        log.warning("partitions_not_made", error=first_line(error))
    return len(partitions.missing(connection))


def _hang_up(connection: psycopg.Connection[Any]) -> None:
    """Wake up the thread that waits for an answer: it finds that the connection has ended."""
    with socket.socket(fileno=os.dup(connection.pgconn.socket)) as shared:
        shared.shutdown(socket.SHUT_RDWR)
