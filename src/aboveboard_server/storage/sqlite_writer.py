"""The only write connection to a SQLite file.

Plain and synchronous: whoever hosts it, a thread or a process, calls it from one place at a time. Two
connections that write or checkpoint at once can corrupt a WAL database before SQLite 3.51.3.
"""

from __future__ import annotations

import itertools
import sqlite3
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from aboveboard_server.storage.ports import QUARANTINE, CommitResult
from aboveboard_server.storage.registry import SourceRegistry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet
    from pathlib import Path

    from aboveboard_server.schema.rows import Row
    from aboveboard_server.storage.ports import EventBatch, OptOutChange, Replay

T = TypeVar("T")

# Rows in one INSERT: more gain nothing, and each size is a statement to be compiled and kept.
ROWS_PER_INSERT = 50
CACHED_STATEMENTS = 1024

PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    # An acknowledged event is on the disk: FULL syncs the log at every commit.
    "PRAGMA synchronous = FULL",
    # Deleted cells are overwritten; VACUUM does the rest when a deletion asks for it.
    "PRAGMA secure_delete = ON",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA cache_size = -65536",
)


@dataclass(slots=True)
class _Pending:
    """The rows of one table in one commit: parameters in a row, and where each row came from."""

    parameters: list[Row]
    origins: list[tuple[CommitResult, int]]


class SqliteWriter:
    """Writes to the file at `path`. `columns` names, by table, a row's columns after source and receipt."""

    def __init__(
        self, path: Path, columns: Mapping[str, tuple[str, ...]], source_columns: tuple[str, ...]
    ) -> None:
        self._db = sqlite3.connect(
            path, isolation_level=None, cached_statements=CACHED_STATEMENTS, check_same_thread=False
        )
        for pragma in PRAGMAS:
            self._db.execute(pragma)
        self._columns = {table: ("source_id", "received_at", *names) for table, names in columns.items()}
        self._registry = SourceRegistry(self._db, source_columns)
        self._opted_out = {
            digest
            for (digest,) in self._db.execute("SELECT subject_digest FROM opt_out WHERE revoked_at IS NULL")
        }
        self._statements: dict[tuple[str, int], str] = {}

    @property
    def opted_out(self) -> AbstractSet[bytes]:
        """The digests of every Subject whose opt-out is in force."""
        return self._opted_out

    def commit(self, batches: Sequence[EventBatch]) -> list[CommitResult]:
        """Store batches in one transaction; see EventStore.commit."""
        return self._in_transaction(lambda: self._store(batches))

    def change_opt_out(self, change: OptOutChange) -> bool:
        """Make an opt-out's change durable; return whether any opt-out of that Subject is in force now."""
        in_force = self._in_transaction(lambda: self._write_opt_out(change))
        if in_force:
            self._opted_out.add(change.subject_digest)
        else:
            self._opted_out.discard(change.subject_digest)
        return in_force

    def replay(self, items: Sequence[Replay]) -> list[str]:
        """Move quarantined events to their tables; see EventStore.replay."""
        return self._in_transaction(lambda: [self._replay_one(item) for item in items])

    def pin_keys(self, fingerprints: Mapping[str, str]) -> list[str]:
        """Remember fingerprints seen first, and return the names of those that do not match."""

        def pin() -> list[str]:
            self._db.executemany(
                "INSERT INTO key_fingerprint (name, fingerprint) VALUES (?, ?) ON CONFLICT DO NOTHING",
                fingerprints.items(),
            )
            known = dict(self._db.execute("SELECT name, fingerprint FROM key_fingerprint"))
            return [name for name, fingerprint in fingerprints.items() if known[name] != fingerprint]

        return self._in_transaction(pin)

    def close(self) -> None:
        """Close the connection; SQLite moves the log into the file."""
        self._db.close()

    def _in_transaction(self, work: Callable[[], T]) -> T:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            done = work()
            self._db.execute("COMMIT")
        except BaseException:
            self._registry.forget_uncommitted()
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise
        self._registry.keep_committed()
        return done

    def _store(self, batches: Sequence[EventBatch]) -> list[CommitResult]:
        results = []
        tables: dict[str, _Pending] = {}
        for batch in batches:
            result = CommitResult(opted_out=not self._opted_out.isdisjoint(batch.source.subjects))
            results.append(result)
            if result.opted_out:
                continue
            head = (self._registry.source_id(batch.source, batch.received_at), batch.received_at)
            for table, rows in batch.rows.items():
                pending = tables.setdefault(table, _Pending([], []))
                pending.parameters += [head + row for row in rows]
                pending.origins += [(result, position) for position in range(len(rows))]
        for table, pending in tables.items():
            for position in self._insert(table, pending.parameters):
                result, row = pending.origins[position]
                result.duplicates.setdefault(table, []).append(row)
        return results

    def _insert(self, table: str, rows: list[Row]) -> Iterator[int]:
        """Insert rows and yield the positions of those whose key was there already."""
        for start in range(0, len(rows), ROWS_PER_INSERT):
            chunk = rows[start : start + ROWS_PER_INSERT]
            try:
                # A constraint that fails backs out this statement alone and leaves the transaction open.
                self._db.execute(
                    self._insert_statement(table, len(chunk)), tuple(itertools.chain.from_iterable(chunk))
                )
            except sqlite3.IntegrityError:
                yield from (
                    start + offset for offset, row in enumerate(chunk) if not self._insert_one(table, row)
                )

    def _insert_one(self, table: str, row: Row) -> bool:
        statement = self._insert_statement(table, 1) + " ON CONFLICT DO NOTHING"
        return self._db.execute(statement, row).rowcount == 1

    def _insert_statement(self, table: str, rows: int) -> str:
        statement = self._statements.get((table, rows))
        if statement is None:
            names = self._columns[table]
            one = f"({', '.join('?' * len(names))})"
            # Table and columns come from the schema, never from a caller.
            statement = f"INSERT INTO {table} ({', '.join(names)}) VALUES {', '.join([one] * rows)}"
            self._statements[table, rows] = statement
        return statement

    def _write_opt_out(self, change: OptOutChange) -> bool:
        subject = (change.subject_digest, change.subject_kind, change.origin)
        where = "subject_digest = ? AND subject_kind = ? AND origin = ? AND revoked_at IS NULL"
        if not change.disabled:
            self._db.execute(
                f"UPDATE opt_out SET revoked_at = ? WHERE {where}", (change.changed_at, *subject)
            )
        elif not self._db.execute(f"SELECT 1 FROM opt_out WHERE {where}", subject).fetchone():
            self._db.execute(
                "INSERT INTO opt_out (opt_out_id, subject_digest, subject_kind, origin, created_at)"
                " VALUES (?, ?, ?, ?, ?)",
                (str(uuid.uuid4()), *subject, change.changed_at),
            )
        in_force = "SELECT 1 FROM opt_out WHERE subject_digest = ? AND revoked_at IS NULL"
        return self._db.execute(in_force, (change.subject_digest,)).fetchone() is not None

    def _replay_one(self, item: Replay) -> str:
        self._db.execute(
            f"DELETE FROM {QUARANTINE} WHERE quarantined_event_id = ?",
            (item.quarantined_event_id,),
        )
        if not self._opted_out.isdisjoint(item.subjects):
            return "OPTED_OUT"
        if item.row is None:
            return "DROPPED"
        stored = self._insert_one(item.table, (item.source_id, item.received_at, *item.row))
        return "REPLAYED" if stored else "DUPLICATE"
