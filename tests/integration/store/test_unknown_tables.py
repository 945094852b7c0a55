"""A database with a table of events that this schema does not know is not served, migrated or erased from."""

from __future__ import annotations

import sqlite3
import uuid
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from tests.integration.store.conftest import Backend, postgres_backend, sqlite_backend
from tests.support.batches import batch_of, record
from tests.support.clients import deployment_source, element
from tests.support.erasures import begin
from tests.support.server import new_database

from aboveboard_server import bootstrap
from aboveboard_server.errors import StartupError, UnknownTableError
from aboveboard_server.schema import tables
from aboveboard_server.schema.erasure import SOURCE_ID
from aboveboard_server.schema.expiry import SOURCE, expiries
from aboveboard_server.storage.ports import SubjectRecord
from aboveboard_server.storage.work import deletions as work
from aboveboard_server.storage.work import erasure_queue, expiry

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.postgres import PostgresServer

    from aboveboard_server.storage.ports import EventStore

NEWER = "CREATE TABLE report_stat (source_id BIGINT NOT NULL, received_at BIGINT NOT NULL, event_id TEXT)"
# What an operator may have beside our tables.
OTHERS = [
    "CREATE TABLE customers (company_id TEXT, note TEXT)",
    "CREATE VIEW elements AS SELECT element_stat.*, solution FROM element_stat JOIN source USING (source_id)",
]


@pytest.fixture(params=["sqlite", "postgres"])
def backend(request: pytest.FixtureRequest, tmp_path: Path) -> Backend:
    """A database of each store that a test may change the schema of."""
    if request.param == "sqlite":
        (tmp_path / "aboveboard.db").write_bytes(new_database(token=""))
        return sqlite_backend(tmp_path / "aboveboard.db")
    server: PostgresServer = request.getfixturevalue("postgres")
    return postgres_backend(server, server.new_database())


def change(backend: Backend, request: pytest.FixtureRequest, *statements: str) -> None:
    """Change a database's schema past the service."""
    for statement in statements:
        if backend.name == "sqlite":
            with closing(sqlite3.connect(backend.url.removeprefix("sqlite:///"))) as database:
                database.execute(statement)
        else:
            request.getfixturevalue("postgres").query(backend.url, statement)


async def test_it_is_refused_by_name(backend: Backend, request: pytest.FixtureRequest) -> None:
    change(backend, request, NEWER)
    with pytest.raises(StartupError, match="does not know, report_stat"):
        bootstrap.migrate(backend.url)
    with pytest.raises(StartupError, match="does not know, report_stat"):
        await bootstrap.open_store(backend.url)


async def test_an_operators_own_tables_and_views_are_none(
    backend: Backend, request: pytest.FixtureRequest
) -> None:
    change(backend, request, *OTHERS)
    assert bootstrap.migrate(backend.url) == []
    store = await bootstrap.open_store(backend.url)
    await store.close()


async def test_one_that_comes_while_serving_stops_erasures(
    backend: Backend, request: pytest.FixtureRequest
) -> None:
    """No source goes, no deletion ends, until its table is known or gone; the source keeps its id."""
    store = await bootstrap.open_store(backend.url)
    source = deployment_source("acme")
    await store.commit([batch_of(source, element())])
    change(backend, request, NEWER)
    subject = SubjectRecord("COMPANY", record(source).subjects[0], company_id="acme")
    deletion_id = await begin(store, subject)
    for attempt in (
        store.work(erasure_queue.carry_on, [deletion_id], 10),
        store.work(erasure_queue.erased, [deletion_id], datetime.now(UTC)),
        store.work(erasure_queue.scrubbed, datetime.now(UTC)),
    ):
        with pytest.raises(UnknownTableError, match="report_stat"):
            await attempt
    with pytest.raises(UnknownTableError, match="report_stat"):
        await sweep_sources(store)
    assert (backend.count("source"), backend.count("element_stat")) == (1, 1)
    assert (await store.read(work.get, deletion_id)).state == work.RUNNING
    change(backend, request, "DROP TABLE report_stat")
    assert await store.work(erasure_queue.carry_on, [deletion_id], 10) == []
    assert await store.work(erasure_queue.carry_on, [deletion_id], 10) == [deletion_id]
    assert (backend.count("source"), backend.count("element_stat")) == (0, 0)
    await store.close()


async def sweep_sources(store: EventStore) -> None:
    metadata = tables.import_all()
    events = {name for name, table in metadata.tables.items() if SOURCE_ID in table.columns}
    (item,) = [one for one in expiries(metadata, events) if one.table == SOURCE]
    limits = dict.fromkeys(metadata.tables, datetime.now(UTC) + timedelta(days=1))
    await store.work(expiry.remove_left_over, str(uuid.uuid4()), item, [(1,)], limits=limits)
