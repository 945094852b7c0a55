"""Fills a SQLite file with events and their sources."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

from benchmarks.events import source_row, templates
from benchmarks.ids import IdMaker, now_ms
from benchmarks.jobs import WriteSpec
from benchmarks.preload import FIRST_SOURCE, HISTORY_MS, ROWS_PER_SOURCE
from benchmarks.raw_sqlite import connect, prepared, write

if TYPE_CHECKING:
    import sqlite3

BATCH = 500
BATCHES_PER_COMMIT = 20


def fill(url: str, there: int, count: int) -> None:
    """Add `count` rows to a database that has `there` already."""
    spec = WriteSpec(url, events=count, batch=BATCH, batches_per_commit=BATCHES_PER_COMMIT)
    first, sources = FIRST_SOURCE + there // ROWS_PER_SOURCE, count // ROWS_PER_SOURCE
    ids = IdMaker("v7", now_ms() - HISTORY_MS, max(1, count // HISTORY_MS + 1))
    with contextlib.closing(connect(url)) as db:
        # Nothing of a preload is acknowledged to anyone: it need not be safe before it is complete.
        db.execute("PRAGMA synchronous = OFF")
        first_id = _add_sources(db, first, sources)
        for commit in prepared(spec, ids, templates(), sources, first_id):
            write(db, commit)
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        db.execute("PRAGMA optimize")


def _add_sources(db: sqlite3.Connection, first: int, count: int) -> int:
    """Add sources, and return the id of the first."""
    seen_at = time.time_ns() // 1_000
    (taken,) = db.execute("SELECT coalesce(max(source_id), 0) FROM source").fetchone()
    db.execute("BEGIN IMMEDIATE")
    for number in range(count):
        row = source_row(first + number, seen_at)
        names = ", ".join(["source_id", *row])
        marks = ", ".join("?" * (len(row) + 1))
        # The names are columns of the schema.
        db.execute(
            f"INSERT INTO source ({names}) VALUES ({marks})",  # noqa: S608  # see above
            (taken + 1 + number, *row.values()),
        )
    db.execute("COMMIT")
    return int(taken) + 1
