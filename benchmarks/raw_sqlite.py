"""The limit that SQLite itself sets: rows ready as tuples, no gRPC, no parsing, no verdicts.

Same tables, indexes, pragmas and durability as the service's own writer, in transactions of eight batches.
"""

from __future__ import annotations

import contextlib
import itertools
import sqlite3
import time
from typing import TYPE_CHECKING, Any

from aboveboard_server.storage.sqlite_writer import CACHED_STATEMENTS, PRAGMAS, ROWS_PER_INSERT
from benchmarks.events import SOURCES, TYPES, columns, stored_rows, templates
from benchmarks.ids import IdMaker
from benchmarks.jobs import WriteSpec, answer
from benchmarks.stores import sqlite_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import TypeAlias

    from aboveboard_server.schema.rows import Row
    from benchmarks.events import Template
    from benchmarks.jobs import Result

    # One transaction: statements, each with the rows that it inserts.
    Commit: TypeAlias = list[tuple[str, list[Row]]]


def run(raw_spec: dict[str, Any]) -> Result:
    """Write what a spec describes, as fast as SQLite takes it."""
    spec = WriteSpec(**raw_spec)
    commits = list(prepared(spec, IdMaker(spec.ids), templates()))
    with contextlib.closing(connect(spec.database)) as db:
        done = 0
        begun = time.perf_counter()
        own = time.process_time()
        for commit in commits:
            write(db, commit)
            done += 1
            if time.perf_counter() - begun > spec.seconds:
                break
        seconds = time.perf_counter() - begun
        own = time.process_time() - own
    events = done * spec.batch * spec.batches_per_commit
    return {"events": events, "seconds": seconds, "events_per_second": events / seconds, "cpu": own / seconds}


def connect(url: str) -> sqlite3.Connection:
    """Open a database with the writer's own settings."""
    db = sqlite3.connect(sqlite_file(url), isolation_level=None, cached_statements=CACHED_STATEMENTS)
    for pragma in PRAGMAS:
        db.execute(pragma)
    return db


def write(db: sqlite3.Connection, commit: Commit) -> None:
    """Execute one transaction."""
    db.execute("BEGIN IMMEDIATE")
    for statement, rows in commit:
        db.execute(statement, tuple(itertools.chain.from_iterable(rows)))
    db.execute("COMMIT")


def prepared(
    spec: WriteSpec, ids: IdMaker, mix: Sequence[Template], sources: int = SOURCES, first_source: int = 1
) -> Iterator[Commit]:
    """Yield the transactions of a run; its batches come from the sources by turns."""
    received_at = time.time_ns() // 1_000
    batches = itertools.count()
    for _ in range(spec.events // (spec.batch * spec.batches_per_commit)):
        by_table: dict[str, list[Row]] = {table: [] for table in TYPES}
        for batch in itertools.islice(batches, spec.batches_per_commit):
            head = (first_source + batch % sources, received_at + batch)
            for table, row in stored_rows(mix, ids.take(spec.batch), head):
                by_table[table].append(row)
        yield [
            (insert(table, len(chunk)), chunk)
            for table, rows in by_table.items()
            for chunk in (rows[at : at + ROWS_PER_INSERT] for at in range(0, len(rows), ROWS_PER_INSERT))
        ]


def insert(table: str, rows: int) -> str:
    """Return the statement that inserts so many rows into a table."""
    names = columns(table)
    one = f"({', '.join('?' * len(names))})"
    # Table and columns come from the schema.
    return f"INSERT INTO {table} ({', '.join(names)}) VALUES {', '.join([one] * rows)}"  # noqa: S608  # see above


if __name__ == "__main__":
    answer(run)
