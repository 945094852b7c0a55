"""Whether a database is fit to serve from: a PostgreSQL itself, whose sessions and locks are its own.

A pooler in transaction mode gives each transaction another session: locks that are held between two
transactions, such as those of tasks and of migrations, exclude nobody then, and settings are lost.
"""

from __future__ import annotations

import secrets
from contextlib import closing
from typing import TYPE_CHECKING, Any

import psycopg

from aboveboard_server.storage.postgres_connect import UnfitError, connect

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aboveboard_server.storage.postgres_connect import Connection

# Rounds of the test: a busy pooler may give a session the same connection twice by accident.
ROUNDS = 3
# The first of two numbers: what is locked here is nothing that anything else locks.
LOCK = 0x61626F77
POOLED = (
    "a pooler in transaction mode stands before the database, such as PgBouncer: it takes away a session's"
    " locks and settings; name PostgreSQL itself in --database, or set pool_mode = session"
)
NO_LOCKS = (
    "the database is no PostgreSQL, or not itself: an advisory lock that one session holds is given to"
    " another; name a PostgreSQL in --database"
)

_LOOK = "SELECT pg_backend_pid(), current_setting('aboveboard.session', true)"
_KEEP = "SELECT set_config('aboveboard.session', %s, false)"
_TRY = "SELECT pg_try_advisory_lock(%s::int, %s::int)"
_LET_GO = "SELECT pg_advisory_unlock(%s::int, %s::int)"


def check_engine(parameters: Mapping[str, Any]) -> None:
    """Raise UnfitError where two sessions on the database do not keep apart."""
    try:
        with (
            closing(connect(parameters, autocommit=True)) as one,
            closing(connect(parameters)) as other,
        ):
            for _ in range(ROUNDS):
                _check_round(one, other)
    except psycopg.OperationalError:
        raise
    except psycopg.Error as error:
        raise UnfitError(NO_LOCKS) from error


def _check_round(one: Connection, other: Connection) -> None:
    """Lock in one session, each statement its own transaction; look from a transaction of another."""
    number, mark = secrets.randbits(31), secrets.token_hex(8)
    place = (LOCK, number)
    one.execute(_KEEP, (mark,))
    own = _look(one)
    if own[1] != mark:
        raise UnfitError(POOLED)
    if not _one(one.execute(_TRY, place)):
        raise UnfitError(NO_LOCKS)
    # Its transaction stays open: a pooler must give the first session another connection meanwhile.
    if _look(other)[0] == own[0]:
        raise UnfitError(POOLED)
    if _one(other.execute(_TRY, place)):
        raise UnfitError(NO_LOCKS)
    if _look(one) != own:
        raise UnfitError(POOLED)
    other.rollback()
    if not _one(one.execute(_LET_GO, place)):
        raise UnfitError(POOLED)


def _look(connection: Connection) -> tuple[Any, ...]:
    """Return the process that serves a session now, and what the session has kept."""
    # As the server says it: what libpq knows of the process is the pooler's.
    return connection.execute(_LOOK).fetchone() or ()


def _one(cursor: psycopg.Cursor[tuple[Any, ...]]) -> Any:
    found = cursor.fetchone()
    return found[0] if found else None
