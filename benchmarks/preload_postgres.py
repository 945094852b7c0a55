"""Fills a PostgreSQL database with events and their sources."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from psycopg import sql

from aboveboard_server.storage.columns import EPOCH, MICROSECOND
from benchmarks.events import source_row, templates
from benchmarks.ids import IdMaker, now_ms
from benchmarks.jobs import WriteSpec
from benchmarks.preload import FIRST_SOURCE, HISTORY_MS, ROWS_PER_SOURCE
from benchmarks.raw_postgres import connect, copies, prepared, write

if TYPE_CHECKING:
    from benchmarks.raw_postgres import Connection

BATCH = 500
BATCHES_PER_COMMIT = 20
TIMES = ("first_seen_at", "last_seen_at")


def fill(url: str, there: int, count: int) -> None:
    """Add `count` rows to a database that has `there` already."""
    spec = WriteSpec(url, events=count, batch=BATCH, batches_per_commit=BATCHES_PER_COMMIT)
    first, sources = FIRST_SOURCE + there // ROWS_PER_SOURCE, count // ROWS_PER_SOURCE
    ids = IdMaker("v7", now_ms() - HISTORY_MS, count // HISTORY_MS + 1)
    how = copies()
    with connect(url) as connection:
        # Nothing of a preload is acknowledged to anyone: it need not be safe before it is complete.
        connection.execute("SET synchronous_commit = off")
        first_id = _add_sources(connection, first, sources)
        connection.commit()
        for commit in prepared(spec, ids, templates(), sources, first_id):
            write(connection, how, commit)
        connection.commit()
        connection.autocommit = True
        connection.execute("VACUUM ANALYZE")
        connection.execute("CHECKPOINT")


def _add_sources(connection: Connection, first: int, count: int) -> int:
    """Add sources, and return the id of the first: the ids of the others follow it."""
    seen_at = time.time_ns() // 1_000
    ids = []
    for number in range(count):
        row: dict[str, object] = dict(source_row(first + number, seen_at))
        row |= dict.fromkeys(TIMES, EPOCH + seen_at * MICROSECOND)
        names = sql.SQL(", ").join(map(sql.Identifier, row))
        marks = sql.SQL(", ").join([sql.Placeholder()] * len(row))
        insert = sql.SQL("INSERT INTO source ({}) VALUES ({}) RETURNING source_id").format(names, marks)
        found = connection.execute(insert, list(row.values())).fetchone()
        ids.append(int(found[0]) if found else 0)
    if ids != list(range(ids[0], ids[0] + count)):
        raise ValueError("source ids with gaps")
    return ids[0]
