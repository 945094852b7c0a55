"""How every connection to PostgreSQL is made, and how its transactions are committed.

No other module connects. A connection has our session settings, belongs to a database whose encoding is
UTF8, and takes a commit for one only where PostgreSQL sends no warning with it: a commit that waited for a
standby and was cancelled is told as COMMIT, with a warning before it.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg

from aboveboard_server.storage.postgres_settings import STATEMENT_SECONDS, scripts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from psycopg.pq.abc import PGconn

UTF8 = "UTF8"
# How version() begins, and how much of another one is shown.
PRODUCT = "PostgreSQL "
SHOWN = 40


class UnfitError(psycopg.OperationalError):
    """A database or an engine that nothing is to be stored in; the text says why, and what to do."""


class UnconfirmedError(psycopg.OperationalError):
    """A commit came with a warning: whether it is durable is unknown, and its connection is given up."""

    def __init__(self) -> None:
        super().__init__("the commit was not confirmed: PostgreSQL sent a warning with it")


class Connection(psycopg.Connection[tuple[Any, ...]]):
    """A connection whose `commit` raises UnconfirmedError where it came with a warning."""

    def commit(self) -> None:
        """Commit the transaction that is open, if any."""
        with notices(self.pgconn) as seen:
            super().commit()
        if seen:
            self.close()
            raise UnconfirmedError


def connect(
    parameters: Mapping[str, Any], patience: int = STATEMENT_SECONDS, *, autocommit: bool = False
) -> Connection:
    """Connect as libpq's `parameters` say; psycopg.OperationalError where that cannot be done.

    A statement may take `patience` seconds; 0 for no limit.
    """
    connection = Connection.connect(**parameters, autocommit=True)
    try:
        with _refusals():
            check_encoding(connection.pgconn)
            first, second = scripts(patience)
            check_version(connection.execute(first).fetchone())
            connection.execute(second)
        connection.autocommit = autocommit
    except BaseException:
        connection.close()
        raise
    return connection


async def connect_async(parameters: Mapping[str, Any]) -> psycopg.AsyncConnection[tuple[Any, ...]]:
    """Connect in the event loop, in autocommit mode; see `connect`."""
    # psycopg prepares nothing here: after a ROLLBACK it drops all prepared statements, ours among them.
    connection = await psycopg.AsyncConnection.connect(**parameters, autocommit=True, prepare_threshold=None)
    try:
        with _refusals():
            check_encoding(connection.pgconn)
            first, second = scripts()
            check_version(await (await connection.execute(first)).fetchone())
            await connection.execute(second)
    except BaseException:
        connection.pgconn.finish()
        raise
    return connection


@contextmanager
def notices(connection: PGconn) -> Iterator[list[bool]]:
    """Collect a True for each notice or warning that comes meanwhile; nobody else is given it."""
    seen: list[bool] = []
    before, connection.notice_handler = connection.notice_handler, lambda _: seen.append(True)
    try:
        yield seen
    finally:
        connection.notice_handler = before


def check_encoding(connection: PGconn) -> None:
    """Raise UnfitError where texts of the database are not UTF8."""
    encoding = (connection.parameter_status(b"server_encoding") or b"unknown").decode("ascii", "replace")
    if encoding != UTF8:
        raise UnfitError(
            f"the encoding of the database is {encoding}, and UTF8 is required;"
            " make one with: CREATE DATABASE ... ENCODING 'UTF8' TEMPLATE template0"
        )


def check_version(row: tuple[Any, ...] | None) -> None:
    """Raise UnfitError where an engine, whose version() begins a row, only speaks PostgreSQL's protocol."""
    version = str(row[0]) if row else ""
    if not version.startswith(PRODUCT):
        raise UnfitError(
            f"the database is no PostgreSQL (its version is {version[:SHOWN]!r}), but an engine that speaks"
            " PostgreSQL's protocol; name a PostgreSQL in --database"
        )


@contextmanager
def _refusals() -> Iterator[None]:
    """Raise UnfitError where a session cannot be set up because of what the database or its role is."""
    try:
        yield
    except psycopg.errors.InsufficientPrivilege as error:
        raise UnfitError(
            "session_replication_role is not 'origin', and the server's role may not set it; run as a"
            " superuser: ALTER ROLE ... RESET session_replication_role, and the same for the database"
        ) from error
    except psycopg.OperationalError:
        raise
    except psycopg.Error as error:
        line = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise UnfitError(f"the database refuses the settings of our sessions: {line}") from error
