"""What a store remembers of an epoch, when the database forgets it."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

import psycopg
import pytest
from tests.integration.store.conftest import postgres_backend
from tests.support.batches import PATIENCE, batch_of, comes_to_hold, elements, ids, opt_out, record
from tests.support.clients import deployment_source, server_source
from tests.support.erasures import begin

from aboveboard_server import bootstrap
from aboveboard_server.errors import StoreUnavailableError
from aboveboard_server.storage import incarnations, postgres_known, postgres_sql
from aboveboard_server.storage.incarnations import stands_at, with_next
from aboveboard_server.storage.ports import SubjectRecord

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.integration.store.conftest import Backend
    from tests.support.postgres import PostgresServer

    from aboveboard_server.storage.ports import EventStore

HERE = server_source()


@pytest.fixture
def backend(postgres: PostgresServer) -> Backend:
    return postgres_backend(postgres, postgres.shared_database())


@asynccontextmanager
async def opened(backend: Backend) -> AsyncIterator[EventStore]:
    store = await bootstrap.open_store(backend.url)
    try:
        yield store
    finally:
        await store.close()


def test_an_epoch_is_known_by_its_incarnation() -> None:
    """As long as it is one of the newest; not where the number is another's, or higher than any."""
    recent, made = b"", []
    for number in range(incarnations.KEPT + 10):
        made.append(number * 7)
        recent = with_next(recent, number * 7)
    newest = len(made) - 1
    assert all(stands_at(recent, newest, epoch, made[epoch]) for epoch in range(10, newest + 1))
    assert not stands_at(recent, newest, 9, made[9])
    assert not stands_at(recent, newest, newest, made[newest] + 1)
    assert not stands_at(recent, newest, newest + 1, made[newest])
    assert not stands_at(b"", 0, 0, 0)


@pytest.mark.parametrize("events", [1, 30], ids=["few", "many"])
async def test_a_number_that_is_used_again_is_another_epoch(
    postgres: PostgresServer, backend: Backend, events: int
) -> None:
    """The opt-out behind it is obeyed by who remembers the number, and nothing is stored until it may be."""
    digest = record(HERE).subjects[0]
    async with opened(backend) as store:
        await store.commit([batch_of(HERE, *elements(*ids(1)))])
        await opt_out(store, record(deployment_source("other")).subjects[0])
        backend.execute("UPDATE ingest_epoch SET epoch = epoch - 1")
        async with opened(backend) as other:
            await opt_out(other, digest)
        with pytest.raises(StoreUnavailableError):
            await store.commit([batch_of(HERE, *elements(*ids(events)))])
        rollbacks = await asyncio.wait_for(store.rolled_back(), PATIENCE)
        with pytest.raises(StoreUnavailableError):
            await store.probe()
        store.resume(rollbacks)
        assert (await store.commit([batch_of(HERE, *elements(*ids(events)))]))[0].opted_out
    assert backend.count("element_stat") == 1


async def test_a_server_that_has_nothing_to_do_notices_too(backend: Backend) -> None:
    """By itself and soon, so that the journal is replayed before anybody sends."""
    async with opened(backend) as store:
        waiting = asyncio.create_task(store.rolled_back())
        await opt_out(store, record(HERE).subjects[0])
        assert not waiting.done()
        backend.execute("UPDATE ingest_epoch SET epoch = epoch - 1")
        await comes_to_hold(waiting.done)
        # One that has fallen again meanwhile stays as it is.
        store.resume(waiting.result() - 1)
        with pytest.raises(StoreUnavailableError):
            await store.commit([batch_of(HERE, *elements(*ids(1)))])
        store.resume(waiting.result())
        assert (await store.commit([batch_of(HERE, *elements(*ids(1)))]))[0].opted_out


async def test_what_was_sorted_before_the_fall_is_sorted_again(backend: Backend) -> None:
    """Its epoch is no number that the database counts any more: a deletion may have come between."""
    async with opened(backend) as store:
        await opt_out(store, record(deployment_source("other")).subjects[0])
        batch = batch_of(HERE, *elements(*ids(1)))
        batch.epoch = store.forbidden.epoch
        backend.execute("UPDATE ingest_epoch SET epoch = epoch - 1")
        store.resume(await asyncio.wait_for(store.rolled_back(), PATIENCE))
        assert (await store.commit([batch]))[0].stale
        batch = batch_of(HERE, *elements(*ids(1)))
        batch.epoch = store.forbidden.epoch
        assert not (await store.commit([batch]))[0].stale


