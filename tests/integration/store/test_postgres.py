"""What holds where several servers share a PostgreSQL database."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg.pq import TransactionStatus
from tests.integration.store.conftest import postgres_backend
from tests.support.batches import (
    PATIENCE,
    batch_of,
    comes_to_hold,
    elements,
    ids,
    opt_out,
    pings,
    random_id,
    record,
)
from tests.support.clients import TIMEOUT, deployment_source, ping, server_source

from aboveboard_server import bootstrap
from aboveboard_server.background import Background
from aboveboard_server.errors import StartupError, StoreUnavailableError
from aboveboard_server.storage import postgres_alone
from aboveboard_server.storage.address import database_url, libpq_parameters
from aboveboard_server.storage.ports import CommitResult
from aboveboard_server.storage.postgres_alone import alone
from aboveboard_server.storage.postgres_link import Link, roll_back

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.integration.store.conftest import Backend
    from tests.support.postgres import PostgresServer

    from aboveboard_server.storage.ports import EventStore
    from aboveboard_server.storage.postgres_link import Connection

HERE = server_source()
# Seconds that a refusal may take on a busy machine: what hangs is given up by the store after 15 or more.
AT_ONCE = 10
# Who holds a task's lock in this database.
HOLDERS = (
    "SELECT pid FROM pg_locks JOIN pg_database ON pg_database.oid = database"
    " WHERE datname = current_database() AND locktype = 'advisory' AND classid = %s"
)
# What fails a transaction at its end.
REFUSE = "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE data_exception; END'"
REFUSE_LATE = (
    "CREATE CONSTRAINT TRIGGER late AFTER INSERT ON element_stat DEFERRABLE INITIALLY DEFERRED"
    " FOR EACH ROW EXECUTE FUNCTION refuse()"
)


@pytest.fixture
def backend(postgres_store: Backend) -> Backend:
    return postgres_store


@asynccontextmanager
async def stores(backend: Backend, count: int) -> AsyncIterator[list[EventStore]]:
    opened = [await bootstrap.open_store(backend.url) for _ in range(count)]
    try:
        yield opened
    finally:
        for store in opened:
            await store.close()


def link_to(url: str) -> Link:
    """Return a link that is not open yet, and does nothing with a new connection."""

    async def nothing(_connection: Connection) -> None:
        pass

    return Link("test", libpq_parameters(database_url(url)), nothing, Background())


async def test_sessions_are_durable_whatever_the_database_is_set_to(
    postgres: PostgresServer, postgres_url: str
) -> None:
    """An acknowledgement waits for the disk, though the operator's default does not."""
    name = database_url(postgres_url).database
    for setting in ("synchronous_commit = off", "default_transaction_isolation = 'repeatable read'"):
        postgres.query(postgres_url, f"ALTER DATABASE {name} SET {setting}")

    link = link_to(postgres_url)
    await link.open()
    async with link.use() as connection:
        shown = [
            await (await connection.execute(f"SHOW {setting}".encode())).fetchone()
            for setting in ("synchronous_commit", "default_transaction_isolation")
        ]
    await link.close()
    assert shown == [("on",), ("read committed",)]


async def test_only_an_open_transaction_is_rolled_back(postgres_url: str) -> None:
    """PostgreSQL's log would have a warning for each event that came twice."""
    link = link_to(postgres_url)
    await link.open()
    told: list[str | None] = []
    async with link.use() as connection:
        connection.add_notice_handler(lambda notice: told.append(notice.message_primary))
        await roll_back(connection)
        assert told == []
        await connection.execute("BEGIN")
        await roll_back(connection)
        assert connection.info.transaction_status == TransactionStatus.IDLE
        await connection.execute("ROLLBACK")
    await link.close()
    assert told == ["there is no transaction in progress"]


