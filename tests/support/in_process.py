"""The SQLite store without its process: the same writer and the same file, quick to close and to open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.support.batches import SCHEMA

from aboveboard_server.schema import rows
from aboveboard_server.storage import unit_of_work
from aboveboard_server.storage.ports import QUARANTINE, QUARANTINE_COLUMNS
from aboveboard_server.storage.sqlite_writer import SqliteWriter

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from aboveboard_server.storage.ports import CommitResult, EventBatch


class InProcess:
    """What of EventStore a restore needs."""

    def __init__(self, path: Path) -> None:
        columns = {event.name: rows.columns(SCHEMA, event) for event in SCHEMA.events}
        columns[QUARANTINE] = QUARANTINE_COLUMNS
        self.writer = SqliteWriter(path, columns, rows.source_columns(SCHEMA))
        # Nobody cuts the power here.
        self.writer._db.execute("PRAGMA synchronous = OFF")  # noqa: SLF001  # said by nobody else

    async def work(self, unit: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        """See EventStore.work."""
        packed = unit_of_work.pack(unit, args, kwargs)
        return unit_of_work.unpack_outcome(self.writer.work(packed))

    # It reads where it writes.
    read = work

    async def pin_keys(self, fingerprints: Mapping[str, str]) -> list[str]:
        """See EventStore.pin_keys."""
        return self.writer.pin_keys(fingerprints)

    async def make_room(self) -> None:
        """See EventStore.make_room."""

    def commit(self, batches: list[EventBatch]) -> list[CommitResult]:
        """See EventStore.commit."""
        return self.writer.commit(batches)

    def close(self) -> None:
        """Let go of the file."""
        self.writer.close()
