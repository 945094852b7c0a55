"""The SQLite store: one writer, and read-only connections beside it."""

from __future__ import annotations

import asyncio
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

import structlog

from aboveboard_server.errors import StoreUnavailableError
from aboveboard_server.schema import catalog as schema_catalog
from aboveboard_server.schema import rows
from aboveboard_server.storage.ports import QUARANTINE, QUARANTINE_COLUMNS, QuarantinedEvent
from aboveboard_server.storage.sqlite_writer import SqliteWriter

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from collections.abc import Set as AbstractSet
    from pathlib import Path

    from aboveboard_server.schema.catalog import Catalog
    from aboveboard_server.storage.ownership import FileOwnership
    from aboveboard_server.storage.ports import CommitResult, EventBatch, OptOutChange, Replay

log = structlog.get_logger()
T = TypeVar("T")


class SqliteStore:
    """Keeps the EventStore contract on one file. The writer lives in a thread of its own.

    `ownership` is the lock on the file: taken before the schema was looked at, let go at the very end.
    """

    def __init__(self, path: Path, ownership: FileOwnership, catalog: Catalog | None = None) -> None:
        catalog = catalog or schema_catalog.default()
        self._path = path
        self._ownership = ownership
        self._source_columns = rows.source_columns(catalog)
        columns = {event.name: rows.columns(catalog, event) for event in catalog.events}
        columns[QUARANTINE] = QUARANTINE_COLUMNS
        self._writer = SqliteWriter(path, columns, self._source_columns)
        self._writing = ThreadPoolExecutor(1, "sqlite-writer")
        self._reading = ThreadPoolExecutor(2, "sqlite-reader")

    async def commit(self, batches: Sequence[EventBatch]) -> list[CommitResult]:
        """See EventStore.commit."""
        return await self._write(lambda: self._writer.commit(batches))

    async def change_opt_out(self, change: OptOutChange) -> None:
        """See EventStore.change_opt_out."""
        await self._write(lambda: self._writer.change_opt_out(change))

    @property
    def opted_out(self) -> AbstractSet[bytes]:
        """See EventStore.opted_out."""
        return self._writer.opted_out

    async def replay(self, items: Sequence[Replay]) -> list[str]:
        """See EventStore.replay."""
        return await self._write(lambda: self._writer.replay(items))

    async def pin_keys(self, fingerprints: Mapping[str, str]) -> list[str]:
        """See EventStore.pin_keys."""
        return await self._write(lambda: self._writer.pin_keys(fingerprints))

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
            f" WHERE {where} ORDER BY quarantined_event_id {order} LIMIT ?"
        )
        found = await self._read(lambda db: db.execute(statement, (bound, limit)).fetchall())
        head = 10 if whole else 7
        return [QuarantinedEvent(*row[:head], *([row[head:]] if whole else [])) for row in found]

    async def close(self) -> None:
        """See EventStore.close."""
        await asyncio.get_running_loop().run_in_executor(self._writing, self._writer.close)
        self._writing.shutdown()
        self._reading.shutdown()
        self._ownership.release()

    async def _write(self, work: Callable[[], T]) -> T:
        return await self._run(self._writing, work)

    async def _read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        def read() -> T:
            db = sqlite3.connect(f"{self._path.absolute().as_uri()}?mode=ro", uri=True)
            try:
                return work(db)
            finally:
                db.close()

        return await self._run(self._reading, read)

    async def _run(self, executor: ThreadPoolExecutor, work: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(executor, work)
        except sqlite3.OperationalError as error:
            # A full disk, a lost file, a lock: it may pass. The text names paths: it is for the log alone.
            log.error("store_unavailable", error=str(error))  # noqa: TRY400  # a traceback says no more than the text
            raise StoreUnavailableError from error
