"""What holds of SQLite alone."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from aboveboard_server import bootstrap
from aboveboard_server.storage.sqlite_writer import PRAGMAS

if TYPE_CHECKING:
    from pathlib import Path


def test_a_commit_waits_for_the_disk(tmp_path: Path) -> None:
    """The writer's connection logs ahead (WAL) and syncs the log at every commit (FULL is 2)."""
    with closing(sqlite3.connect(tmp_path / "aboveboard.db")) as database:
        for pragma in PRAGMAS:
            database.execute(pragma)
        assert database.execute("PRAGMA synchronous").fetchone() == (2,)
        assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)


async def test_asking_whether_the_store_is_there_does_not_keep_it_from_being_scrubbed(tmp_path: Path) -> None:
    """Whoever looks every few seconds whether the server is ready sends no event."""
    store = await bootstrap.open_store(f"sqlite:///{tmp_path / 'aboveboard.db'}")
    try:
        await asyncio.sleep(0.5)
        await store.probe()
        assert await store.scrub(quiet_seconds=0.5)
    finally:
        await store.close()
