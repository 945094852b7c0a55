"""What a sweep promises, over every store: what has outlived its limit goes, and nothing else."""

from __future__ import annotations

import asyncio
import sqlite3
import uuid
from contextlib import AsyncExitStack, closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event
from sqlmodel import Session, select
from tests.support.batches import SCHEMA, batch_of, elements, ids, pings, quarantined_batch, random_id
from tests.support.clients import deployment_source, element, new_id, server_source
from tests.support.clocks import guard_of
from tests.support.old_rows import DIGEST_KEY, days_ago, id_of_day, sweep_of, swept

from aboveboard_server import bootstrap
from aboveboard_server.privacy import published, subjects, sweep
from aboveboard_server.privacy.published import PublishedDictionary
from aboveboard_server.privacy.retention import Retention
from aboveboard_server.schema import tables
from aboveboard_server.schema.expiry import AGED, RECEIVED_AT, Expires, Expiry
from aboveboard_server.storage.columns import EPOCH
from aboveboard_server.storage.ports import ADMINISTRATOR, QUARANTINE, SubjectRecord
from aboveboard_server.storage.privacy_tables import ScheduledJobRow
from aboveboard_server.storage.work import audit, expiry, opt_outs, retention, tombstones
from aboveboard_server.storage.work.audit import Act

if TYPE_CHECKING:
    from tests.integration.store.conftest import Backend

    from aboveboard_server.storage.ports import EventStore

TABLES = [name for name in tables.import_all().tables if name != "ingest_epoch"]
YEAR = 365
NOW = datetime.now(UTC)


async def opted_out(store: EventStore, days: float, revoked: float | None) -> str:
    """Opt a Subject out that many days ago, and lift it; return the opt-out's id."""
    subject, made = SubjectRecord("COMPANY", uuid.uuid4().bytes, company_id=new_id()), new_id()
    at = EPOCH + timedelta(microseconds=days_ago(days))
    act = Act("test", "test")
    await store.work(opt_outs.create, subject, opt_out_id=made, origin=ADMINISTRATOR, created_at=at, act=act)
    if revoked is not None:
        at = EPOCH + timedelta(microseconds=days_ago(revoked))
        await store.work(opt_outs.revoke, made, revoked_at=at, act=act)
    return made


def table_counts(backend: Backend) -> dict[str, int]:
    return {name: count for name in TABLES if (count := backend.count(name))}


async def test_what_has_outlived_its_limit_goes_and_nothing_younger(
    store: EventStore, backend: Backend
) -> None:
    """Events, quarantine, sources and registry go by their limits; what is a minute younger stays."""
    minute = 1 / 24 / 60
    gone, stays = deployment_source("gone", user_id="u"), deployment_source("stays", user_id="u")
    await store.commit(
        [
            batch_of(gone, *elements(*ids(3)), received_at=days_ago(YEAR + minute)),
            batch_of(stays, *elements(*ids(5)), received_at=days_ago(YEAR + 30)),
            batch_of(stays, *elements(*ids(7)), received_at=days_ago(YEAR - minute)),
            batch_of(server_source(), *pings(*ids(2)), received_at=days_ago(YEAR + 200)),
            quarantined_batch(stays, *ids(4), received_at=days_ago(30 + minute)),
            quarantined_batch(stays, *ids(6), received_at=days_ago(30 - minute)),
        ]
    )
    before = table_counts(backend)
    expected = {
        "company": 1,
        "deployment": 1,
        "element_stat": 8,
        "ping": 2,
        QUARANTINE: 4,
        "server": 1,
        "source": 2,
    }
    assert await swept(store, dry_run=True) == expected
    assert table_counts(backend) == before
    assert await swept(store) == expected
    after = table_counts(backend)
    assert {name: before[name] - after.get(name, 0) for name in before} == {
        **dict.fromkeys(before, 0),
        **expected,
    }
    assert backend.query("SELECT company_id FROM source") == [("stays",)]
    assert await swept(store) == await swept(store, dry_run=True) == {}


async def test_a_changed_policy_is_what_counts(store: EventStore, backend: Backend) -> None:
    """Each event type goes by its own policy; sources stay as long as any type may live."""
    source = server_source()
    for days in (46, 400):
        batches = [batch_of(source, *elements(*ids(1)), *pings(*ids(1)), received_at=days_ago(days))]
        await store.commit(batches)
    for name, kept in (("element_stat", 45), ("ping", 3_650)):
        await store.work(retention.update, name, retention_days=kept, at=NOW, act=Act("test", "test"))
    assert await swept(store) == {"element_stat": 2}
    assert (backend.count("ping"), backend.count("source"), backend.count("server")) == (2, 1, 1)


@pytest.mark.parametrize("years", [-10, 10])
async def test_a_clock_neither_escapes_retention_nor_loses_early(
    store: EventStore, backend: Backend, years: int
) -> None:
    """Only the server's receipt counts, whatever the client's clock puts into times and ids."""
    source, skew = server_source(), years * YEAR
    for received in (YEAR + 1, YEAR - 1):
        for event_id in (id_of_day(received - skew), random_id(), id_of_day(received)):
            sent = element(event_id=event_id)
            sent.occurred_at.FromMicroseconds(days_ago(received - skew))
            await store.commit([batch_of(source, sent, received_at=days_ago(received))])
    assert await swept(store) == {"element_stat": 3}
    (least,) = backend.query(f"SELECT min({backend.micros('received_at')}) FROM element_stat")[0]
    assert least > days_ago(YEAR)


