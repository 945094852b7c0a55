"""A commit that PostgreSQL made, but did not confirm, is told as none.

One that waits for a standby and is cancelled is answered with a warning, and then with COMMIT.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from tests.integration.store.conftest import Backend, postgres_backend
from tests.support.batches import (
    RECEIVED_AT,
    batch_of,
    duplicates,
    elements,
    ids,
    opt_out,
    quarantined_batch,
    record,
    row,
)
from tests.support.clients import element, server_source

from aboveboard_server import bootstrap
from aboveboard_server.errors import StoreUnavailableError
from aboveboard_server.storage.ports import CommitResult, Replay

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

    from tests.support.postgres import PostgresServer

    from aboveboard_server.storage.ports import EventStore

HERE = server_source()
WAITING = (
    "SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND application_name = 'aboveboard'"
    " AND datname = current_database()"
)
# Seconds in which a commit begins to wait, and a lost connection is made again.
PATIENCE = 60


@pytest.fixture
def backend(postgres: PostgresServer) -> Backend:
    return postgres_backend(postgres, postgres.shared_database())


@contextmanager
def without_its_standby(postgres: PostgresServer, backend: Backend) -> Iterator[None]:
    """Have every commit wait for a standby that does not exist."""
    postgres.query(backend.url, "ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
    reload(postgres, backend, "nobody")
    try:
        yield
    finally:
        postgres.query(backend.url, "ALTER SYSTEM RESET synchronous_standby_names")
        reload(postgres, backend, "")


def reload(postgres: PostgresServer, backend: Backend, standbys: str) -> None:
    """Return when new sessions have the setting."""
    postgres.query(backend.url, "SELECT pg_reload_conf()")
    deadline = time.monotonic() + PATIENCE
    while postgres.query(backend.url, "SHOW synchronous_standby_names") != [(standbys,)]:
        assert time.monotonic() < deadline
        time.sleep(0.02)


async def cancelled(postgres: PostgresServer, backend: Backend, call: Awaitable[object]) -> int:
    """Cancel what waits for the standby, and return its process; the call must be refused as unavailable."""
    task = asyncio.ensure_future(call)
    async with asyncio.timeout(PATIENCE):
        while not (found := await asyncio.to_thread(postgres.query, backend.url, WAITING)):  # noqa: ASYNC110  # another process waits
            await asyncio.sleep(0.02)
    pid = int(found[0][0])
    await asyncio.to_thread(postgres.query, backend.url, "SELECT pg_cancel_backend(%s)", pid)
    with pytest.raises(StoreUnavailableError):
        await asyncio.wait_for(task, PATIENCE)
    return pid


async def again(call: Callable[[], Awaitable[Any]]) -> Any:
    """Do it once the store has connected again."""
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                return await call()
            except StoreUnavailableError:
                await asyncio.sleep(0.05)


@asynccontextmanager
async def opened(backend: Backend) -> AsyncIterator[EventStore]:
    store = await bootstrap.open_store(backend.url)
    try:
        # Its source is known from then on: a few rows go their own way.
        await store.commit([batch_of(HERE, *elements(*ids(1)))])
        yield store
    finally:
        await store.close()


def is_gone(postgres: PostgresServer, backend: Backend, pid: int) -> bool:
    """Whether a connection has ended, which its server may see a moment later."""
    deadline = time.monotonic() + PATIENCE
    while postgres.query(backend.url, "SELECT 1 FROM pg_stat_activity WHERE pid = %s", pid):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


@pytest.mark.parametrize("events", [1, 30], ids=["few", "many"])
async def test_events(postgres: PostgresServer, backend: Backend, events: int) -> None:
    """Not acknowledged; sent again, each is there once and told as a duplicate."""
    sent = ids(events)
    async with opened(backend) as store:
        with without_its_standby(postgres, backend):
            pid = await cancelled(postgres, backend, store.commit([batch_of(HERE, *elements(*sent))]))
        assert is_gone(postgres, backend, pid)
        told = await again(lambda: store.commit([batch_of(HERE, *elements(*sent))]))
        assert duplicates(told) == [{"element_stat": list(range(events))}]
    assert backend.count("element_stat") == events + 1


async def test_events_that_are_staged(postgres: PostgresServer, backend: Backend) -> None:
    """Where one of them is there already, the others are not acknowledged either."""
    sent = ids(30)
    async with opened(backend) as store:
        await store.commit([batch_of(HERE, *elements(sent[0]))])
        with without_its_standby(postgres, backend):
            await cancelled(postgres, backend, store.commit([batch_of(HERE, *elements(*sent))]))
        told = await again(lambda: store.commit([batch_of(HERE, *elements(*sent))]))
        assert duplicates(told) == [{"element_stat": list(range(30))}]
    assert backend.count("element_stat") == 31


async def test_an_opt_out(postgres: PostgresServer, backend: Backend) -> None:
    """Not told as in force; asked again, it is one."""
    digest = record(HERE).subjects[0]
    async with opened(backend) as store:
        with without_its_standby(postgres, backend):
            pid = await cancelled(postgres, backend, opt_out(store, digest))
        assert is_gone(postgres, backend, pid)
        await again(lambda: opt_out(store, digest))
        assert (await again(lambda: store.commit([batch_of(HERE, *elements(*ids(1)))])))[0].opted_out
    assert backend.count("opt_out") == 1


async def test_a_replay(postgres: PostgresServer, backend: Backend) -> None:
    """Not told as replayed; asked again, it has left the quarantine."""
    event = element()
    async with opened(backend) as store:
        await store.commit([quarantined_batch(HERE, event.event_id)])
        (held,) = await store.quarantined(limit=1, whole=True)
        item = Replay(
            held.quarantined_event_id,
            held.source_id,
            record(HERE).subjects,
            RECEIVED_AT,
            "element_stat",
            row(event),
        )
        with without_its_standby(postgres, backend):
            await cancelled(postgres, backend, store.replay([item]))
        assert await again(lambda: store.replay([item])) == ["DUPLICATE"]
    assert backend.count("element_stat") == 2


async def test_keys_and_the_probe(postgres: PostgresServer, backend: Backend) -> None:
    """A database is not told to have its keys, nor a server to be ready, by what may not be durable."""
    async with opened(backend) as store:
        for call in (store.probe, lambda: store.pin_keys({"one": "first"})):
            with without_its_standby(postgres, backend):
                await cancelled(postgres, backend, call())
            await again(call)


async def test_a_warning_of_a_statement_is_not_one_of_the_commit(
    postgres: PostgresServer, backend: Backend
) -> None:
    """An operator's trigger may warn at each row; what it warns at its commit counts, whatever it says."""
    postgres.query(
        backend.url,
        "CREATE FUNCTION warn() RETURNS trigger LANGUAGE plpgsql AS"
        " 'BEGIN RAISE WARNING ''beware''; RETURN NULL; END'",
    )
    try:
        async with opened(backend) as store:
            for when, deferred in (("AFTER INSERT", ""), ("AFTER INSERT", "DEFERRABLE INITIALLY DEFERRED")):
                kind = "CONSTRAINT TRIGGER" if deferred else "TRIGGER"
                postgres.query(
                    backend.url,
                    f"CREATE {kind} warned {when} ON element_stat {deferred}"
                    " FOR EACH ROW EXECUTE FUNCTION warn()",
                )
                for events in (1, 30):
                    batch = batch_of(HERE, *elements(*ids(events)))
                    if deferred:
                        with pytest.raises(StoreUnavailableError):
                            await store.commit([batch])
                        await again(store.probe)
                    else:
                        assert await store.commit([batch]) == [CommitResult()]
                postgres.query(backend.url, "DROP TRIGGER warned ON element_stat")
    finally:
        postgres.query(backend.url, "DROP FUNCTION warn CASCADE")
