"""The only write connection to a SQLite file.

Plain and synchronous: whoever hosts it, a thread or a process, calls it from one place at a time. Two
connections that write or checkpoint at once can corrupt a WAL database before SQLite 3.51.3.
"""

from __future__ import annotations

import sqlite3
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from aboveboard_server.errors import ServiceError
from aboveboard_server.garbage import collect_less_often
from aboveboard_server.schema.rows import in_rows
from aboveboard_server.storage.forbidden import CHANGES_AT_ONCE, PARAMETERS, Forbidden, changes_since
from aboveboard_server.storage.ports import QUARANTINE, CommitResult
from aboveboard_server.storage.registry import SourceRegistry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path
    from typing import TypeAlias

    from aboveboard_server.schema.rows import Row, Value
    from aboveboard_server.storage.forbidden import Change, Known
    from aboveboard_server.storage.ports import EventBatch, Replay
    from aboveboard_server.storage.sqlite_sessions import Sessions

    # The result that a row belongs to, and its position there.
    _Place: TypeAlias = tuple[CommitResult, int]

T = TypeVar("T")

_LOADING = threading.Lock()

# The columns that the server's writer fills, before those of an event: the row's head.
HEAD = ("source_id", "received_at")
# Rows in one INSERT: more gain nothing, and each size is a statement to be compiled and kept.
ROWS_PER_INSERT = 50
# Fewer rows of one batch than this go together with those of others: a statement costs more than a row.
FEWEST_WITH_SHARED_HEAD = 8
# How long a lock that somebody else holds on the file is waited for.
BUSY_MILLISECONDS = 5_000
# One for each table and number of rows, with a shared head and without.
CACHED_STATEMENTS = 4096

_CHANGES = changes_since("?", "cut_off_at")

PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    # An acknowledged event is on the disk: FULL syncs the log at every commit.
    "PRAGMA synchronous = FULL",
    # Deleted cells are overwritten; VACUUM does the rest when a deletion asks for it.
    "PRAGMA secure_delete = ON",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA cache_size = -40960",
)


@dataclass(slots=True)
class _Few:
    """Rows of one table, few of each batch: their values, heads included, and the place of each row."""

    values: list[Value] = field(default_factory=list)
    places: list[_Place] = field(default_factory=list)