async def test_a_link_that_was_refused_or_failed_is_lent_again(postgres_url: str) -> None:
    """Whoever could not have the connection, or broke it, leaves it to the next."""
    link = link_to(postgres_url)
    with pytest.raises(StoreUnavailableError):
        async with link.use():
            pytest.fail("there is no connection yet")
    await link.open()
    with pytest.raises(psycopg.errors.DivisionByZero):
        async with link.use() as connection:
            await connection.execute("BEGIN; SELECT 1 / 0")
    with pytest.raises(StoreUnavailableError):
        async with link.use() as connection:
            await connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    async with asyncio.timeout(PATIENCE):
        while True:
            with suppress(StoreUnavailableError):
                async with link.use() as connection:
                    assert await (await connection.execute("SELECT 1")).fetchone() == (1,)
                    break
            await asyncio.sleep(0.05)
    await link.close()


async def test_a_row_that_the_database_refuses_leaves_the_connection_fit(backend: Backend) -> None:
    """It fails alone, among few rows and among many, and what comes next is stored."""
    async with stores(backend, 1) as (store,):
        await store.commit([batch_of(HERE, *elements(*ids(1)))])
        for others in (2, 50):
            bad = batch_of(HERE, *elements(*ids(others)), ping(event_name="U+0000: \0"))
            with pytest.raises(psycopg.DataError):
                await store.commit([bad])
            assert await store.commit([batch_of(HERE, *elements(*ids(1)))]) == [CommitResult()]
    assert (backend.count("element_stat"), backend.count("ping")) == (3, 0)


@pytest.mark.parametrize("events", [1, 20], ids=["few", "many"])
async def test_what_fails_at_its_commit_alone_is_not_told_as_stored(
    postgres: PostgresServer, backend: Backend, events: int
) -> None:
    """Every statement went well, and only then the transaction did not."""
    async with stores(backend, 1) as (store,):
        # Its source is known from then on: a few rows go their own way.
        await store.commit([batch_of(HERE, *pings(*ids(1)))])
        postgres.query(backend.url, REFUSE)
        postgres.query(backend.url, REFUSE_LATE)
        with pytest.raises(psycopg.DataError):
            await store.commit([batch_of(HERE, *elements(*ids(events)))])
        postgres.query(backend.url, "DROP FUNCTION refuse CASCADE")
        assert await store.commit([batch_of(HERE, *elements(*ids(events)))]) == [CommitResult()]
    assert backend.count("element_stat") == events


async def test_lone_events_are_stored_after_a_rollback(backend: Backend) -> None:
    """Whatever ran often on their connection: a driver drops what is prepared at a ROLLBACK."""
    async with stores(backend, 1) as (store,):
        (known,) = ids(1)
        await store.commit([batch_of(HERE, *elements(known))])
        for _ in range(8):
            # A source that is new is registered, by one and the same statement.
            await store.commit([batch_of(server_source(), *elements(*ids(1)))])
        # An event that is there already ends the transaction that registers a source in a rollback.
        again, _ = await store.commit(
            [batch_of(HERE, *elements(known)), batch_of(server_source(), *pings(*ids(1)))]
        )
        assert again.duplicates == {"element_stat": [0]}
        for _ in range(2):
            assert await store.commit([batch_of(HERE, *elements(*ids(1)))]) == [CommitResult()]
    assert backend.count("element_stat") == 11


async def test_lone_events_are_stored_though_their_statements_are_gone(backend: Backend) -> None:
    """Whoever took them away: they are prepared again, and the caller sees nothing of it."""
    async with stores(backend, 1) as (store,):
        session: Link = vars(store)["_ingest"]
        await store.commit([batch_of(HERE, *elements(*ids(1)))])
        for statement in ("DEALLOCATE ALL", "DISCARD PLANS", "DEALLOCATE same_epoch"):
            async with session.use() as connection:
                await connection.execute(statement)
            assert await store.commit([batch_of(HERE, *elements(*ids(1)))]) == [CommitResult()]
    assert backend.count("element_stat") == 4


