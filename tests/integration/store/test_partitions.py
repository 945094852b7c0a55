"""How event tables are cut into months on PostgreSQL."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import signal
import uuid
from typing import TYPE_CHECKING, Any

import alembic.command
import pytest
import sqlalchemy
from alembic.script import ScriptDirectory
from sqlalchemy.pool import NullPool
from sqlmodel import SQLModel
from structlog.testing import capture_logs
from tests.integration.store.conftest import Backend, postgres_backend
from tests.integration.test_doctor import doctor
from tests.support.batches import SCHEMA, batch_of, duplicates, elements, ids
from tests.support.clients import server_source

from aboveboard_server import bootstrap, metrics
from aboveboard_server.background import Background
from aboveboard_server.errors import MonthBeingMadeError
from aboveboard_server.ingest.group_commit import GroupCommitter
from aboveboard_server.ingest.readiness import Readiness
from aboveboard_server.storage import partition_making, partitions
from aboveboard_server.storage.address import database_url
from aboveboard_server.storage.maintenance import Maintenance
from aboveboard_server.storage.migrate import alembic_config
from aboveboard_server.storage.outdated import outdated, revisions
from aboveboard_server.storage.partitions import Month
from aboveboard_server.storage.ports import CommitResult

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Connection
    from tests.support.postgres import PostgresServer

HERE = server_source()
TODAY = Month.of(dt.datetime.now(dt.UTC).date())


LARGE = pytest.mark.parametrize("small", [0, partition_making.SMALL], ids=["large", "small"])


@pytest.fixture
def backend(postgres: PostgresServer, postgres_url: str) -> Backend:
    return postgres_backend(postgres, postgres_url)


@pytest.fixture
def connection(backend: Backend) -> Iterator[Connection]:
    with sqlalchemy.create_engine(backend.url, poolclass=NullPool).connect() as opened:
        yield opened


def id_of(month: Month) -> str:
    """Return an id made early in a month."""
    return str(uuid.UUID(int=uuid.UUID(month.first_id).int + (7 << 76) + (2 << 62) + 12345))


def id_at(day: dt.date) -> str:
    """Return an id made early in a day."""
    return str(uuid.UUID(int=uuid.UUID(partitions.first_id(day)).int + (7 << 76) + (2 << 62) + 54321))


def places(backend: Backend) -> dict[str, str]:
    """Return the partition of each element's id."""
    return dict(backend.query("SELECT event_id, tableoid::regclass::text FROM element_stat"))


def test_a_month_begins_with_the_first_id_of_its_first_millisecond() -> None:
    """The bounds follow from the time in a UUIDv7, years and leap days included."""
    assert Month(2024, 12).plus(1) == Month(2025, 1)
    assert Month(2025, 1).plus(-1) == Month(2024, 12)
    assert Month(2025, 11).plus(14) == Month(2027, 1)
    assert Month(1970, 1).first_id == "00000000-0000-0000-0000-000000000000"
    assert Month(2024, 3).first_id == "018df74f-8400-0000-0000-000000000000"


def test_every_event_table_has_its_months_and_a_default(backend: Backend) -> None:
    """The last month, this one and three ahead."""
    for event in SCHEMA.events:
        found = backend.query(
            f"SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = '{event.name}'::regclass"
        )
        months = [TODAY.plus(offset).partition_of(event.name) for offset in range(-1, 4)]
        assert {name for (name,) in found} == {*months, f"{event.name}_default"}


async def test_an_event_lies_where_its_id_says_and_is_unique_wherever_it_lies(backend: Backend) -> None:
    """Random ids and those of clocks far off lie in the default partition, are found by source, and once."""
    now, ahead = id_of(TODAY), id_of(TODAY.plus(3))
    strange = [
        id_of(TODAY.plus(-200)),
        id_of(TODAY.plus(900)),
        str(uuid.uuid4()),
        f"{'f' * 8}{str(uuid.uuid4())[8:]}",
    ]
    sent = [now, ahead, *strange]
    store = await bootstrap.open_store(backend.url)
    try:
        await store.commit([batch_of(HERE, *elements(*sent))])
        again = await store.commit([batch_of(HERE, *elements(*sent)), batch_of(HERE, *elements(*ids(3)))])
    finally:
        await store.close()
    assert duplicates(again) == [{"element_stat": list(range(len(sent)))}, {}]
    found = places(backend)
    assert found[now] == TODAY.partition_of("element_stat")
    assert found[ahead] == TODAY.plus(3).partition_of("element_stat")
    assert {found[event_id] for event_id in strange} == {"element_stat_default"}
    of_source = "SELECT count(*) FROM element_stat WHERE source_id = (SELECT source_id FROM source)"
    assert backend.query(of_source) == [(len(sent) + 3,)]