class SqliteWriter:
    """Writes to the file at `path`. `columns` names, by table, a row's columns after source and receipt."""

    def __init__(
        self, path: Path, columns: Mapping[str, tuple[str, ...]], source_columns: tuple[str, ...]
    ) -> None:
        self._db = sqlite3.connect(
            path,
            timeout=BUSY_MILLISECONDS / 1_000,
            isolation_level=None,
            cached_statements=CACHED_STATEMENTS,
            check_same_thread=False,
        )
        for pragma in PRAGMAS:
            self._db.execute(pragma)
        self._columns = {table: (*HEAD, *names) for table, names in columns.items()}
        self._widths = {table: len(names) for table, names in columns.items()}
        self._registry = SourceRegistry(self._db, source_columns)
        self._forbidden = Forbidden()
        self._sessions: Sessions | None = None
        self._read_forbidden()
        self._statements: dict[tuple[str, int, bool], str] = {}

    def commit(self, batches: Iterable[EventBatch]) -> list[CommitResult]:
        """Store batches in one transaction; see EventStore.commit."""
        return self._in_transaction(lambda: self._store(batches))

    def _open_sessions(self) -> Sessions:
        """Return what lends the sessions of units of work, made at the first call."""
        if self._sessions is None:
            load_units()
            from aboveboard_server.storage.sqlite_sessions import Sessions  # noqa: PLC0415  # see load_units

            self._sessions = Sessions(self._db)
        return self._sessions

    def work(self, call: bytes) -> bytes:
        """Run a packed unit of work in one transaction, and return its packed outcome."""
        sessions = self._open_sessions()
        # Late, as above: the sessions have imported these.
        from sqlalchemy.exc import DBAPIError  # noqa: PLC0415

        from aboveboard_server.storage import unit_of_work  # noqa: PLC0415

        unit, args, kwargs = unit_of_work.unpack(call)

        def run() -> Any:
            with sessions.session() as session:
                return unit_of_work.run(session, unit, args, kwargs)

        try:
            done = self._in_transaction(run)
        except ServiceError as error:
            done = error
        except DBAPIError as error:
            raise error.orig or error from None
        if unit_of_work.is_forbidding(unit):
            # Rows of the registry may be gone.
            self._registry.forget()
            self.changes_since(self._forbidden.epoch)
        return unit_of_work.pack_outcome(done)

    def forbidden(self) -> Known:
        """Return all that may not be stored."""
        return self._forbidden.known()

    def _read_forbidden(self) -> None:
        """Learn all that may not be stored, a part at a time: there may be a million opt-outs."""
        changes = self._db.execute(_CHANGES, (-1,) * PARAMETERS)
        # SQLite answers the parts of a UNION ALL in their order.
        epoch = changes.fetchone()
        while True:
            part: list[Change] = changes.fetchmany(CHANGES_AT_ONCE)
            self._forbidden.take([epoch, *part])
            if not part:
                return

    def changes_since(self, epoch: int) -> list[Change]:
        """Return every change after an epoch of what may not be stored, and obey it."""
        changes = self._db.execute(_CHANGES, (epoch,) * PARAMETERS).fetchall()
        self._forbidden.take(changes)
        return changes

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

    def probe(self) -> None:
        """Write a page and sync it, as a commit does."""
        # A number in the file's head that nobody reads; it is written though it stays the same.
        self._in_transaction(lambda: self._db.execute("PRAGMA user_version = 0"))

    def scrub(self) -> bool:
        """Write the file anew, and empty the log; return whether nobody's reading kept it from that.

        secure_delete alone leaves copies in the gaps of pages whose cells were moved.
        """
        # What VACUUM puts aside has no name, and holds only what stays.
        self._db.execute("PRAGMA temp_store = FILE")
        try:
            self._db.execute("VACUUM")
        finally:
            self._db.execute("PRAGMA temp_store = MEMORY")
        return self.empty_log()

    def empty_log(self) -> bool:
        """Move the log into the file, and cut it off; return whether nobody's reading kept it from that."""
        ((busy, _, _),) = self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        return not busy

    def bytes_in_use(self) -> int:
        """Return the size of what the file holds, without what was deleted."""
        pages, free, size = (
            int(self._db.execute(f"PRAGMA {name}").fetchone()[0])
            for name in ("page_count", "freelist_count", "page_size")
        )
        return (pages - free) * size

    def shrink(self) -> None:
        """Give the log's room back to the disk, unless somebody reads in it."""
        self._db.execute("PRAGMA busy_timeout = 0")
        try:
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            self._db.execute(f"PRAGMA busy_timeout = {BUSY_MILLISECONDS}")

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

    def _store(self, batches: Iterable[EventBatch]) -> list[CommitResult]:
        results = []
        # By table, the few rows of each batch that are inserted together with those of others.
        rest: dict[str, _Few] = {}
        for batch in batches:
            subjects = batch.source.subjects
            result = CommitResult(
                opted_out=not self._forbidden.allows(subjects),
                stale=self._forbidden.erased_since(subjects, batch.epoch),
            )
            results.append(result)
            if result.opted_out or result.stale:
                continue
            head: list[Value] = [
                self._registry.source_id(batch.source, batch.received_at),
                batch.received_at,
            ]
            for table, values in batch.values.items():
                width = self._widths[table]
                count = len(values) // width
                few = count % ROWS_PER_INSERT
                shared = count if few >= FEWEST_WITH_SHARED_HEAD else count - few
                if shared:
                    self._insert_shared(table, head, values[: shared * width], result)
                if shared < count:
                    together = rest.setdefault(table, _Few())
                    for position in range(shared, count):
                        together.values += head
                        together.values += values[position * width : (position + 1) * width]
                        together.places.append((result, position))
        for table, few_rows in rest.items():
            self._insert_few(table, few_rows)
        return results

    def _insert_shared(
        self, table: str, head: list[Value], values: list[Value], result: CommitResult
    ) -> None:
        """Insert rows of one batch, which share the two values of their head."""
        width = self._widths[table]
        for start in range(0, len(values), width * ROWS_PER_INSERT):
            some = values[start : start + width * ROWS_PER_INSERT]
            first, count = start // width, len(some) // width
            try:
                self._db.execute(self._statement(table, count, shared_head=True), head + some)
            except sqlite3.IntegrityError:
                places = [(result, position) for position in range(first, first + count)]
                self._insert_each(table, ((*head, *row) for row in in_rows(some, width)), places)

    def _insert_few(self, table: str, few: _Few) -> None:
        """Insert rows of any number of batches."""
        width = len(self._columns[table])
        for start in range(0, len(few.places), ROWS_PER_INSERT):
            places = few.places[start : start + ROWS_PER_INSERT]
            values = few.values[start * width : (start + ROWS_PER_INSERT) * width]
            try:
                self._db.execute(self._statement(table, len(places)), values)
            except sqlite3.IntegrityError:
                self._insert_each(table, in_rows(values, width), places)

    def _insert_each(self, table: str, rows: Iterable[Row], places: Iterable[_Place]) -> None:
        """Insert rows one by one, and note in their results those whose key was there already.

        A constraint that failed has backed out its own statement alone and left the transaction open.
        """
        for row, (result, position) in zip(rows, places, strict=True):
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
            one = f"({head}{', ?' * (len(names) - len(HEAD))})"
            statement = f"INSERT INTO {table} ({', '.join(names)}) VALUES {', '.join([one] * rows)}"
            self._statements[table, rows, shared_head] = statement
        return statement

    def _replay_one(self, item: Replay) -> str:
        living = "SELECT 1 FROM source WHERE source_id = ? AND deletion_id IS NULL"
        if not self._db.execute(living, (item.source_id,)).fetchone():
            # What is left of it is the deletion's to remove, and to count.
            return "SUBJECT_ERASED"
        statement = f"DELETE FROM {QUARANTINE} WHERE quarantined_event_id = ?"
        if not self._db.execute(statement, (item.quarantined_event_id,)).rowcount:
            # Replayed by someone else since it was read, or expired: it must not come back.
            return "DUPLICATE"
        if not self._forbidden.allows(item.subjects):
            return "OPTED_OUT"
        if self._forbidden.erased_since(item.subjects, item.epoch):
            return "SUBJECT_ERASED"
        if item.row is None:
            return "DROPPED"
        stored = self._insert_one(item.table, (item.source_id, item.received_at, *item.row))
        return "REPLAYED" if stored else "DUPLICATE"


def load_units() -> None:
    """Import what units of work need, half a second's work, so that the first one does not wait for it.

    May be called from a thread of its own, and again.
    """
    with _LOADING:
        # Late: events go without it, and a writer that follows a killed one is waited for.
        from aboveboard_server.storage import sqlite_sessions, unit_of_work  # noqa: F401, PLC0415
        from aboveboard_server.storage.work import access_keys  # noqa: F401, PLC0415  # with every table of ours

        # What was imported stays.
        collect_less_often()
