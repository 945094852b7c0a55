"""SQLModel sessions on PostgreSQL, for units of work: each runs in a thread, in a transaction of its own."""

from __future__ import annotations

import asyncio
import contextvars
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import sqlalchemy
import structlog
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from aboveboard_server.errors import StoreUnavailableError
from aboveboard_server.storage import postgres_sql as sql
from aboveboard_server.storage import unit_of_work
from aboveboard_server.storage.patience import to_its_end
from aboveboard_server.storage.postgres_connect import connect
from aboveboard_server.storage.postgres_link import UNAVAILABLE, first_line
from aboveboard_server.storage.postgres_settings import STATEMENT_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

T = TypeVar("T")
log = structlog.get_logger()

# Seconds that a unit may wait for the transactions that store, which take a fraction of one.
LOCK_SECONDS = 10


class PostgresSessions:
    """Runs units of work on so many connections of its own, each in a thread of its own; beyond, units wait.

    `parameters` are libpq's. `patience` is how many seconds a statement may take.
    """

    def __init__(
        self,
        name: str,
        parameters: Mapping[str, Any],
        connections: int,
        patience: int = STATEMENT_SECONDS,
    ) -> None:
        # Threads of its own: those that the whole process shares would be used up by units that wait.
        self._threads = ThreadPoolExecutor(connections, f"postgres-{name}")
        self._engine = sqlalchemy.create_engine(
            "postgresql+psycopg://",
            creator=lambda: connect(parameters, patience),
            pool_size=connections,
            max_overflow=0,
            pool_pre_ping=True,
        )

    async def work(self, unit: Callable[..., T], args: tuple[Any, ...], kwargs: dict[str, Any]) -> T:
        """Run a unit in one transaction; StoreUnavailableError where the database cannot do it now."""
        return await to_its_end(self._in_a_thread(unit, args, kwargs))

    async def read(self, unit: Callable[..., T], args: tuple[Any, ...], kwargs: dict[str, Any]) -> T:
        """Run a unit that reads, on one moment's state of the database; errors as for `work`."""

        def reading(session: Session) -> T:
            session.connection().exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            return unit(session, *args, **kwargs)

        return await self.work(reading, (), {})

    def close(self) -> None:
        """Close the connections, which nobody uses any more."""
        self._threads.shutdown()
        self._engine.dispose()

    async def _in_a_thread(self, unit: Callable[..., T], args: tuple[Any, ...], kwargs: dict[str, Any]) -> T:
        context = contextvars.copy_context()
        run = partial(context.run, self._run, unit, args, kwargs)
        return await asyncio.get_running_loop().run_in_executor(self._threads, run)

    def _run(self, unit: Callable[..., T], args: tuple[Any, ...], kwargs: dict[str, Any]) -> T:
        try:
            with Session(self._engine) as session:
                lock = _lock(unit)
                if lock:
                    connection = session.connection()
                    connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'")
                    connection.exec_driver_sql(lock)
                done: T = unit_of_work.run(session, unit, args, kwargs)
                session.commit()
                return done
        except DBAPIError as error:
            if isinstance(error.orig, UNAVAILABLE):
                log.error("store_unavailable", error=first_line(error.orig))  # noqa: TRY400  # its text may repeat data
                raise StoreUnavailableError from error
            raise


def _lock(unit: Callable[..., Any]) -> str:
    """Return the statement that takes what a unit must hold against others, empty where that is nothing."""
    if unit_of_work.is_forbidding(unit):
        return sql.EXCLUSIVE
    return sql.SHARED if unit_of_work.is_obeying(unit) else ""
