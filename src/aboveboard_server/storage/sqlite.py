"""The SQLite store: one writer, and read-only connections beside it."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import astuple
from typing import TYPE_CHECKING, TypeVar

import structlog
from sqlalchemy.exc import DBAPIError

from aboveboard_server.errors import StoreUnavailableError
from aboveboard_server.schema import catalog as schema_catalog
from aboveboard_server.schema import rows
from aboveboard_server.storage import frames, unit_of_work
from aboveboard_server.storage.forbidden import Forbidden
from aboveboard_server.storage.loss import DAY, loss_statement
from aboveboard_server.storage.patience import to_its_end
from aboveboard_server.storage.ports import QUARANTINE, QUARANTINE_COLUMNS, Loss, QuarantinedEvent
from aboveboard_server.storage.sqlite_sessions import Sessions
from aboveboard_server.storage.writer_link import WriterLink

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence
    from pathlib import Path

    from aboveboard_server.background import Background
    from aboveboard_server.schema.catalog import Catalog
    from aboveboard_server.storage.forbidden import Known
    from aboveboard_server.storage.ownership import FileOwnership
    from aboveboard_server.storage.ports import CommitResult, EventBatch, P, Replay, Unit

log = structlog.get_logger()
T = TypeVar("T")


class SqliteStore:
    """Keeps the EventStore contract on one file. The writer lives in a process of its own.

    `ownership` is the lock on the file: taken before the schema was looked at, let go at the very end.
    """

    def __init__(
        self, path: Path, ownership: FileOwnership, background: Background, catalog: Catalog | None = None
    ) -> None:
        catalog = catalog or schema_catalog.default()
        self._path = path
        self._catalog = catalog
        self._ownership = ownership
        self._source_columns = rows.source_columns(catalog)
        self._forbidden = Forbidden()
        self._tasks: set[str] = set()
        columns = {event.name: rows.columns(catalog, event) for event in catalog.events}
        columns[QUARANTINE] = QUARANTINE_COLUMNS
        greeting = (str(path.absolute()), columns, self._source_columns)
        self._writer = WriterLink(greeting, self._on_ready, ownership.descriptor, background)
        # When events were stored last.
        self._asked_at = time.monotonic()
        self._reading = ThreadPoolExecutor(2, "sqlite-reader")
        self._urgent = ThreadPoolExecutor(1, "sqlite-urgent")

    def prepare(self, batch: EventBatch) -> None:
        """See EventStore.prepare."""
        frames.pack_batch(batch)

    async def commit(self, batches: Sequence[EventBatch]) -> list[CommitResult]:
        """See EventStore.commit."""
        self._asked_at = time.monotonic()
        results = frames.to_results(await self._writer.ask("commit", frames.from_batches(batches)))
        if any(result.stale for result in results):
            # The writer was told of a deletion before we were.
            await self._catch_up()
        return results

    async def probe(self) -> None:
        """See EventStore.probe."""
        await self._writer.ask("probe", None)

    async def size(self) -> int:
        """See EventStore.size."""
        files = (self._path, self._path.with_name(f"{self._path.name}-wal"))
        try:
            return sum(file.stat().st_size for file in files if file.exists())
        except OSError as error:
            raise StoreUnavailableError from error

    async def work(self, unit: Unit[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """See EventStore.work."""
        operation = "work_that_stores" if unit_of_work.is_obeying(unit) else "work"
        asked = self._writer.ask(operation, unit_of_work.pack(unit, args, kwargs))
        outcome = await to_its_end(asked)
        if unit_of_work.is_forbidding(unit) or unit_of_work.is_obeying(unit):
            await self._catch_up()
        done: T = unit_of_work.unpack_outcome(outcome)
        return done

    async def read(self, unit: Unit[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """See EventStore.read."""

        def run(db: sqlite3.Connection) -> T:
            try:
                with Sessions(db).session() as session:
                    return unit(session, *args, **kwargs)
            except DBAPIError as error:
                raise error.orig or error from None

        return await self._read(run, self._urgent if unit_of_work.is_urgent(unit) else self._reading)

    @asynccontextmanager
    async def alone(self, task: str) -> AsyncIterator[bool]:
        """See EventStore.alone: the file is this server's own, and so are its tasks."""
        held = task not in self._tasks
        if held:
            self._tasks.add(task)
        try:
            yield held
        finally:
            if held:
                self._tasks.remove(task)

    @property
    def forbidden(self) -> Forbidden:
        """See EventStore.forbidden."""
        return self._forbidden

    async def replay(self, items: Sequence[Replay]) -> list[str]:
        """See EventStore.replay."""
        done: list[str] = await self._writer.ask("replay", [astuple(item) for item in items])
        return done

    @property
    def scrubs(self) -> bool:
        """See EventStore.scrubs."""
        return True

    async def scrub(self, *, quiet_seconds: float) -> bool:
        """See EventStore.scrub."""
        if time.monotonic() - self._asked_at < quiet_seconds:
            return False
        done: bool = await self._writer.ask("scrub", None)
        return done

    async def empty_log(self) -> bool:
        """See EventStore.empty_log."""
        done: bool = await self._writer.ask("empty_log", None)
        return done

    async def make_room(self) -> None:
        """See EventStore.make_room."""
        await self._writer.ask("make_room", None)

    async def pin_keys(self, fingerprints: Mapping[str, str]) -> list[str]:
        """See EventStore.pin_keys."""
        foreign: list[str] = await self._writer.ask("pin_keys", dict(fingerprints))
        return foreign

    async def rolled_back(self) -> int:
        """See EventStore.rolled_back: a file that one server owns does not go back under it."""
        await asyncio.Event().wait()
        return 0

    def resume(self, rollbacks: int) -> None:
        """See EventStore.resume."""

    async def quarantined(
        self, *, before: int | None = None, after: int | None = None, limit: int, whole: bool = False
    ) -> list[QuarantinedEvent]:
        """See EventStore.quarantined."""
        names = ", ".join(f"source.{name}" for name in self._source_columns)
        extra = f", envelope, source_id, origin, {names}" if whole else ""
        where, order, bound = (
            ("quarantined_event_id > ?", "ASC", after)
            if after is not None
            else ("(?1 IS NULL OR quarantined_event_id < ?1)", "DESC", before)
        )
        statement = (
            "SELECT quarantined_event_id, event_field_number, event_id, received_at, reason,"
            f" length(envelope), occurred_at_corrected - occurred_at{extra}"
            f" FROM {QUARANTINE} JOIN source USING (source_id)"
            f" WHERE {where} AND deletion_id IS NULL ORDER BY quarantined_event_id {order} LIMIT ?"
        )
        found = await self._read(lambda db: db.execute(statement, (bound, limit)).fetchall())
        head = 10 if whole else 7
        return [QuarantinedEvent(*row[:head], *([row[head:]] if whole else [])) for row in found]

    async def loss(self, *, first_day: int, last_day: int, solution: str) -> list[Loss]:
        """See EventStore.loss."""
        tables = [event.name for event in self._catalog.events]
        statement = loss_statement(tables, f"occurred_at_corrected / {DAY}", "?", by_solution=bool(solution))
        bounds = (first_day * DAY, (last_day + 1) * DAY)
        parameters = (*bounds * len(tables), *([solution] if solution else []))
        found = await self._read(lambda db: db.execute(statement, parameters).fetchall())
        return [Loss(*row) for row in found]

    async def close(self) -> None:
        """See EventStore.close."""
        await self._writer.close()
        self._reading.shutdown()
        self._urgent.shutdown()
        self._ownership.release()

    def _on_ready(self, known: Known) -> None:
        """Take what a new writer read from the file as what holds."""
        self._forbidden.take_known(known)

    async def _catch_up(self) -> None:
        """Take in what the writer knows of what may not be stored."""
        self._forbidden.take(await self._writer.ask("changes_since", self._forbidden.epoch))

    async def _read(
        self, work: Callable[[sqlite3.Connection], T], threads: ThreadPoolExecutor | None = None
    ) -> T:
        def read() -> T:
            db = sqlite3.connect(
                f"{self._path.absolute().as_uri()}?mode=ro", uri=True, check_same_thread=False
            )
            try:
                return work(db)
            finally:
                db.close()

        try:
            return await asyncio.get_running_loop().run_in_executor(threads or self._reading, read)
        except sqlite3.OperationalError as error:
            # A full disk, a lost file, a lock: it may pass. The driver's text may repeat what was sent.
            log.error("store_unavailable", error=error.sqlite_errorname)  # noqa: TRY400  # for the same reason
            raise StoreUnavailableError from error
