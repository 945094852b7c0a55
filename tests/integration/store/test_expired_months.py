"""How whole months go on PostgreSQL: at once, and without what was received later."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest
import sqlalchemy
from sqlalchemy import text
from sqlalchemy.pool import NullPool
from sqlmodel import Session
from tests.integration.store.conftest import Backend, postgres_backend
from tests.support.batches import batch_of, duplicates, elements, ids, random_id
from tests.support.clients import server_source
from tests.support.old_rows import days_ago, id_of_day, swept

from aboveboard_server import bootstrap
from aboveboard_server.storage import partitions
from aboveboard_server.storage.columns import from_micros
from aboveboard_server.storage.partitions import Month
from aboveboard_server.storage.work import clock, cut_offs, expiry, months
from aboveboard_server.storage.work.audit import Act

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from sqlalchemy import Connection
    from tests.support.postgres import PostgresServer

    from aboveboard_server.storage.ports import EventStore

HERE = server_source()
NOW = dt.datetime.now(dt.UTC)
# Days ago, in the middle of a month that has expired by the default, and of one that has not.
OLD = (NOW - (NOW - dt.timedelta(days=400)).replace(day=14)).days
YOUNG = (NOW - (NOW - dt.timedelta(days=200)).replace(day=14)).days
OLD_PARTITION = Month.of(NOW - dt.timedelta(days=OLD)).partition_of("element_stat")
YOUNG_PARTITION = Month.of(NOW - dt.timedelta(days=YOUNG)).partition_of("element_stat")


@pytest.fixture
def backend(postgres: PostgresServer, postgres_url: str) -> Backend:
    return postgres_backend(postgres, postgres_url)


@pytest.fixture
def connection(backend: Backend) -> Iterator[Connection]:
    with sqlalchemy.create_engine(backend.url, poolclass=NullPool).connect() as opened:
        yield opened


@pytest.fixture
async def store(backend: Backend, connection: Connection) -> AsyncIterator[EventStore]:
    """A store whose database has been there for so long that it has the old months."""
    for days in (OLD, YOUNG):
        partitions.create_missing(connection, (NOW - dt.timedelta(days=days)).date())
    opened = await bootstrap.open_store(backend.url)
    yield opened
    await opened.close()


def places(backend: Backend) -> dict[str, str]:
    return dict(backend.query("SELECT event_id, tableoid::regclass::text FROM element_stat"))


def there_are(backend: Backend, *names: str) -> list[bool]:
    return [backend.query(f"SELECT to_regclass('{name}') IS NOT NULL") == [(True,)] for name in names]


async def test_an_expired_month_goes_without_what_came_later(backend: Backend, store: EventStore) -> None:
    """Its rows go with it; those received later move, and stay unique; other months and ids go by receipt."""
    made_then = [id_of_day(OLD) for _ in range(30)]
    # Ids of a clock that is behind, of one that is ahead, and of chance.
    late = [id_of_day(OLD) for _ in range(20)]
    ahead, by_chance = id_of_day(YOUNG), random_id()
    kept = [*(id_of_day(YOUNG) for _ in range(5)), random_id(), *late]
    await store.commit([batch_of(HERE, *elements(*made_then, ahead, by_chance), received_at=days_ago(OLD))])
    await store.commit([batch_of(HERE, *elements(*kept), received_at=days_ago(YOUNG))])
    assert set(places(backend).values()) == {OLD_PARTITION, YOUNG_PARTITION, "element_stat_default"}
    assert await swept(store, dry_run=True) == {"element_stat": 32}

    assert await swept(store) == {"element_stat": 32}

    assert there_are(backend, OLD_PARTITION, YOUNG_PARTITION) == [False, True]
    found = places(backend)
    assert sorted(found) == sorted(kept)
    assert {found[event_id] for event_id in late} == {"element_stat_default"}
    again = await store.commit([batch_of(HERE, *elements(*kept), received_at=days_ago(0))])
    assert duplicates(again) == [{"element_stat": list(range(len(kept)))}]
    # What comes with an id of a month that is gone is taken, and once.
    back = [batch_of(HERE, *elements(*made_then), received_at=days_ago(0)) for _ in "ab"]
    assert duplicates(await store.commit(back)) == [{}, {"element_stat": list(range(30))}]
    assert await swept(store, dry_run=True) == {}


async def test_an_expired_month_of_many_late_rows_goes_as_rows(
    backend: Backend, store: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Writers do not wait while many move: its rows go by and by, and it goes when few are left."""
    monkeypatch.setattr(months, "LATE_ROWS", 10)
    await store.commit(
        [batch_of(HERE, *elements(*(id_of_day(OLD) for _ in "abc")), received_at=days_ago(OLD))]
    )
    late = [id_of_day(OLD) for _ in range(11)]
    await store.commit([batch_of(HERE, *elements(*late), received_at=days_ago(YOUNG))])
    assert await swept(store) == {"element_stat": 3}
    assert sorted(places(backend)) == sorted(late)
    assert there_are(backend, OLD_PARTITION) == [True]
    monkeypatch.setattr(months, "LATE_ROWS", 11)
    assert await swept(store) == {}
    assert sorted(places(backend)) == sorted(late)
    assert there_are(backend, OLD_PARTITION) == [False]


