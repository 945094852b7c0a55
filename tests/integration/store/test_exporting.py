"""What the store tells of a Subject: every row once, and nothing that a deletion is removing."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from tests.support.batches import KEY, RECEIVED_AT, batch_of, elements, ids, pings, quarantined_batch, record
from tests.support.clients import deployment_source, server_source

from aboveboard_server.privacy import pseudonyms
from aboveboard_server.privacy.company_keys import CompanyKeys
from aboveboard_server.privacy.export import LEFT_OUT, Exporter
from aboveboard_server.privacy.named import SubjectReader
from aboveboard_server.privacy.users import Users
from aboveboard_server.schema import catalog, erasure, tables
from aboveboard_server.storage.ports import SubjectRecord
from aboveboard_server.storage.privacy_tables import OptOutRow
from aboveboard_server.storage.work import exporting, installations

if TYPE_CHECKING:
    from tests.integration.store.conftest import Backend
    from tests.support.postgres import PostgresServer

    from aboveboard_server.storage.ports import EventStore
    from aboveboard_server.storage.work.exporting import Stored

COMPANY = SubjectRecord("COMPANY", b"c", company_id="acme")
USER = SubjectRecord("USER", b"u", company_id="acme", deployment_id="d1", user_id=pseudonyms.rekey(KEY, "u1"))


async def test_every_table_that_erasure_reaches_is_told_of(store: EventStore) -> None:
    """A table is exported, or left out for a reason; one that is added must be decided upon."""
    exporter = Exporter(
        store, SubjectReader(b"k" * 32, Users(CompanyKeys(store, b"w" * 32), b"k" * 32)), catalog.default()
    )
    reached = {target.table for target in erasure.targets(tables.import_all())}
    assert [table for table in reached if not exporter.tells_of(table)] == []
    assert LEFT_OUT.keys() <= reached
    assert all(LEFT_OUT.values())


async def read_all(store: EventStore, subject: SubjectRecord, limit: int) -> list[Stored]:
    """Read everything that a Subject's sources have sent in pages of a size."""
    done: list[Stored] = []
    after = 0
    while sources := await store.read(exporting.sources, subject, after=after, limit=limit):
        assert len(sources) <= limit
        after = int(str(sources[-1].values["source_id"]))
        left = await store.read(exporting.places, [int(str(row.values["source_id"])) for row in sources])
        while left:
            rows, left = await store.read(exporting.sent, left, limit=limit)
            done += rows
    return done


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
async def test_pages_of_any_size_hold_every_row_once(store: EventStore, limit: int) -> None:
    """Rows received at one moment and one after the other, of several sources and tables."""
    expected: list[str] = []
    for moment, (name, count) in enumerate([("d1", 3), ("d1", 1), ("d2", 2), ("d1", 1), ("d1", 4)]):
        source = deployment_source("acme", name)
        made = ids(count * 2)
        expected += made
        first, second = elements(*made[:count]), pings(*made[count:])
        await store.commit([batch_of(source, *first, *second, received_at=RECEIVED_AT + moment)])
    (kept,) = ids(1)
    await store.commit([quarantined_batch(deployment_source("acme", "d2"), kept)])
    await store.commit([batch_of(deployment_source("other"), *elements(*ids(2)))])
    found = await read_all(store, COMPANY, limit)
    assert sorted(str(row.values["event_id"]) for row in found) == sorted([*expected, kept])


async def test_a_user_is_told_from_the_others_of_a_deployment(store: EventStore) -> None:
    """By the id that is stored; one without it is nobody, and never the whole deployment."""
    (ours,) = ids(1)
    await store.commit([batch_of(deployment_source("acme", user_id="u1"), *elements(ours))])
    await store.commit([batch_of(deployment_source("acme", user_id="u2"), *elements(*ids(1)))])
    await store.commit([batch_of(deployment_source("acme"), *elements(*ids(1)))])
    assert [row.values["event_id"] for row in await read_all(store, USER, 10)] == [ours]
    unknown = SubjectRecord("USER", b"x", company_id="acme", deployment_id="d1")
    assert await read_all(store, unknown, 10) == []
    assert await store.read(exporting.keyed, OptOutRow, unknown, after=None, limit=10) == []


async def test_what_a_deletion_is_removing_is_told_to_nobody(
    store: EventStore, backend: Backend, request: pytest.FixtureRequest
) -> None:
    """Neither in an export nor in the list of installations, though its rows are still there."""
    deployment, server = deployment_source("acme", version="1"), server_source(version="1")
    for source in (deployment, server):
        await store.commit([batch_of(source, *elements(*ids(2)))])
    assert len(await read_all(store, COMPANY, 10)) == 2
    (before,) = await store.read(exporting.sources, COMPANY, after=0, limit=10)
    deletion = f"UPDATE source SET deletion_id = '{ids(1)[0]}'"
    if backend.name == "sqlite":
        with closing(sqlite3.connect(backend.url.removeprefix("sqlite:///"))) as database, database:
            database.execute(deletion)
    else:
        postgres: PostgresServer = request.getfixturevalue("postgres")
        postgres.query(backend.url, deletion)
    assert await store.read(exporting.sources, COMPANY, after=0, limit=10) == []
    # An export that is under way has read its source already.
    assert await store.read(exporting.places, [int(str(before.values["source_id"]))]) == []
    subject = SubjectRecord("SERVER", b"s", server_uuid=server.server.server_uuid)
    assert await store.read(exporting.sources, subject, after=0, limit=10) == []
    for unit in (installations.deployments, installations.servers):
        assert [found.sightings for found in await store.read(unit, start=None, limit=10)] == [[]]


async def test_a_known_record_is_plain(store: EventStore) -> None:
    """Values come as `schema.rows` has them: the source's are those that were given."""
    source = deployment_source("acme", instance_id="i", user_id="u1")
    await store.commit([batch_of(source, *pings(*ids(1)))])
    (row,) = await store.read(exporting.sources, COMPANY, after=0, limit=10)
    names = [name for name in row.values if name in tables.source_row_class().model_fields]
    assert set(record(source).values) <= {row.values[name] for name in names}
    (sent,) = await read_all(store, COMPANY, 10)
    assert sent.values["received_at"] == RECEIVED_AT
