"""What is known of keys is never old, whatever else the store is asked meanwhile."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from contextlib import AsyncExitStack, asynccontextmanager, closing, contextmanager
from typing import TYPE_CHECKING

import psycopg
from sqlalchemy import text
from tests.support.batches import KEY, PATIENCE, comes_to_hold

from aboveboard.admin.v1 import key_pb2 as k
from aboveboard_server import bootstrap
from aboveboard_server.access.keys import Keys
from aboveboard_server.access.ring import KeyRing
from aboveboard_server.background import Background
from aboveboard_server.privacy.journal_writer import JournalWriter
from aboveboard_server.storage.postgres_sql import INGEST_LOCK

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from sqlmodel import Session
    from tests.integration.store.conftest import Backend

    from aboveboard_server.storage.ports import EventStore

# Seconds that others need the store for where nobody lets them go: longer than anything here may take.
LONG = 2 * PATIENCE
# More than there are connections, and threads that all the process shares.
MANY = 40
WRITE = k.CreateKeyRequest(kind=k.Key.KIND_WRITE, display_name="a test's key")


@asynccontextmanager
async def two_workers(backend: Backend) -> AsyncIterator[list[EventStore]]:
    """Open a store twice, as two workers do; a SQLite file has one."""
    async with AsyncExitStack() as stack:
        opened = [await bootstrap.open_store(backend.url) for _ in range(1 + (backend.name == "postgres"))]
        for store in opened:
            stack.push_async_callback(store.close)
        yield [opened[0], opened[-1]]


def keys_of(store: EventStore, ring: KeyRing, folder: Path) -> Keys:
    """Return the keys as an administrator has them, with a journal in a folder."""
    (folder / "digest.key").write_bytes(KEY)
    return Keys(store, JournalWriter(folder, store.make_room), ring, KEY)


@asynccontextmanager
async def long_reads(stores: list[EventStore]) -> AsyncIterator[None]:
    """Have every connection for reading used for as long as the context lasts, and more wait for one."""
    enough, begun = threading.Event(), threading.Event()

    def read(session: Session) -> None:
        session.connection().execute(text("SELECT 1"))
        begun.set()
        enough.wait(LONG)

    reading = [asyncio.create_task(store.read(read)) for store in stores for _ in range(MANY)]
    try:
        await asyncio.to_thread(begun.wait)
        yield
    finally:
        enough.set()
        await asyncio.gather(*reading)


async def test_a_revocation_waits_for_nobody_who_reads_for_long(backend: Backend, tmp_path: Path) -> None:
    """Beside exports and reports that go on and on, a key is revoked, and every worker knows."""
    async with two_workers(backend) as (here, there), AsyncExitStack() as stack:
        keys, ring = keys_of(here, KeyRing(here, Background()), tmp_path), KeyRing(there, Background())
        made = await keys.create(WRITE, "test")
        await ring.start()
        stack.push_async_callback(ring.close)
        assert ring.find(made.secret)
        async with long_reads([here, there]):
            async with asyncio.timeout(PATIENCE):
                await keys.revoke(k.RevokeKeyRequest(key_id=made.key.key_id), "test")
            await comes_to_hold(lambda: not ring.find(made.secret))


@contextmanager
def writes_held_up(backend: Backend) -> Iterator[None]:
    """Have whatever stores wait, as behind a long unit of work."""
    if backend.name == "sqlite":
        path = backend.url.removeprefix("sqlite:///")
        with closing(sqlite3.connect(path, isolation_level=None)) as database:
            database.execute("BEGIN IMMEDIATE")
            yield
    else:
        with psycopg.connect(backend.url.replace("+psycopg", "")) as connection:
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (INGEST_LOCK,))
            yield


async def test_keys_are_read_beside_work_that_takes_long(backend: Backend, tmp_path: Path) -> None:
    """Reading them ends while all that writes is still under way."""
    async with two_workers(backend) as (store, _):
        ring = KeyRing(store, Background())
        keys = keys_of(store, ring, tmp_path)
        made = await keys.create(WRITE, "test")
        with writes_held_up(backend):
            working = [asyncio.create_task(keys.create(WRITE, "test")) for _ in range(MANY)]
            await asyncio.sleep(0)
            await ring.refresh()
            assert ring.find(made.secret)
            assert not any(task.done() for task in working)
        await asyncio.gather(*working)
