"""SQLModel sessions on PostgreSQL, for units of work: each runs in a thread, in a transaction of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import psycopg
import sqlalchemy
import structlog
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from aboveboard_server.errors import StoreUnavailableError
from aboveboard_server.storage import postgres_sql as sql
from aboveboard_server.storage import unit_of_work
from aboveboard_server.storage.postgres_link import UNAVAILABLE, first_line

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

T = TypeVar("T")
log = structlog.get_logger()

# Connections at once: what is asked for beyond that waits.
CONNECTIONS = 2
# Seconds that a unit may wait for the transactions that store, which take a fraction of one.
LOCK_SECONDS = 10


class PostgresSessions:
    """Runs units of work on connections of its own. `parameters` are libpq's."""

    def __init__(self, parameters: Mapping[str, Any]) -> None:
        self._engine = sqlalchemy.create_engine(
            "postgresql+psycopg://",
            creator=lambda: psycopg.connect(**parameters),
            pool_size=CONNECTIONS,
            max_overflow=0,
            pool_pre_ping=True,
        )
        sqlalchemy.event.listen(self._engine, "connect", _set_up)

    def run(self, unit: Callable[..., T], args: tuple[Any, ...], kwargs: dict[str, Any]) -> T:
        """Run a unit in one transaction; StoreUnavailableError where the database cannot do it now."""
        try:
            with Session(self._engine) as session:
                if unit_of_work.is_forbidding(unit):
                    connection = session.connection()
                    connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'")
                    connection.exec_driver_sql(sql.EXCLUSIVE)
                done: T = unit_of_work.run(session, unit, args, kwargs)
                session.commit()
                return done
        except DBAPIError as error:
            if isinstance(error.orig, UNAVAILABLE):
                log.error("store_unavailable", error=first_line(error.orig))  # noqa: TRY400  # its text may repeat data
                raise StoreUnavailableError from error
            raise

    def read(self, unit: Callable[..., T], args: tuple[Any, ...], kwargs: dict[str, Any]) -> T:
        """Run a unit that reads, on one moment's state of the database."""

        def reading(session: Session) -> T:
            session.connection().exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            return unit(session, *args, **kwargs)

        return self.run(reading, (), {})

    def close(self) -> None:
        """Close the connections that nobody uses."""
        self._engine.dispose()


def _set_up(connection: Any, _record: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql.SESSION)
    connection.commit()
