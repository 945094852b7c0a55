"""Whole months that have expired, on PostgreSQL: a partition is dropped at once, whatever it holds.

Its range is that of the ids made in its month, but what counts is the receipt: a row with an id of then that
was received later moves out first. Rows with other ids that were received then lie elsewhere, and go as rows.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from aboveboard_server.schema import tables
from aboveboard_server.storage.partitions import SCHEMA_LOCK, Month, is_partitioned
from aboveboard_server.storage.work import clock, jobs
from aboveboard_server.storage.work.expiry import UNHURRIED, go_by_index

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlmodel import Session

    from aboveboard_server.storage.work.clock import Period

# A partition with more late rows than this is emptied as rows: every writer waits while they move.
LATE_ROWS = 2_000
# How long writers may be held up by the wait for those who read the table.
LOCK_TIMEOUT = "1s"
_PARTITIONS = (
    "SELECT relname FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid"
    " WHERE inhparent = CAST(:table AS regclass) ORDER BY relname"
)
_INDEXES = (
    "SELECT indexrelid FROM pg_index JOIN pg_class c ON c.oid = indexrelid JOIN pg_am a ON a.oid = c.relam"
    " WHERE indrelid = CAST(:partition AS regclass) AND amname = 'brin'"
)


class Count(NamedTuple):
    """The rows of a partition that have expired, and whether it can be dropped."""

    expired: int
    droppable: bool


def expired(session: Session, table: str, limit: datetime) -> list[str]:
    """Return the partitions whose whole month lies before a limit; none on SQLite."""
    if session.get_bind().dialect.name != "postgresql":
        return []
    if not is_partitioned(tables.import_all().tables[table]):
        return []
    names = session.connection().execute(text(_PARTITIONS), {"table": table}).scalars()
    now = Month.of(limit)
    return [name for name in names if (month := _month(table, name)) and month < now]


def summarize(session: Session, partition: str) -> None:
    """Bring a partition's index of received times up to date: what it does not know of is read whole."""
    connection = session.connection()
    connection.execute(text(UNHURRIED))
    for index in connection.execute(text(_INDEXES), {"partition": partition}).scalars().all():
        connection.execute(text("SELECT brin_summarize_new_values(CAST(:index AS oid))"), {"index": index})


def count(session: Session, partition: str, limit: datetime) -> Count:
    """Count what has expired in a partition, and look whether few enough rows were received later."""
    spans = clock.periods(session)
    go_by_index(session)
    connection = session.connection()
    some = f"SELECT 1 FROM {partition} WHERE {_is_late(spans)} LIMIT {LATE_ROWS + 1}"
    late = connection.execute(text(f"SELECT count(*) FROM ({some}) AS found"), {"limit": limit}).scalar_one()
    connection.execute(text("SET LOCAL enable_seqscan = on"))
    whole = f"SELECT count(*) FROM {partition} WHERE NOT ({_is_late(spans)})"
    found = connection.execute(text(whole), {"limit": limit}).scalar_one()
    return Count(found, late <= LATE_ROWS)


def drop(  # noqa: PLR0913  # what is dropped, and how it is counted
    session: Session, job: str, table: str, partition: str, *, limit: datetime, rows: int
) -> int:
    """Drop a partition but for what was received later; return its rows, as counted before, 0 if not now.

    What a deletion has taken since it was counted is counted here as well: to count again would take as long
    as there are rows.
    """
    connection = session.connection()
    connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'"))
    go_by_index(session, in_a_hurry=True)
    if not connection.execute(text(f"SELECT pg_try_advisory_xact_lock({SCHEMA_LOCK})")).scalar_one():
        return 0
    try:
        connection.execute(text(f"ALTER TABLE {table} DETACH PARTITION {partition}"))
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", "") != "55P03":
            raise
        # Somebody reads the table for long. Its rows go as rows, or it goes another day.
        session.rollback()
        return 0
    # Now that their month is gone the default partition takes them.
    connection.execute(text(late_rows(table, partition, clock.periods(session))), {"limit": limit})
    connection.execute(text(f"DROP TABLE {partition}"))
    if rows:
        jobs.add_progress(session, job, table, rows)
    return rows


def late_rows(table: str, partition: str, spans: Sequence[Period] = ()) -> str:
    """Return the statement that moves what was received at a limit or later from a partition to its table.

    So it does with what was received in one of the spans, by a clock that was behind.
    """
    columns = ", ".join(tables.import_all().tables[table].columns.keys())
    return f"INSERT INTO {table} ({columns}) SELECT {columns} FROM {partition} WHERE {_is_late(spans)}"


def _is_late(spans: Sequence[Period]) -> str:
    # ISO texts of times, made here.
    within = "".join(
        f" OR (received_at >= '{start.isoformat()}' AND received_at < '{end.isoformat()}')"
        for start, end in spans
    )
    return f"received_at >= :limit{within}"


def _month(table: str, partition: str) -> Month | None:
    """Return the month of a partition, None for one that is no month's."""
    found = re.fullmatch(rf"{table}_(\d{{4}})_(\d\d)", partition)
    return Month(int(found[1]), int(found[2])) if found else None
