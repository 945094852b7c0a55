"""How event tables are cut into months on PostgreSQL."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import TYPE_CHECKING

import alembic.command
import pytest
import sqlalchemy
from alembic.script import ScriptDirectory
from sqlalchemy.pool import NullPool
from tests.integration.store.conftest import Backend, postgres_backend
from tests.support.batches import SCHEMA, batch_of, duplicates, elements, ids
from tests.support.clients import server_source

from aboveboard_server import bootstrap
from aboveboard_server.storage import partitions
from aboveboard_server.storage.migrate import alembic_config
from aboveboard_server.storage.outdated import outdated, revisions
from aboveboard_server.storage.partitions import Month

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection
    from tests.support.postgres import PostgresServer

HERE = server_source()
TODAY = Month.of(dt.datetime.now(dt.UTC).date())


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