async def test_a_new_month_takes_its_rows_out_of_the_default_partition(
    backend: Backend, connection: Connection
) -> None:
    """Events that came before their month was made move to it; uniqueness and all values stay."""
    early, later = id_of(TODAY.plus(5)), id_of(TODAY.plus(12))
    store = await bootstrap.open_store(backend.url)
    try:
        await store.commit([batch_of(HERE, *elements(early, later))])
        assert set(places(backend).values()) == {"element_stat_default"}
        before = backend.query("SELECT * FROM element_stat ORDER BY event_id")

        done = partitions.create_missing(connection, dt.date(TODAY.plus(3).year, TODAY.plus(3).month, 28))

        assert f"partition {TODAY.plus(5).partition_of('element_stat')}" in done
        assert places(backend) == {
            early: TODAY.plus(5).partition_of("element_stat"),
            later: "element_stat_default",
        }
        assert backend.query("SELECT * FROM element_stat ORDER BY event_id") == before
        again = await store.commit([batch_of(HERE, *elements(early, later))])
        assert duplicates(again) == [{"element_stat": [0, 1]}]
    finally:
        await store.close()


@LARGE
async def test_a_large_default_partition_is_not_read_under_its_lock(
    backend: Backend, connection: Connection, monkeypatch: pytest.MonkeyPatch, small: int
) -> None:
    """PostgreSQL itself says by what it knows that no row of the month is in it; a small one it reads."""
    monkeypatch.setattr(partition_making, "SMALL", small)
    strange, early = str(uuid.uuid4()), id_of(TODAY.plus(5))
    store = await bootstrap.open_store(backend.url)
    try:
        await store.commit([batch_of(HERE, *elements(strange, early))])
    finally:
        await store.close()
    told: list[str | None] = []
    connection.exec_driver_sql("SET client_min_messages = debug1")
    connection.commit()
    raw: Any = connection.connection.driver_connection
    raw.add_notice_handler(lambda notice: told.append(notice.message_primary))

    assert partitions.create_missing(connection, dt.date(TODAY.plus(3).year, TODAY.plus(3).month, 28))

    proven = 'updated partition constraint for default partition "element_stat_default" is implied'
    months = sum(bool(one and one.startswith(proven)) for one in told)
    # The three months that were not there.
    assert months == (0 if small else 3)
    places_now = places(backend)
    assert places_now == {strange: "element_stat_default", early: TODAY.plus(5).partition_of("element_stat")}
    left = "SELECT conname FROM pg_constraint WHERE contype = 'c' AND conname ~ '_(without|within)'"
    assert backend.query(left) == []
    indexes = (
        "SELECT count(*) FROM pg_index JOIN pg_class ON oid = indexrelid JOIN pg_inherits ON inhrelid = oid"
        f" WHERE indrelid = '{TODAY.plus(5).partition_of('element_stat')}'::regclass"
    )
    assert backend.query(indexes) == backend.query(
        indexes.replace(TODAY.plus(5).partition_of("element_stat"), TODAY.partition_of("element_stat"))
    )


def excluding(month: Month) -> partition_making.New:
    """Return a month's partition beside a default one that is too large to be read under its lock."""
    table = SQLModel.metadata.tables["element_stat"]
    name = month.partition_of(table.name)
    return partition_making.New(table, name, month.first_id, month.plus(1).first_id, is_proven=True)


