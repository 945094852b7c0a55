"""Cuts the event tables of PostgreSQL into months, so that a month that has expired is dropped at once.

The range is that of the event id itself: a UUIDv7 begins with its time, and so the primary key stays unique
over all partitions. Random ids, and those of clocks far off, lie in the default partition.
"""

from __future__ import annotations

import datetime as dt
import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import text
from sqlmodel import SQLModel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Table

log = structlog.get_logger()

MONTHS_BEHIND = 1
MONTHS_AHEAD = 3
# Held by whoever changes tables or partitions: one at a time over all servers of a database.
SCHEMA_LOCK = 0x61626F76_0001

# The names of all partitions that there are.
PARTITIONS = (
    "SELECT relname FROM pg_class WHERE relispartition AND relkind = 'r' AND pg_table_is_visible(oid)"
)


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
        """The least id of the month: 48 bits of its first millisecond, and zeros."""
        start = dt.datetime(self.year, self.month, 1, tzinfo=dt.UTC)
        return str(uuid.UUID(int=int(start.timestamp()) * 1_000 << 80))

    def partition_of(self, table: str) -> str:
        """Return the name of the month's partition."""
        return f"{table}_{self.year}_{self.month:02}"


def is_partitioned(table: Table) -> bool:
    """Whether PostgreSQL keeps the table in partitions."""
    return table.dialect_options["postgresql"]["partition_by"] is not None


def create_default(connection: Connection, table: Table) -> None:
    """Give a new table the partition that takes whatever no month does."""
    connection.execute(text(f"CREATE TABLE {table.name}_default PARTITION OF {table.name} DEFAULT"))


def create_missing(connection: Connection, today: dt.date | None = None) -> list[str]:
    """Create the partitions of the months around `today`, each in a transaction; return a line for each.

    The connection has no transaction open, and none afterwards.
    """
    done = []
    for table, month in _missing(connection, Month.of(today or dt.datetime.now(dt.UTC).date())):
        _create(connection, table, month)
        done.append(f"partition {month.partition_of(table.name)}")
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


def maintain(connection: Connection) -> None:
    """Make partitions ahead, unless another server is at it."""
    with only_one(connection, wait=False) as held:
        if held and (done := create_missing(connection)):
            log.info("partitions_made", partitions=done)


def _missing(connection: Connection, current: Month) -> list[tuple[Table, Month]]:
    existing = set(connection.scalars(text(PARTITIONS)))
    connection.rollback()
    months = [current.plus(offset) for offset in range(-MONTHS_BEHIND, MONTHS_AHEAD + 1)]
    return [
        (table, month)
        for table in SQLModel.metadata.sorted_tables
        for month in months
        if is_partitioned(table) and month.partition_of(table.name) not in existing
    ]


def _create(connection: Connection, table: Table, month: Month) -> None:
    """Make a month's partition out of the default one's rows of that month, if any, and attach it.

    To attach locks the default partition alone; CREATE TABLE … PARTITION OF would lock the whole table. No
    reader may hold up the lock, for every writer would wait behind it.
    """
    partition, default = month.partition_of(table.name), f"{table.name}_default"
    columns = ", ".join(table.columns.keys())
    limits = {"low": month.first_id, "high": month.plus(1).first_id}
    with connection.begin():
        connection.execute(text("SET LOCAL lock_timeout = '2s'"))
        connection.execute(text(f"CREATE TABLE {partition} (LIKE {table.name})"))
        connection.execute(text(f"LOCK TABLE {default} IN ACCESS EXCLUSIVE MODE"))
        connection.execute(
            text(
                f"WITH moved AS (DELETE FROM {default} WHERE event_id >= CAST(:low AS uuid)"
                f" AND event_id < CAST(:high AS uuid) RETURNING {columns})"
                f" INSERT INTO {partition} ({columns}) SELECT {columns} FROM moved"
            ),
            limits,
        )
        # DDL takes no parameters; the limits are UUIDs made above.
        connection.execute(
            text(
                f"ALTER TABLE {table.name} ATTACH PARTITION {partition}"
                f" FOR VALUES FROM ('{limits['low']}') TO ('{limits['high']}')"
            )
        )
