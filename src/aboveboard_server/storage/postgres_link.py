"""A connection to PostgreSQL that is made anew by itself when it is lost.

While there is none, whoever needs it is refused at once: a caller that waits learns nothing, and fills the
queue. Between times it is tried again and again.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import psycopg
import structlog
from psycopg.pq import TransactionStatus

from aboveboard_server.errors import StartupError, StoreUnavailableError
from aboveboard_server.storage.postgres_connect import connect_async

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from types import TracebackType

    from aboveboard_server.background import Background, Loop

    Connection = psycopg.AsyncConnection[tuple[Any, ...]]

log = structlog.get_logger()

# Seconds until a lost connection is tried again; the full rate must be there 5 s after the database is.
RETRY_SECONDS = 0.5
# Seconds for a use of the connection: beyond it the database, or the way to it, counts as gone.
USE_SECONDS = 20.0
# A standby, or a database made read-only, cannot commit: that may pass, as after a failover.
UNAVAILABLE = (psycopg.OperationalError, psycopg.InterfaceError, psycopg.errors.ReadOnlySqlTransaction)


class Link:
    """One connection, used by one task at a time.

    `prepare` is called with each new connection before its first use.
    """

    def __init__(
        self,
        name: str,
        parameters: Mapping[str, Any],
        prepare: Callable[[Connection], Awaitable[None]],
        background: Background,
    ) -> None:
        self._name = name
        self._parameters = parameters
        self._prepare = prepare
        self._connection: Connection | None = None
        self._lock = asyncio.Lock()
        self._background = background
        self._reconnecting: Loop | None = None

    async def open(self) -> None:
        """Connect; StartupError where that cannot be done now."""
        try:
            await self._connect()
        except UNAVAILABLE as error:
            raise StartupError(f"cannot reach the database: {first_line(error)}") from error

    def use(self) -> _Use:
        """Lend the connection; StoreUnavailableError where there is none, or where it fails meanwhile.

        A transaction that is left open by an error is rolled back. What was committed by a connection that
        failed is unknown, and so not told as done.
        """
        return _Use(self)

    async def borrow(self) -> Connection:
        """Take the connection once nobody else has it: for `use` alone, as is `give_back`."""
        await self._lock.acquire()
        if self._connection is None:
            self._lock.release()
            raise StoreUnavailableError
        return self._connection

    async def give_back(self, connection: Connection, error: BaseException | None) -> None:
        """Let others have the connection, after an error where there was one."""
        try:
            try:
                # A connection that broke amid an answer leaves an error of no class of its own.
                broke = isinstance(error, psycopg.Error) and connection.closed
                if error is not None and (broke or isinstance(error, (*UNAVAILABLE, TimeoutError))):
                    self._lose(error)
                    raise StoreUnavailableError from error
            finally:
                await self._tidy()
        finally:
            self._lock.release()

    async def close(self) -> None:
        """Close the connection, once whoever uses it is done."""
        if self._reconnecting is not None:
            await self._reconnecting.stop()
        async with self._lock:
            if self._connection is not None:
                await self._connection.close()
                self._connection = None

    async def _tidy(self) -> None:
        """Leave no transaction open behind: what cannot be rolled back at once is given up."""
        connection = self._connection
        if connection is None or connection.pgconn.transaction_status == TransactionStatus.IDLE:
            return
        try:
            async with asyncio.timeout(USE_SECONDS):
                await connection.execute("ROLLBACK")
        except (psycopg.Error, TimeoutError) as error:
            self._lose(error)

    def _lose(self, error: BaseException) -> None:
        if self._connection is None:
            return
        # An error's text names hosts and may go on to repeat what was sent: its first line stays here.
        log.error("database_lost", link=self._name, error=first_line(error))
        self._connection.pgconn.finish()
        self._connection = None
        self._reconnecting = self._background.start(f"reconnect-{self._name}", self._reconnect)

    async def _reconnect(self) -> None:
        told = ""
        while True:
            try:
                await self._connect()
            except psycopg.Error as error:
                # Of any class: a database that is being restored may lack its tables for a while.
                if (why := first_line(error)) != told:
                    # Each reason once: one that does not pass by itself is for an operator to know.
                    log.warning("database_away", link=self._name, error=why)
                    told = why
                await asyncio.sleep(RETRY_SECONDS)
            else:
                log.info("database_back", link=self._name)
                return

    async def _connect(self) -> None:
        connection = await connect_async(self._parameters)
        try:
            async with asyncio.timeout(USE_SECONDS):
                await self._prepare(connection)
        except TimeoutError as error:
            connection.pgconn.finish()
            raise psycopg.OperationalError("no answer from the database") from error
        except BaseException:
            connection.pgconn.finish()
            raise
        self._connection = connection


class _Use:
    """One use of a link's connection; see Link.use.

    A class, since a lone caller waits for every call that a generator with its decorator makes.
    """

    __slots__ = ("_connection", "_link", "_timeout")

    def __init__(self, link: Link) -> None:
        self._link = link

    async def __aenter__(self) -> Connection:
        self._connection = await self._link.borrow()
        self._timeout = asyncio.timeout(USE_SECONDS)
        await self._timeout.__aenter__()
        return self._connection

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await self._timeout.__aexit__(kind, error, trace)
        except TimeoutError as late:
            error = late
        await self._link.give_back(self._connection, error)


async def roll_back(connection: Connection) -> None:
    """Roll back the transaction that is open, if any: PostgreSQL's log would tell of one that is not."""
    if connection.pgconn.transaction_status != TransactionStatus.IDLE:
        await connection.execute("ROLLBACK")


def first_line(error: BaseException) -> str:
    """Return what a driver says in its first line; what follows may repeat data."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