async def test_a_source_stays_as_long_as_a_row_of_it(store: EventStore, backend: Backend) -> None:
    """When it last sent is known to the minute: what it sent in that minute keeps it and its company."""
    source, seconds = deployment_source("acme"), 1 / 86_400
    await store.commit([batch_of(source, *elements(*ids(1)), received_at=days_ago(YEAR + 28 * seconds))])
    await store.commit([batch_of(source, *elements(*ids(1)), received_at=days_ago(YEAR - 28 * seconds))])
    assert await swept(store, dry_run=True) == {"element_stat": 1}
    assert await swept(store) == {"element_stat": 1}
    assert backend.count("source") == backend.count("company") == backend.count("deployment") == 1


async def test_tombstones_lapse_and_lifted_opt_outs_go(store: EventStore, backend: Backend) -> None:
    """A tombstone after ten years, a lifted opt-out after the longest retention; one in force never."""
    stay = [await opted_out(store, 4_000, None), await opted_out(store, 4_000, YEAR - 1)]
    await opted_out(store, 4_000, YEAR + 1)
    kept = SubjectRecord("COMPANY", b"kept" * 8)
    for subject, days in ((SubjectRecord("COMPANY", b"gone" * 8), 3_651), (kept, 3_649)):
        at = EPOCH + timedelta(microseconds=days_ago(days))
        await store.work(tombstones.place, subject, at, new_id())
    expected = {"opt_out": 1, "tombstone": 1}
    assert await swept(store, dry_run=True) == expected
    assert await swept(store) == expected
    left = backend.query("SELECT opt_out_id FROM opt_out")
    assert {found for (found,) in left} == set(stay)
    left = backend.query("SELECT subject_digest FROM tombstone")
    assert [bytes(found) for (found,) in left] == [kept.digest]


async def test_what_was_sorted_by_a_destroyed_key_is_sorted_anew(store: EventStore, backend: Backend) -> None:
    """A company's key goes with the company; a batch that was made with it is sent back, and then stored."""
    source = deployment_source("acme", user_id="u")
    late = batch_of(source, *elements(*ids(1)), received_at=days_ago(0))
    late.epoch = store.forbidden.epoch
    late.source = late.source._replace(subjects=(company_digest("acme"), *late.source.subjects))
    await store.commit([batch_of(source, *elements(*ids(1)), received_at=days_ago(YEAR + 1))])
    for company in ("acme", "never-stored"):
        write(backend, f"INSERT INTO company_key VALUES ('{company}', 'wrapped')")
    expected = dict.fromkeys(("company", "deployment", "element_stat", "source"), 1) | {"company_key": 2}
    assert await swept(store, dry_run=True) == expected
    assert await swept(store) == expected
    # A store may take the rows out of what it is given.
    again = replace(late)
    assert (await store.commit([late]))[0].stale
    again.epoch = store.forbidden.epoch
    assert not (await store.commit([again]))[0].stale
    assert backend.count("company") == backend.count("element_stat") == backend.count("source") == 1
    assert await swept(store) == {"tombstone": 1 + 1}


async def test_a_source_that_comes_back_is_whole(store: EventStore, backend: Backend) -> None:
    """What was remembered of its rows is forgotten with them: what it sends next has source and company."""
    source, at = deployment_source("acme"), days_ago(YEAR + 1)
    await store.commit([batch_of(source, *elements(*ids(1)), received_at=at)])
    assert (await swept(store))["source"] == 1
    # At the same moment as before: nothing that was seen so lately would be written again.
    await store.commit([batch_of(source, *elements(*ids(1)), received_at=at)])
    whole = "SELECT count(*) FROM element_stat JOIN source USING (source_id) JOIN company USING (company_id)"
    assert backend.query(whole) == [(1,)]


async def test_a_source_that_sends_while_it_goes_is_whole(store: EventStore, backend: Backend) -> None:
    """Sent without a pause, across the sweep that forgets it: every event has its source and its company."""
    source = deployment_source("acme")
    await store.commit([batch_of(source, *elements(*ids(1)), received_at=days_ago(YEAR + 1))])
    sweeping = asyncio.create_task(swept(store))
    sent = 0
    while not sweeping.done() or sent < 5:
        await store.commit([batch_of(source, *elements(*ids(1)), received_at=days_ago(0))])
        sent += 1
    assert (await sweeping)["element_stat"] == 1
    whole = "SELECT count(*) FROM element_stat JOIN source USING (source_id) JOIN company USING (company_id)"
    assert backend.query(whole) == [(sent,)]
    assert backend.count("element_stat") == sent