async def test_an_opt_out_holds_on_every_server_at_once(backend: Backend) -> None:
    """No commit of another server is behind, and its gate is told soon."""
    digest = record(HERE).subjects[0]
    async with stores(backend, 2) as (here, there):
        await there.commit([batch_of(HERE, *elements(*ids(1)))])
        await opt_out(here, digest)
        assert (await there.commit([batch_of(HERE, *elements(*ids(1)))]))[0].opted_out
        await opt_out(here, digest, disabled=False)
        assert not (await there.commit([batch_of(HERE, *elements(*ids(1)))]))[0].opted_out
        await opt_out(here, digest)
        await comes_to_hold(lambda: not there.forbidden.allows([digest]))
    assert backend.count("element_stat") == 2


@pytest.mark.parametrize("events", [1, 20], ids=["few", "many"])
async def test_nothing_comes_in_elsewhere_once_an_opt_out_has_returned(backend: Backend, events: int) -> None:
    """While two servers take a source's events without a pause, a third opts it out: the barrier holds."""
    digest = record(HERE).subjects[0]

    async def keep_sending(store: EventStore) -> None:
        while not (await store.commit([batch_of(HERE, *elements(*ids(events)))]))[0].opted_out:
            pass

    async with stores(backend, 3) as (one, two, three):
        for _ in range(5):
            sending = [asyncio.create_task(keep_sending(store)) for store in (one, two, one, two)]
            await asyncio.sleep(0.1)
            await opt_out(three, digest)
            stored = backend.count("element_stat")
            await asyncio.wait_for(asyncio.gather(*sending), PATIENCE)
            assert backend.count("element_stat") == stored
            await opt_out(three, digest, disabled=False)


async def test_a_batch_sent_to_several_servers_at_once_is_stored_once(backend: Backend) -> None:
    """Each event is accepted by exactly one of them, whatever its place; nobody waits in a circle."""
    async with stores(backend, 3) as servers:
        for turn in range(25):
            keys = ids(30) if turn % 2 else [random_id() for _ in range(30)]
            sources = [deployment_source(f"c{turn}", f"d{number}") for number in range(3)]

            def shuffled(keys: list[str] = keys) -> list[str]:
                return random.sample(keys, len(keys))

            calls = [
                server.commit(
                    [
                        batch_of(source, *elements(*shuffled()), *pings(*shuffled()))
                        for source in random.sample(sources, 3)
                    ]
                )
                for server in servers
            ]
            accepted = sum(map(count_accepted, await asyncio.wait_for(asyncio.gather(*calls), PATIENCE)))
            assert accepted == 60
    assert backend.count("element_stat") == backend.count("ping") == 25 * 30
    assert backend.count("source") == 75


def count_accepted(results: list[CommitResult]) -> int:
    return sum(60 - sum(map(len, result.duplicates.values())) for result in results)


async def test_a_killed_connection_loses_nothing_acknowledged(
    postgres: PostgresServer, backend: Backend
) -> None:
    """Whoever is refused meanwhile sends again: every event is stored once, and told right."""
    acknowledged: list[str] = []
    enough = asyncio.Event()

    async def send(store: EventStore) -> None:
        keys: list[str] = []
        while keys or not enough.is_set():
            keys = keys or ids(20)
            try:
                await store.commit([batch_of(HERE, *elements(*keys))])
            except StoreUnavailableError:
                await asyncio.sleep(0.05)
            else:
                acknowledged.extend(keys)
                keys = []

    async with stores(backend, 1) as (store,):
        sending = asyncio.create_task(send(store))
        kills = 0
        while kills < 3:
            await asyncio.sleep(0.2)
            # None is there to be killed while the store has not come back from the kill before.
            kills += await asyncio.to_thread(postgres.kill_backend, backend.url)
        enough.set()
        await asyncio.wait_for(sending, PATIENCE)
    assert len(acknowledged) > 100
    assert backend.ids("element_stat") == sorted(acknowledged)