@pytest.mark.fault
async def test_a_month_that_is_being_read_goes_as_rows(
    backend: Backend, store: EventStore, connection: Connection
) -> None:
    """Nobody who stores waits behind a long reading: its rows go one by one, and it another day."""
    await store.commit(
        [batch_of(HERE, *elements(*(id_of_day(OLD) for _ in "abc")), received_at=days_ago(OLD))]
    )
    with connection.begin():
        connection.execute(text(f"SELECT count(*) FROM {OLD_PARTITION}"))
        assert await swept(store) == {"element_stat": 3, "server": 1, "source": 1}
        assert backend.count("element_stat") == 0
        assert there_are(backend, OLD_PARTITION) == [True]
        assert (await store.commit([batch_of(HERE, *elements(*ids(1)))]))[0].duplicates == {}
    await swept(store)
    assert there_are(backend, OLD_PARTITION) == [False]


async def test_to_drop_a_month_its_rows_are_not_touched(
    backend: Backend, store: EventStore, connection: Connection
) -> None:
    """However many they are: of what has expired none is read, of the rest what the index points to."""
    fill(connection, 60_000)
    limit = NOW - dt.timedelta(days=OLD - 20)
    await store.work(months.summarize, OLD_PARTITION)
    assert await store.read(months.count, OLD_PARTITION, limit) == (60_000, True)
    with Session(connection) as session:
        expiry.go_by_index(session)
        statement = months.late_rows("element_stat", OLD_PARTITION)
        explained = session.connection().execute(
            text(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}"), {"limit": limit}
        )
        plan = explained.scalar_one()[0]["Plan"]
        session.rollback()
    assert "Seq Scan" not in str(plan)
    blocks = plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
    (of_table,) = backend.query(f"SELECT pg_relation_size('{OLD_PARTITION}') / 8192")[0]
    assert (of_table > 500, blocks < 20) == (True, True)
    done = await store.work(months.drop, "test", "element_stat", OLD_PARTITION, limit=limit, rows=60_000)
    assert done == 60_000
    assert there_are(backend, OLD_PARTITION) == [False]


def fill(connection: Connection, rows: int) -> None:
    """Put rows of one month into its partition, received when they were made."""
    first = Month.of(NOW - dt.timedelta(days=OLD)).first_id[:13]
    connection.execute(
        text(
            f"INSERT INTO {OLD_PARTITION} (source_id, received_at, event_id, occurred_at,"
            " occurred_at_corrected, element_id, change_type) SELECT 1, :at, CAST(:first || '-7' ||"
            " lpad(to_hex(n / 65536 % 4096), 3, '0') || '-8000-' || lpad(to_hex(n), 12, '0') AS uuid),"
            " :at, :at, 'e', 'CREATE' FROM generate_series(1, :rows) n"
        ),
        {"at": NOW - dt.timedelta(days=OLD), "first": first, "rows": rows},
    )
    connection.commit()


async def test_a_month_that_goes_leaves_what_a_clock_that_was_behind_received(
    backend: Backend, store: EventStore
) -> None:
    """Its rows move as those do that were received later, and go once the clock is accepted."""
    made_then, behind = ([id_of_day(OLD) for _ in range(count)] for count in (30, 20))
    await store.commit([batch_of(HERE, *elements(*made_then), received_at=days_ago(OLD))])
    await store.commit([batch_of(HERE, *elements(*behind), received_at=days_ago(OLD - 0.5))])
    start = from_micros(days_ago(OLD - 0.4))
    await store.work(clock.add_period, clock.Period(start, start + dt.timedelta(days=0.2)))
    assert await swept(store, dry_run=True) == {"element_stat": 30}
    assert await swept(store) == {"element_stat": 30}
    assert there_are(backend, OLD_PARTITION) == [False]
    assert set(places(backend)) == set(behind)
    await store.work(cut_offs.accept_clock, NOW, Act("test", "test"))
    assert (await swept(store))["element_stat"] == 20