async def test_one_sweeps_at_a_time(backend: Backend) -> None:
    """Whoever is asked to while another is at it waits; together they remove each row once."""
    stores = [await bootstrap.open_store(backend.url)]
    if backend.name == "postgres":
        stores.append(await bootstrap.open_store(backend.url))
    try:
        old = [batch_of(server_source(), *elements(*ids(900)), received_at=days_ago(YEAR + 1)) for _ in "abc"]
        await stores[0].commit(old)
        async with stores[-1].alone(sweep.NAME) as held:
            waiting = asyncio.create_task(swept(stores[0]))
            await asyncio.sleep(0.5)
            assert held
            assert not waiting.done()
            assert backend.count("element_stat") == 2_700
        both = [await waiting, *await asyncio.gather(*(swept(store) for store in stores))]
        assert sum(counts.get("element_stat", 0) for counts in both) == 2_700
        assert backend.count("element_stat") == 0
    finally:
        for store in stores:
            await store.close()


async def test_every_server_publishes_what_holds(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    """A change is told soon by every server that is there, and at once by one that starts."""
    monkeypatch.setattr(published, "FRESH", 0.1)
    async with AsyncExitStack() as stack:
        stores = [await bootstrap.open_store(backend.url)]
        stack.push_async_callback(stores[0].close)
        if backend.name == "postgres":
            stores.append(await bootstrap.open_store(backend.url))
            stack.push_async_callback(stores[1].close)
        told = [PublishedDictionary(SCHEMA, Retention(store, SCHEMA, guard_of(store))) for store in stores]
        before = [await one.current() for one in told]
        await stores[0].work(retention.update, "ping", retention_days=77, at=NOW, act=Act("test", "test"))
        await asyncio.sleep(0.2)
        told.append(PublishedDictionary(SCHEMA, Retention(stores[0], SCHEMA, guard_of(stores[0]))))
        for one in told:
            days = {event.name: event.retention_days for event in (await one.current()).events}
            assert (days["ping"], days["upload_stat"]) == (77, 365)
        assert all(event.retention_days == 365 for one in before for event in one.events)
        assert await told[0].current() is await told[0].current()


async def test_a_sweep_is_told_in_the_audit_log_once(store: EventStore) -> None:
    """With all it removed, also before it was cut off; one that finds nothing says nothing."""
    await store.commit(
        [batch_of(server_source(), *elements(*ids(900)), received_at=days_ago(YEAR + 1)) for _ in range(4)]
    )
    sweeping = asyncio.create_task(sweep_of(store).run(NOW))
    while not await store.read(_progress):
        assert not sweeping.done()
    sweeping.cancel()
    await asyncio.wait([sweeping])
    assert sweeping.cancelled()
    await sweep_of(store).run(NOW)
    await sweep_of(store).run(NOW)
    (entry,) = await store.read(audit.page, before=None, limit=5)
    assert (entry.actor, entry.action) == ("server", "EnforceRetention")
    assert entry.details == "element_stat 3600, server 4, source 4"


async def test_nothing_is_found_by_reading_a_whole_table(store: EventStore, backend: Backend) -> None:
    """On SQLite each source by its index; on PostgreSQL by that of the times."""
    await store.commit([batch_of(server_source(), *elements(*ids(500)), received_at=days_ago(1))])
    plan = await store.read(_plan, backend.name)
    if backend.name == "sqlite":
        assert "SEARCH element_stat USING" in plan
        assert "INDEX element_stat_by_source (source_id=? AND received_at<?)" in plan
        assert "SCAN element_stat" not in plan
    else:
        # The spans of clocks that were behind are a few rows, if any.
        assert "Seq Scan" not in plan.replace("Seq Scan on clock_period", "")
        assert "Bitmap Index Scan" in plan


def company_digest(company: str) -> bytes:
    return subjects.digest(DIGEST_KEY, subjects.COMPANY, [company])


def write(backend: Backend, statement: str) -> None:
    """Write past the store, which must be at rest."""
    if backend.name == "postgres":
        backend.query(statement)
        return
    with closing(sqlite3.connect(backend.url.removeprefix("sqlite:///"), timeout=10)) as database, database:
        database.execute(statement)


def _progress(session: Session) -> int:
    return sum(sum(row.progress.values()) for row in session.exec(select(ScheduledJobRow)))


def _plan(session: Session, backend: str) -> str:
    """Return how the rows that have expired are found."""
    statements: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, parameters: Any, *rest: Any) -> tuple[str, Any]:
        if statement.startswith("SELECT"):
            prefix = "EXPLAIN QUERY PLAN" if backend == "sqlite" else "EXPLAIN"
            cursor.execute(f"{prefix} {statement}", parameters)
            statements.extend(str(row) for row in cursor.fetchall())
        return statement, parameters

    engine = session.get_bind()
    event.listen(engine, "before_cursor_execute", note, retval=True)
    try:
        item = Expiry("element_stat", Expires(AGED, RECEIVED_AT))
        limit = EPOCH + timedelta(microseconds=days_ago(2))
        assert expiry.aged(session, item, limit, after=0, most=10) == ([], 0)
        assert expiry.count_aged(session, item, limit) == 0
    finally:
        event.remove(engine, "before_cursor_execute", note)
    return "\n".join(statements)