async def test_all_that_is_forbidden_is_read_in_parts(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many there are, a server that starts knows what the one knows that has made them."""
    monkeypatch.setattr(postgres_known, "CHANGES_AT_ONCE", 2)
    async with opened(backend) as store:
        subjects = [record(deployment_source(f"d{number}")).subjects[0] for number in range(7)]
        for place, subject in enumerate(subjects):
            await opt_out(store, subject, stored_digest=bytes([place]) * 32)
        await opt_out(store, subjects[0], disabled=False)
        gone = deployment_source("gone")
        await store.commit([batch_of(gone, *elements(*ids(1)))])
        await begin(store, SubjectRecord("COMPANY", record(gone).subjects[0], company_id="gone"))
        async with opened(backend) as other:
            for one in (store, other):
                expected = {*subjects[1:], *(bytes([place]) * 32 for place in range(1, 7))}
                assert one.forbidden.opted_out == expected
            assert other.forbidden.erased == store.forbidden.erased != {}
            assert other.forbidden.epoch == store.forbidden.epoch


async def test_what_was_known_holds_while_all_is_read_again(backend: Backend) -> None:
    """A connection is made anew, and reads for long: what is stored meanwhile obeys what was known before."""
    async with opened(backend) as store:
        await opt_out(store, record(HERE).subjects[0])
        with psycopg.connect(backend.url.replace("+psycopg", "")) as locking:
            locking.execute("LOCK TABLE opt_out IN ACCESS EXCLUSIVE MODE")
            # The connection that looks at the epoch now and then, and what it waits for when it is made anew.
            ends = (
                f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = '{postgres_sql.EPOCH}'"
            )
            waits = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query ~ 'FROM opt_out'"
            async with asyncio.timeout(10):
                for found in (ends, waits):
                    while not backend.query(found):  # noqa: ASYNC110  # another process' state
                        await asyncio.sleep(0.02)
            for events in (1, 30):
                assert (await store.commit([batch_of(HERE, *elements(*ids(events)))]))[0].opted_out
        async with asyncio.timeout(10):
            while True:
                with suppress(StoreUnavailableError):
                    await store.size()
                    break
                await asyncio.sleep(0.02)
        assert (await store.commit([batch_of(HERE, *elements(*ids(1)))]))[0].opted_out
    assert backend.count("element_stat") == 0


async def test_a_database_without_its_epoch_stores_nothing(
    postgres: PostgresServer, backend: Backend
) -> None:
    """As while a dump is restored, row by row and table by table."""
    ((epoch, incarnation, recent),) = backend.query(
        "SELECT * FROM ingest_epoch".replace("*", "epoch, incarnation, recent_incarnations")
    )
    async with opened(backend) as store:
        await store.commit([batch_of(HERE, *elements(*ids(1)))])
        backend.execute("DELETE FROM ingest_epoch")
        try:
            for events in (1, 30):
                with pytest.raises(StoreUnavailableError):
                    await store.commit([batch_of(HERE, *elements(*ids(events)))])
        finally:
            postgres.query(
                backend.url, "INSERT INTO ingest_epoch VALUES (1, %s, %s, %s)", epoch, incarnation, recent
            )
        postgres.query(backend.url, "ALTER TABLE element_stat RENAME TO away")
        try:
            async with asyncio.timeout(PATIENCE):
                with pytest.raises(StoreUnavailableError):
                    await store.commit([batch_of(HERE, *elements(*ids(1)))])
        finally:
            postgres.query(backend.url, "ALTER TABLE away RENAME TO element_stat")
        async with asyncio.timeout(PATIENCE):
            while True:
                try:
                    await store.commit([batch_of(HERE, *elements(*ids(1)))])
                    break
                except StoreUnavailableError:
                    await asyncio.sleep(0.05)
    assert backend.count("element_stat") == 2
