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
from sqlalchemy.exc import DBAPIError
from sqlmodel import SQLModel

from aboveboard_server.storage.work.erasing import ERASER_LOCK

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Table

log = structlog.get_logger()

MONTHS_BEHIND = 1
MONTHS_AHEAD = 3
# Bytes of a default partition up to which it may be looked through under its lock: some milliseconds.
SMALL = 16 * 1024 * 1024
LOCK_TIMEOUT = "SET LOCAL lock_timeout = '2s'"
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


def missing(connection: Connection, today: dt.date | None = None) -> list[str]:
    """Return the names of the partitions that are not there of the months around `today`."""
    found = _missing(connection, Month.of(today or dt.datetime.now(dt.UTC).date()))
    return [month.partition_of(table.name) for table, month in found]


def maintain(connection: Connection) -> None:
    """Make partitions ahead, unless another server is at it; what fails does not keep the others from it."""
    with only_one(connection, wait=False) as held:
        if not held:
            return
        done = []
        for table, month in _missing(connection, Month.of(dt.datetime.now(dt.UTC).date())):
            name = month.partition_of(table.name)
            try:
                _create(connection, table, month)
            except DBAPIError as error:
                connection.rollback()
                # No driver's text: it may repeat data.
                log.warning("partition_not_made", partition=name, error=type(error.orig).__name__)
            else:
                done.append(name)
        if done:
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

    To attach locks the default partition alone; CREATE TABLE … PARTITION OF would lock the whole table. A
    large default partition is proven to hold none of these rows before it is locked: see `_exclude`.
    """
    new = _New(table, month)
    excluded = _bytes(connection, new.default) > SMALL
    if excluded:
        _exclude(connection, new)
    try:
        with connection.begin():
            _attach(connection, new, excluded=excluded)
    except DBAPIError:
        connection.rollback()
        if excluded:
            _include(connection, new)
        raise


@dataclass(frozen=True, slots=True)
class _New:
    """A partition that is being made."""

    table: Table
    month: Month

    @property
    def name(self) -> str:
        return self.month.partition_of(self.table.name)

    @property
    def default(self) -> str:
        return f"{self.table.name}_default"

    @property
    def without(self) -> str:
        """The constraint by which the default partition holds none of its rows."""
        return f"{self.default}_without_{self.month.year}_{self.month.month:02}"

    @property
    def low(self) -> str:
        return self.month.first_id

    @property
    def high(self) -> str:
        return self.month.plus(1).first_id


def _exclude(connection: Connection, new: _New) -> None:
    """Let no more rows of a month into the default partition.

    Until the month has its partition, batches with such rows are answered as unavailable, and no others.
    """
    known = text(
        "SELECT count(*) FROM pg_constraint WHERE conname = :name AND conrelid = CAST(:table AS regclass)"
    )
    with connection.begin():
        connection.execute(text(LOCK_TIMEOUT))
        if connection.execute(known, {"name": new.without, "table": new.default}).scalar_one():
            # A server that was killed has left it.
            return
        # NOT VALID: rows that are there are not looked at, so that the lock is held for a moment only.
        connection.execute(
            text(
                f"ALTER TABLE {new.default} ADD CONSTRAINT {new.without}"
                f" CHECK (event_id < '{new.low}' OR event_id >= '{new.high}') NOT VALID"
            )
        )


def _include(connection: Connection, new: _New) -> None:
    """Let the rows of a month into the default partition again."""
    try:
        with connection.begin():
            connection.execute(text(LOCK_TIMEOUT))
            connection.execute(text(f"ALTER TABLE {new.default} DROP CONSTRAINT IF EXISTS {new.without}"))
    except DBAPIError as error:
        connection.rollback()
        log.error("partition_not_made", partition=new.name, error=type(error.orig).__name__)  # noqa: TRY400  # its text may repeat data


def _attach(connection: Connection, new: _New, *, excluded: bool) -> None:
    """Move a month's rows to a partition of its own and attach it, in the transaction that is open.

    No reader may hold up the lock on the default partition, for every writer would wait behind it.
    """
    columns = ", ".join(new.table.columns.keys())
    within = f"{new.name}_within"
    connection.execute(text(LOCK_TIMEOUT))
    # A deletion that runs meanwhile would miss rows on their way.
    connection.execute(text(f"SELECT pg_advisory_xact_lock({ERASER_LOCK})"))
    # With its indexes, and proof of its rows' range, for nothing is to be done about them under the lock.
    connection.execute(
        text(
            f"CREATE TABLE {new.name} (LIKE {new.table.name} INCLUDING INDEXES,"
            f" CONSTRAINT {within} CHECK (event_id >= '{new.low}' AND event_id < '{new.high}'))"
        )
    )
    if not excluded:
        connection.execute(text(f"LOCK TABLE {new.default} IN ACCESS EXCLUSIVE MODE"))
    connection.execute(
        text(
            f"WITH moved AS (DELETE FROM {new.default} WHERE event_id >= CAST(:low AS uuid)"
            f" AND event_id < CAST(:high AS uuid) RETURNING {columns})"
            f" INSERT INTO {new.name} ({columns}) SELECT {columns} FROM moved"
        ),
        {"low": new.low, "high": new.high},
    )
    if excluded:
        # Reads the whole partition, beside all who read and write.
        connection.execute(text(f"ALTER TABLE {new.default} VALIDATE CONSTRAINT {new.without}"))
    # DDL takes no parameters; the limits are UUIDs made above.
    connection.execute(
        text(
            f"ALTER TABLE {new.table.name} ATTACH PARTITION {new.name}"
            f" FOR VALUES FROM ('{new.low}') TO ('{new.high}')"
        )
    )
    connection.execute(text(f"ALTER TABLE {new.name} DROP CONSTRAINT {within}"))
    if excluded:
        connection.execute(text(f"ALTER TABLE {new.default} DROP CONSTRAINT {new.without}"))


def _bytes(connection: Connection, table: str) -> int:
    size = connection.scalar(text("SELECT pg_relation_size(CAST(:table AS regclass))"), {"table": table})
    connection.rollback()
    return int(size or 0)