async def test_while_the_database_is_away_callers_are_refused_at_once(
    postgres: PostgresServer, backend: Backend
) -> None:
    """Nobody hangs; when it is back, so is the store, by itself and soon."""
    async with stores(backend, 1) as (store,):
        await store.commit([batch_of(HERE, *elements(*ids(1)))])
        await asyncio.to_thread(postgres.stop)
        try:
            for _ in range(3):
                with pytest.raises(StoreUnavailableError):
                    await asyncio.wait_for(store.commit([batch_of(HERE, *elements(*ids(1)))]), AT_ONCE)
            with pytest.raises(StoreUnavailableError):
                await asyncio.wait_for(store.quarantined(limit=1), AT_ONCE)
        finally:
            await asyncio.to_thread(postgres.start)
        async with asyncio.timeout(PATIENCE):
            while True:
                try:
                    await store.commit([batch_of(HERE, *elements(*ids(1)))])
                except StoreUnavailableError:
                    await asyncio.sleep(0.1)
                else:
                    break
    assert backend.count("element_stat") == 2


async def test_an_empty_database_is_refused_with_the_command_that_helps(postgres: PostgresServer) -> None:
    """To serve changes no schema on PostgreSQL; the password is not shown."""
    url = postgres.empty_database().replace("postgres@", "postgres:hush@")
    with pytest.raises(StartupError, match=r"lacks .*; run: aboveboard migrate --database") as refused:
        await bootstrap.open_store(url)
    assert "hush" not in str(refused.value)


async def test_an_outdated_database_is_refused(postgres: PostgresServer, postgres_url: str) -> None:
    """A missing column of an event is found before the first event is taken, and migrate adds it."""
    backend = postgres_backend(postgres, postgres_url)
    postgres.query(backend.url, "ALTER TABLE ping DROP COLUMN category")
    with pytest.raises(StartupError, match=r"column ping\.category"):
        await bootstrap.open_store(backend.url)
    assert bootstrap.migrate(backend.url) == ["column ping.category"]
    async with stores(backend, 1) as (store,):
        await store.commit([batch_of(HERE, *pings(*ids(1)))])


async def test_a_database_that_cannot_be_reached_is_told_of(postgres: PostgresServer) -> None:
    """In a line, and soon."""
    with pytest.raises(StartupError, match="cannot use the database"):
        await bootstrap.open_store("postgresql+psycopg://nobody:hush@127.0.0.1:1/none")


async def test_a_task_that_ended_is_free_at_once(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL may be slow to see that its holder's connection ended: here it does not see it at all."""
    parameters = libpq_parameters(database_url(backend.url))
    ended: list[psycopg.AsyncConnection] = []
    close = psycopg.AsyncConnection.close

    async def unseen(connection: psycopg.AsyncConnection) -> None:
        ended.append(connection)

    monkeypatch.setattr(psycopg.AsyncConnection, "close", unseen)
    try:
        async with alone(parameters, "a") as held, alone(parameters, "a") as again:
            assert (held, again) == (True, False)
        async with alone(parameters, "a") as again:
            assert again
        assert len(ended) == 3
    finally:
        for connection in ended:
            await close(connection)


async def test_a_task_ends_though_postgresql_does_not_answer(
    backend: Backend, postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that stops waits for no database that has stopped by then."""
    monkeypatch.setattr(postgres_alone, "SECONDS", 0.1)
    holder: list[int] = []

    async def job() -> None:
        async with alone(libpq_parameters(database_url(backend.url)), "a") as held:
            assert held
            ((pid,),) = postgres.query(backend.url, HOLDERS, postgres_alone.TASKS)
            holder.append(pid)
            os.kill(pid, signal.SIGSTOP)

    task = asyncio.create_task(job())
    try:
        await asyncio.wait_for(asyncio.shield(task), TIMEOUT)
    finally:
        for pid in holder:
            os.kill(pid, signal.SIGCONT)
        await task
