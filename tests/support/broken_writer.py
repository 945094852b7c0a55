"""A writer process whose database driver fails where a source's `solution` asks for it."""

from __future__ import annotations

import sqlite3
import time
from typing import TYPE_CHECKING

from aboveboard_server.storage import writer_process
from aboveboard_server.storage.sqlite_writer import SqliteWriter

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aboveboard_server.storage.ports import CommitResult, EventBatch

CANARY = "CANARY-0451"
# Seconds between a writer's last answer and its end, which closing a file may well take.
SECONDS_TO_CLOSE = 0.3


class BrokenDiskError(sqlite3.OperationalError):
    """An error after which the writer ends, for the next one to open the file anew."""

    sqlite_errorname = "SQLITE_IOERR_WRITE"


ERRORS: dict[str, Exception] = {
    error: kind(CANARY)
    for error, kind in {
        "fail with RuntimeError": RuntimeError,
        "fail with DatabaseError": sqlite3.DatabaseError,
        "fail with ProgrammingError": sqlite3.ProgrammingError,
        "fail with OperationalError": sqlite3.OperationalError,
        "fail with BrokenDiskError": BrokenDiskError,
    }.items()
}

store = SqliteWriter._store  # noqa: SLF001  # the innermost place, inside the transaction
close = SqliteWriter.close


def close_late(self: SqliteWriter) -> None:
    """Close as ever, but late."""
    time.sleep(SECONDS_TO_CLOSE)
    close(self)


def fail_or_store(self: SqliteWriter, batches: Iterable[EventBatch]) -> list[CommitResult]:
    """Store as ever, then fail if one of the sources asks for it: what was stored must be rolled back."""
    batches = list(batches)
    done = store(self, batches)
    for batch in batches:
        for value in batch.source.values:
            if isinstance(value, str) and value in ERRORS:
                raise ERRORS[value]
    return done


if __name__ == "__main__":
    SqliteWriter._store = fail_or_store  # type: ignore[method-assign]  # noqa: SLF001  # as above
    SqliteWriter.close = close_late  # type: ignore[method-assign]  # it is what a test breaks
    writer_process.main()
