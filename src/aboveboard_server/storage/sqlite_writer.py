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
    from collections.abc import Callable, Mapping, Sequence
    from collections.abc import Set as AbstractSet
    from pathlib import Path

    from aboveboard_server.schema.rows import Row
    from aboveboard_server.storage.ports import EventBatch, OptOutChange, Replay

T = TypeVar("T")

# Rows in one INSERT: more gain nothing, and each size is a statement to be compiled and kept.
ROWS_PER_INSERT = 50
# Fewer rows of one batch than this go together with those of others: a statement costs more than a row.
FEWEST_WITH_SHARED_HEAD = 8
# One for each table and number of rows, with a shared head and without.
CACHED_STATEMENTS = 4096

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
class _Segment:
    """The rows of one batch for one table, and the two values that stand before each of them."""

    head: Row
    rows: list[Row]
    result: CommitResult


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
        self._statements: dict[tuple[str, int, bool], str] = {}

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
        tables: dict[str, list[_Segment]] = {}
        for batch in batches:
            result = CommitResult(opted_out=not self._opted_out.isdisjoint(batch.source.subjects))
            results.append(result)
            if result.opted_out:
                continue
            head = (self._registry.source_id(batch.source, batch.received_at), batch.received_at)
            for table, rows in batch.rows.items():
                tables.setdefault(table, []).append(_Segment(head, rows, result))
        for table, segments in tables.items():
            self._insert(table, segments)
        return results

    def _insert(self, table: str, segments: Sequence[_Segment]) -> None:
        """Insert rows: those of one batch share its head, the few that are left over go together."""
        rest: list[tuple[Row, CommitResult, int]] = []
        for segment in segments:
            for start in range(0, len(segment.rows), ROWS_PER_INSERT):
                rows = segment.rows[start : start + ROWS_PER_INSERT]
                if len(rows) < FEWEST_WITH_SHARED_HEAD:
                    rest += _with_head(segment, rows, start)
                    continue
                try:
                    self._db.execute(
                        self._statement(table, len(rows), shared_head=True),
                        (*segment.head, *itertools.chain.from_iterable(rows)),
                    )
                except sqlite3.IntegrityError:
                    self._insert_each(table, _with_head(segment, rows, start))
        for start in range(0, len(rest), ROWS_PER_INSERT):
            chunk = rest[start : start + ROWS_PER_INSERT]
            try:
                self._db.execute(
                    self._statement(table, len(chunk)),
                    tuple(itertools.chain.from_iterable(row for row, _, _ in chunk)),
                )
            except sqlite3.IntegrityError:
                self._insert_each(table, chunk)

    def _insert_each(self, table: str, rows: Sequence[tuple[Row, CommitResult, int]]) -> None:
        """Insert rows one by one, and note in their results those whose key was there already.

        A constraint that failed has backed out its own statement alone and left the transaction open.
        """
        for row, result, position in rows:
            if not self._insert_one(table, row):
                result.duplicates.setdefault(table, []).append(position)

    def _insert_one(self, table: str, row: Row) -> bool:
        statement = self._statement(table, 1) + " ON CONFLICT DO NOTHING"
        return self._db.execute(statement, row).rowcount == 1

    def _statement(self, table: str, rows: int, *, shared_head: bool = False) -> str:
        """Return an INSERT of that many rows; with a shared head its two values come once, and first."""
        statement = self._statements.get((table, rows, shared_head))
        if statement is None:
            names = self._columns[table]
            head = "?1, ?2" if shared_head else "?, ?"
            one = f"({head}{', ?' * (len(names) - 2)})"
            statement = f"INSERT INTO {table} ({', '.join(names)}) VALUES {', '.join([one] * rows)}"
            self._statements[table, rows, shared_head] = statement
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
        statement = f"DELETE FROM {QUARANTINE} WHERE quarantined_event_id = ?"
        if not self._db.execute(statement, (item.quarantined_event_id,)).rowcount:
            # Erased since it was read, or replayed by someone else: it must not come back.
            return "DUPLICATE"
        if not self._opted_out.isdisjoint(item.subjects):
            return "OPTED_OUT"
        if item.row is None:
            return "DROPPED"
        stored = self._insert_one(item.table, (item.source_id, item.received_at, *item.row))
        return "REPLAYED" if stored else "DUPLICATE"


def _with_head(segment: _Segment, rows: list[Row], start: int) -> list[tuple[Row, CommitResult, int]]:
    """Return each row whole, with the result it belongs to and its position there."""
    return [(segment.head + row, segment.result, start + offset) for offset, row in enumerate(rows)]