async def test_while_a_month_is_made_only_its_own_batches_wait(
    backend: Backend, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are refused as unavailable, one request at a time; the server is ready, and stores all others."""
    # The store's own would take away what is left of one that did not come to its end.
    monkeypatch.setattr(Maintenance, "__call__", lambda _: None)
    month = TODAY.plus(5)
    partition_making._exclude(connection, excluding(month))  # noqa: SLF001  # a moment in the middle of it
    store = await bootstrap.open_store(backend.url)
    committer = GroupCommitter(store)
    readiness = Readiness(store, committer, Background())
    failed = metrics.COMMITS_FAILED._value.get()  # noqa: SLF001  # the library has no other way to read it
    try:
        early, now = batch_of(HERE, *elements(id_of(month))), batch_of(HERE, *elements(*ids(20)))
        outcomes = await asyncio.gather(
            committer.submit(early), committer.submit(now), return_exceptions=True
        )
        assert [type(outcome) for outcome in outcomes] == [MonthBeingMadeError, CommitResult]
        alone = await asyncio.gather(committer.submit(early), return_exceptions=True)
        assert [type(outcome) for outcome in alone] == [MonthBeingMadeError]
        assert await readiness.is_ready()
        assert metrics.COMMITS_FAILED._value.get() == failed  # noqa: SLF001  # as above
        # One that was left by a server that was killed is gone once the partition is made.
        assert partitions.create_missing(connection, dt.date(TODAY.plus(3).year, TODAY.plus(3).month, 28))
        assert await store.commit([batch_of(HERE, *elements(id_of(month)))]) == [CommitResult()]
    finally:
        await readiness.close()
        await committer.close()
        await store.close()
    assert backend.count("element_stat") == 21


async def test_beside_a_large_default_partition_nobody_is_refused(
    backend: Backend, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A month that has begun gets a partition of what is yet to come; what comes before stays where it is."""
    monkeypatch.setattr(partition_making, "SMALL", 0)
    today = dt.datetime.now(dt.UTC).date().replace(day=12)
    this, last = (TODAY.plus(months).partition_of("element_stat") for months in (0, -1))
    backend.query(f"DROP TABLE {this}, {last}")
    store = await bootstrap.open_store(backend.url)
    exclude, outcomes = partition_making._exclude, list[Any]()  # noqa: SLF001  # while it is at it
    loop = asyncio.get_running_loop()

    def exclude_and_send(made: Connection, new: partition_making.New) -> None:
        exclude(made, new)
        sent = [id_of(TODAY), id_of(TODAY.plus(-1)), id_at(today + dt.timedelta(days=1))]
        committing = store.commit([batch_of(HERE, *elements(*sent))])
        outcomes.append(asyncio.run_coroutine_threadsafe(committing, loop).result())

    monkeypatch.setattr(partition_making, "_exclude", exclude_and_send)
    try:
        await store.commit([batch_of(HERE, *elements(id_of(TODAY), str(uuid.uuid4())))])
        made = await asyncio.to_thread(partitions.create_missing, connection, today)
        assert made == [f"partition {this}"]
        assert outcomes == [[CommitResult(duplicates={"element_stat": [0]})]]
        later = id_at(today + dt.timedelta(days=3))
        await store.commit([batch_of(HERE, *elements(later))])
    finally:
        await store.close()
    assert [name for name in places(backend).values() if name != "element_stat_default"] == [this]
    assert places(backend)[later] == this
    assert backend.count("element_stat") == 5
    assert partitions.missing(connection, today) == []


@LARGE
async def test_what_was_left_of_a_month_that_is_not_made_any_more_goes(
    backend: Backend, connection: Connection, monkeypatch: pytest.MonkeyPatch, small: int
) -> None:
    """A server was killed in the middle, and none ran for long: no constraint may refuse for ever."""
    monkeypatch.setattr(partition_making, "SMALL", small)
    last = TODAY.plus(-1)
    backend.query(f"DROP TABLE {last.partition_of('element_stat')}")
    store = await bootstrap.open_store(backend.url)
    await store.commit([batch_of(HERE, *elements(str(uuid.uuid4())))])
    await store.close()
    partition_making._exclude(connection, excluding(last))  # noqa: SLF001  # as above
    partitions.maintain(connection)
    assert partition_making.exclusions(connection, SQLModel.metadata.tables["element_stat"]) == []


def test_a_month_that_cannot_be_made_now_takes_its_rows_as_before(
    backend: Backend, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody reads the default partition for longer than is waited: no constraint is left behind."""
    monkeypatch.setattr(partition_making, "SMALL", 0)
    monkeypatch.setattr(partition_making, "LOCK_TIMEOUT", "SET LOCAL lock_timeout = '50ms'")

    def attach(*_: Any, **__: Any) -> None:
        connection.exec_driver_sql("SELECT 1 / 0")

    monkeypatch.setattr(partition_making, "_attach", attach)
    with pytest.raises(sqlalchemy.exc.DBAPIError):
        partitions.create_missing(connection, dt.date(TODAY.plus(1).year, TODAY.plus(1).month, 1))
    assert backend.query("SELECT conname FROM pg_constraint WHERE conname ~ '_without_'") == []


def test_a_role_that_may_not_make_partitions_is_told_of(
    backend: Backend, postgres: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By doctor with what to do, and by a metric that counts those that are missing."""
    postgres.query(backend.url, "CREATE ROLE confined LOGIN")
    try:
        for kind in ("TABLES", "SEQUENCES"):
            postgres.query(backend.url, f"GRANT ALL ON ALL {kind} IN SCHEMA public TO confined")
        confined = backend.url.replace("postgres@", "confined@")
        url = database_url(confined)
        assert Maintenance(url)() == 0
        level, words = doctor(tmp_path, database=confined).ill["partitions-are-made-ahead"]
        assert level == "warning"
        assert "may not make partitions" in words
        assert "aboveboard migrate" in words
        last = TODAY.plus(3).partition_of("element_stat")
        postgres.query(backend.url, f"DROP TABLE {last}")
        assert Maintenance(url)() == 1
        assert last in doctor(tmp_path, database=confined).ill["partitions-are-made-ahead"][1]
        level, words = doctor(tmp_path, database=backend.url).ill["partitions-are-made-ahead"]
        assert (level, last in words) == ("warning", True)

        async def open_and_close() -> None:
            store = await bootstrap.open_store(confined)
            async with asyncio.timeout(10):
                while "aboveboard_partitions_missing 1.0" not in metrics.render().decode():  # noqa: ASYNC110  # set in a thread
                    await asyncio.sleep(0.02)
            await store.close()

        asyncio.run(open_and_close())
        assert Maintenance(database_url(backend.url))() == 0
        assert "partitions-are-made-ahead" not in doctor(tmp_path, database=backend.url).ill
    finally:
        postgres.query(backend.url, "DROP OWNED BY confined")
        postgres.query(backend.url, "DROP ROLE confined")


def test_a_role_that_owns_the_tables_and_may_create_none_is_told_of(
    backend: Backend, postgres: PostgresServer, tmp_path: Path
) -> None:
    """By name, with what to do, in the log and by doctor; it does not try."""
    postgres.query(backend.url, "CREATE ROLE owner LOGIN")
    try:
        for event in SCHEMA.events:
            postgres.query(backend.url, f"ALTER TABLE {event.name} OWNER TO owner")
        postgres.query(backend.url, "GRANT ALL ON ALL TABLES IN SCHEMA public TO owner")
        postgres.query(backend.url, "REVOKE CREATE ON SCHEMA public FROM PUBLIC")
        postgres.query(backend.url, f"DROP TABLE {TODAY.plus(3).partition_of('element_stat')}")
        owned = backend.url.replace("postgres@", "owner@")
        with capture_logs() as lines:
            assert Maintenance(database_url(owned))() == 1
        assert [(line["event"], line["error"], line["advice"]) for line in lines] == [
            (
                "partitions_not_made",
                "the role owner lacks CREATE on the schema public",
                "GRANT CREATE ON SCHEMA public TO owner",
            )
        ]
        words = doctor(tmp_path, database=owned).ill["partitions-are-made-ahead"][1]
        assert "the role owner lacks CREATE on the schema public" in words
        assert "GRANT CREATE ON SCHEMA public TO owner" in words
        postgres.query(backend.url, "GRANT CREATE ON SCHEMA public TO owner")
        assert Maintenance(database_url(owned))() == 0
    finally:
        postgres.query(backend.url, "DROP OWNED BY owner")
        postgres.query(backend.url, "DROP ROLE owner")


HANGING = pytest.param(True, marks=pytest.mark.fault(seconds=10), id="hanging")


@pytest.mark.parametrize("hangs", [False, HANGING])
async def test_a_server_that_stops_waits_for_no_lock(
    backend: Backend, connection: Connection, monkeypatch: pytest.MonkeyPatch, *, hangs: bool
) -> None:
    """Maintenance that waits for what another session holds ends with the store, answer or none."""
    monkeypatch.setattr(partition_making, "LOCK_TIMEOUT", "SET LOCAL lock_timeout = '10min'")
    backend.query(f"DROP TABLE {TODAY.plus(3).partition_of('element_stat')}")
    waiting = (
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    with connection.begin():
        connection.execute(sqlalchemy.text("LOCK TABLE element_stat_default IN SHARE MODE"))
        store = await bootstrap.open_store(backend.url)
        async with asyncio.timeout(30):
            while not (pids := backend.query(waiting)):  # noqa: ASYNC110  # another process' state
                await asyncio.sleep(0.02)
        if hangs:
            os.kill(pids[0][0], signal.SIGSTOP)
        try:
            async with asyncio.timeout(30):
                await store.close()
                # As the end of a process does: it waits for every thread.
                await asyncio.get_running_loop().shutdown_default_executor()
            assert hangs or backend.query(waiting) == []
        finally:
            if hangs:
                os.kill(pids[0][0], signal.SIGCONT)


def test_only_one_server_makes_partitions_at_a_time(backend: Backend, connection: Connection) -> None:
    """While one is at it another passes, and takes its turn later."""
    later = dt.date(TODAY.plus(1).year, TODAY.plus(1).month, 1)
    other = sqlalchemy.create_engine(backend.url, poolclass=NullPool)
    with other.connect() as second, partitions.only_one(connection, wait=True):
        with partitions.only_one(second, wait=False) as held:
            assert not held
        assert partitions.create_missing(connection, later)
    with other.connect() as second, partitions.only_one(second, wait=False) as held:
        assert held
        assert partitions.create_missing(second, later) == []


def test_migrating_again_does_nothing(backend: Backend, connection: Connection) -> None:
    """And what a migrated database holds is what the tables declare, by Alembic's own account."""
    assert bootstrap.migrate(backend.url) == []
    assert outdated(connection) == []
    alembic.command.check(alembic_config(connection))
    by_alembic = ScriptDirectory.from_config(alembic_config(connection)).walk_revisions()
    assert revisions() == [found.revision for found in by_alembic][::-1]
