"""Cuts the event tables of PostgreSQL into months, so that a month that has expired is dropped at once.

The range is that of the event id itself: a UUIDv7 begins with its time, and so the primary key stays unique
over all partitions. Random ids, and those of clocks far off, lie in the default partition.
"""

from __future__ import annotations

import datetime as dt
import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import structlog
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlmodel import SQLModel

from aboveboard_server.storage.partition_making import (
    New,
    default_of,
    exclusions,
    is_large,
    make,
    release,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Table

log = structlog.get_logger()

MONTHS_BEHIND = 1
MONTHS_AHEAD = 3
# Days from today to the first whose ids nobody sends yet, but for clocks that are ahead by a day and more.
SOON = 2
# Held by whoever changes tables or partitions: one at a time over all servers of a database.
SCHEMA_LOCK = 0x61626F76_0001

# The names of all partitions that there are.
PARTITIONS = (
    "SELECT relname FROM pg_class WHERE relispartition AND relkind = 'r' AND pg_table_is_visible(oid)"
)
# A role, whether it may create tables, and the tables whose partitions are another's to make.
_RIGHTS = """
SELECT quote_ident(current_user), has_schema_privilege('public', 'CREATE'),
       ARRAY(SELECT relname::text FROM pg_class
              WHERE relkind = 'p' AND relnamespace = 'public'::regnamespace
                AND NOT pg_has_role(relowner, 'USAGE') ORDER BY relname)
"""


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A calendar month in UTC, and the range of the UUIDv7 made in it."""

    year: int
    month: int

    @classmethod
    def of(cls, day: dt.date) -> Month:
        """Return the month of a day."""
        return cls(day.year, day.month)

    def plus(self, months: int) -> Month:
        """Return the month so many months later."""
        year, month = divmod(self.year * 12 + self.month - 1 + months, 12)
        return Month(year, month + 1)

    @property
    def first_id(self) -> str:
        """The least id of the month."""
        return first_id(dt.date(self.year, self.month, 1))

    def partition_of(self, table: str) -> str:
        """Return the name of the month's partition."""
        return f"{table}_{self.year}_{self.month:02}"


class Refusal(NamedTuple):
    """Why a role may not make partitions, and what to do about it."""

    why: str
    do: str


def first_id(day: dt.date) -> str:
    """Return the least id of a day in UTC: 48 bits of its first millisecond, and zeros."""
    start = dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC)
    return str(uuid.UUID(int=int(start.timestamp()) * 1_000 << 80))


def is_partitioned(table: Table) -> bool:
    """Whether PostgreSQL keeps the table in partitions."""
    return table.dialect_options["postgresql"]["partition_by"] is not None


def create_default(connection: Connection, table: Table) -> None:
    """Give a new table the partition that takes whatever no month does."""
    connection.execute(text(f"CREATE TABLE {default_of(table)} PARTITION OF {table.name} DEFAULT"))


def create_missing(connection: Connection, today: dt.date | None = None) -> list[str]:
    """Create the partitions of the months around `today`, each in a transaction; return a line for each.

    The connection has no transaction open, and none afterwards.
    """
    done = []
    for new in _missing(connection, today):
        make(connection, new)
        done.append(f"partition {new.name}")
    return done


@contextmanager
def only_one(connection: Connection, *, wait: bool) -> Iterator[bool]:
    """Hold the schema's lock; yield whether it was had: without `wait`, not while someone else holds it."""
    if wait:
        connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": SCHEMA_LOCK})
        held = True
    else:
        statement = text("SELECT pg_try_advisory_lock(:lock)")
        held = bool(connection.execute(statement, {"lock": SCHEMA_LOCK}).scalar_one())
    connection.commit()
    try:
        yield held
    finally:
        connection.rollback()
        if held:
            connection.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": SCHEMA_LOCK})
            connection.commit()


def missing(connection: Connection, today: dt.date | None = None) -> list[str]:
    """Return the names of the partitions of the months around `today` that are to be made."""
    return [new.name for new in _missing(connection, today)]


def refusal(connection: Connection) -> Refusal | None:
    """Return why the role of a connection may not make partitions; None where it may."""
    role, may_create, others = connection.execute(text(_RIGHTS)).one()
    connection.rollback()
    if not may_create:
        why = f"the role {role} lacks CREATE on the schema public"
        return Refusal(why, f"GRANT CREATE ON SCHEMA public TO {role}")
    if others:
        why = (
            f"the role {role} does not own {others[0]}{f' and {len(others) - 1} more' if others[1:] else ''}"
        )
        return Refusal(why, f"ALTER TABLE {others[0]} OWNER TO {role}, and so each of them")
    return None


def maintain(connection: Connection) -> None:
    """Make partitions ahead, unless another server is at it; what fails does not keep the others from it."""
    with only_one(connection, wait=False) as held:
        if not held:
            return
        wanted = _missing(connection)
        if wanted and (refused := refusal(connection)):
            names = [new.name for new in wanted]
            log.error("partitions_not_made", partitions=names, error=refused.why, advice=refused.do)
            return
        _release_others(connection, wanted)
        done = []
        for new in wanted:
            try:
                make(connection, new)
            except DBAPIError as error:
                connection.rollback()
                # No driver's text: it may repeat data.
                log.warning("partition_not_made", partition=new.name, error=type(error.orig).__name__)
            else:
                done.append(new.name)
        if done:
            log.info("partitions_made", partitions=done)


def _release_others(connection: Connection, wanted: list[New]) -> None:
    """Drop what a server that was killed has left of a partition that is not made any more."""
    kept = {new.without for new in wanted}
    for table in _partitioned():
        for without in exclusions(connection, table):
            if without not in kept:
                release(connection, default_of(table), without)


def _missing(connection: Connection, today: dt.date | None = None) -> list[New]:
    """Return the partitions that are to be made.

    Beside a large default partition, see `partition_making`, a month that has begun gets one of what is yet
    to come of it, and none where that is nothing.
    """
    today = today or dt.datetime.now(dt.UTC).date()
    existing = set(connection.scalars(text(PARTITIONS)))
    connection.rollback()
    months = [Month.of(today).plus(offset) for offset in range(-MONTHS_BEHIND, MONTHS_AHEAD + 1)]
    soon = first_id(today + dt.timedelta(days=SOON))
    found = []
    for table in _partitioned():
        lacking = [month for month in months if month.partition_of(table.name) not in existing]
        is_proven = bool(lacking) and is_large(connection, table)
        for month in lacking:
            low, high = month.first_id, month.plus(1).first_id
            if is_proven:
                # Ids of a fixed form: as texts they stand in their order.
                low = max(low, soon)
            if low < high:
                found.append(New(table, month.partition_of(table.name), low, high, is_proven))
    return found


def _partitioned() -> list[Table]:
    return [table for table in SQLModel.metadata.sorted_tables if is_partitioned(table)]
