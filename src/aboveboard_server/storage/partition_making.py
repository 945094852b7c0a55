"""Makes a partition beside those who write: without a lock that lasts, and without a refusal that is felt.

PostgreSQL attaches a partition only where the default one holds none of its rows. It reads a small one for
that under its lock. Of a large one a constraint has to say so before, which is proven beside the writers and
meanwhile refuses the rows it speaks of: so only ids of a time that is yet to come are ever excluded. What
came of a month before then stays in the default partition, and goes from there by its age, row by row.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from aboveboard_server.storage.work.erasing import ERASER_LOCK

if TYPE_CHECKING:
    from sqlalchemy import Connection, Table

log = structlog.get_logger()

# Bytes of a default partition up to which it may be looked through under its lock: some milliseconds.
SMALL = 16 * 1024 * 1024
LOCK_TIMEOUT = "SET LOCAL lock_timeout = '2s'"
# How often the lock is asked for that takes a constraint away, and the seconds between, in which those go on
# who waited behind it.
RELEASES = 5
PAUSE = 1.0
# Stands in the name of each constraint that excludes rows, and in no other's.
WITHOUT = "_without_"
_EXCLUSIONS = (
    "SELECT conname FROM pg_constraint WHERE contype = 'c' AND conrelid = to_regclass(:table)"
    f" AND starts_with(conname, :table || '{WITHOUT}') ORDER BY conname"
)


@dataclass(frozen=True, slots=True)
class New:
    """A partition that is to be made, of the ids from `low` to below `high`.

    With `is_proven` the default partition is too large to be looked through under its lock.
    """

    table: Table
    name: str
    low: str
    high: str
    is_proven: bool

    @property
    def default(self) -> str:
        """The partition that has taken its rows so far."""
        return default_of(self.table)

    @property
    def without(self) -> str:
        """The constraint by which the default partition holds none of its rows."""
        return f"{self.default}{WITHOUT}{self.name.removeprefix(f'{self.table.name}_')}"


def default_of(table: Table) -> str:
    """Return the name of the partition that takes whatever no month does."""
    return f"{table.name}_default"


def is_large(connection: Connection, table: Table) -> bool:
    """Whether a table's default partition is too large to be read under its lock, or somebody locks it."""
    size = text("SELECT pg_relation_size(CAST(:table AS regclass))")
    try:
        with connection.begin():
            connection.execute(text(LOCK_TIMEOUT))
            return int(connection.scalar(size, {"table": default_of(table)}) or 0) > SMALL
    except DBAPIError:
        connection.rollback()
        return True


def make(connection: Connection, new: New) -> None:
    """Make a partition out of the default one's rows of its range, if any, and attach it.

    To attach locks the default partition alone; CREATE TABLE … PARTITION OF would lock the whole table.
    """
    if new.is_proven:
        _exclude(connection, new)
    # A server that was killed may have left it, and the default partition may be small since.
    is_excluded = new.without in exclusions(connection, new.table)
    try:
        with connection.begin():
            _attach(connection, new, is_excluded=is_excluded)
    except DBAPIError:
        connection.rollback()
        if is_excluded:
            release(connection, new.default, new.without)
        raise


def exclusions(connection: Connection, table: Table) -> list[str]:
    """Return the constraints that keep rows out of a table's default partition."""
    found = list(connection.scalars(text(_EXCLUSIONS), {"table": default_of(table)}))
    connection.rollback()
    return found


def release(connection: Connection, default: str, without: str) -> None:
    """Let the rows into a default partition again that a constraint excludes."""
    for attempt in range(1, RELEASES + 1):
        try:
            with connection.begin():
                connection.execute(text(LOCK_TIMEOUT))
                connection.execute(text(f"ALTER TABLE {default} DROP CONSTRAINT IF EXISTS {without}"))
        except DBAPIError as error:
            connection.rollback()
            if attempt == RELEASES:
                # The next maintenance tries again, long before anybody sends such rows.
                log.error("constraint_not_dropped", constraint=without, error=type(error.orig).__name__)  # noqa: TRY400  # its text may repeat data
                return
            time.sleep(PAUSE)
        else:
            return


def _exclude(connection: Connection, new: New) -> None:
    """Let no more rows of a partition's range into the default one."""
    with connection.begin():
        connection.execute(text(LOCK_TIMEOUT))
        # A server that was killed may have left one, of another range. NOT VALID: rows that are there are not
        # looked at, so that the lock is held for a moment only.
        connection.execute(
            text(
                f"ALTER TABLE {new.default} DROP CONSTRAINT IF EXISTS {new.without},"
                f" ADD CONSTRAINT {new.without}"
                f" CHECK (event_id < '{new.low}' OR event_id >= '{new.high}') NOT VALID"
            )
        )


def _attach(connection: Connection, new: New, *, is_excluded: bool) -> None:
    """Move the rows of a range to a partition of its own and attach it, in the transaction that is open.

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
    if not new.is_proven:
        connection.execute(text(f"LOCK TABLE {new.default} IN ACCESS EXCLUSIVE MODE"))
    connection.execute(
        text(
            f"WITH moved AS (DELETE FROM {new.default} WHERE event_id >= CAST(:low AS uuid)"
            f" AND event_id < CAST(:high AS uuid) RETURNING {columns})"
            f" INSERT INTO {new.name} ({columns}) SELECT {columns} FROM moved"
        ),
        {"low": new.low, "high": new.high},
    )
    if new.is_proven:
        # Reads the whole partition, beside all who read and write.
        connection.execute(text(f"ALTER TABLE {new.default} VALIDATE CONSTRAINT {new.without}"))
    # DDL takes no parameters; the limits are UUIDs of our own.
    connection.execute(
        text(
            f"ALTER TABLE {new.table.name} ATTACH PARTITION {new.name}"
            f" FOR VALUES FROM ('{new.low}') TO ('{new.high}')"
        )
    )
    connection.execute(text(f"ALTER TABLE {new.name} DROP CONSTRAINT {within}"))
    if is_excluded:
        connection.execute(text(f"ALTER TABLE {new.default} DROP CONSTRAINT {new.without}"))
