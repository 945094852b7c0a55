"""A deleted Subject's past comes back through no door of a running server; its future is taken."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from google.protobuf import json_format
from tests.support.batches import SCHEMA, FixedKey, entomb
from tests.support.clients import (
    NOON,
    TIMEOUT,
    deployment_source,
    element,
    held,
    ingest,
    new_id,
    publish,
    request,
    status,
    through_stream,
    through_unary,
    told,
    unknown_arm,
)
from tests.support.http_clients import EVENTS, PREFERENCE, PROTOBUF, STATUS, call, post
from tests.support.on_postgres import OnPostgres
from tests.support.users import stored_user

from aboveboard.ingest.v1.ingest_service_pb2 import SetCollectionPreferenceRequest
from aboveboard_server import bootstrap
from aboveboard_server.ingest.sources import SourceReader
from aboveboard_server.privacy import keys
from aboveboard_server.storage.forbidden import Forbidden
from aboveboard_server.storage.ports import SubjectRecord

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.postgres import PostgresServer
    from tests.support.server import ServerProcess

    from aboveboard.telemetry.v1.event_pb2 import EventEnvelope
    from aboveboard.telemetry.v1.source_pb2 import Source

CUT_OFF = NOON.ToDatetime(UTC)


def erase(server: ServerProcess, database: str, source: Source, cut_off: datetime = CUT_OFF) -> None:
    """Leave a tombstone of a company, from another process than the server's."""

    async def run() -> None:
        reader = SourceReader(SCHEMA, keys.digest_key(server.key_dir), FixedKey(), Forbidden())
        store = await bootstrap.open_store(database)
        try:
            await entomb(store, SubjectRecord("COMPANY", reader.read(source).subjects[0]), cut_off)
        finally:
            await store.close()

    asyncio.run(run())


def newer() -> EventEnvelope:
    """Return an event of a microsecond after the cut-off."""
    event = element()
    event.occurred_at.nanos += 1_000
    return event


@pytest.fixture
def on_postgres(tmp_path: Path, postgres: PostgresServer) -> Iterator[tuple[OnPostgres, str]]:
    folder, url = tmp_path / "server", postgres.new_database()
    folder.mkdir()
    server = OnPostgres(folder, postgres, url, workers=2)
    server.start()
    yield server, url
    server.stop()


def test_no_door_lets_the_past_in(server: ServerProcess) -> None:
    """Unary, stream and HTTP give the same verdicts, and every answer tells the cut-off."""
    source = deployment_source(new_id(), user_id="u1")
    old = [element(), unknown_arm(900)]
    assert publish(server, source, *old).accepted_count == 1
    server.stop()
    erase(server, f"sqlite:///{server.database}", source)
    server.start()
    before = held(server, source)
    for door in (through_unary, through_stream):
        answer = door(server, request(source, [*old, newer(), element()]).SerializeToString())
        assert answer.accepted == 1
        assert [(index, outcome) for index, outcome, _, _ in told(answer.verdicts)] == [
            (index, "SUBJECT_ERASED") for index in (0, 1, 3)
        ]
    as_json = json_format.MessageToDict(request(source, [old[0], newer()]))
    published = post(server, EVENTS, as_json).published
    assert published.accepted_count == 1
    assert told(published.verdicts) == [(0, "SUBJECT_ERASED", "UNSPECIFIED", "")]
    assert call(server, "POST", EVENTS, request(source, old).SerializeToString(), PROTOBUF).status == 204
    gained = {table: count - before.get(table, 0) for table, count in held(server, source).items()}
    assert gained == {"element_stat": 3, "quarantined_event": 0}

    preference = SetCollectionPreferenceRequest(
        source=source,
        scope=SetCollectionPreferenceRequest.SCOPE_USER,
        preference=SetCollectionPreferenceRequest.PREFERENCE_DISABLED,
    )
    with ingest(server) as stub:
        changed = stub.SetCollectionPreference(preference, timeout=TIMEOUT).collection_status
        refused = stub.PublishEvents(request(source, old), timeout=TIMEOUT).collection_status
    for found in (published.collection_status, changed, refused, status(server, source)):
        assert found.erased_before == NOON
    for path, message in ((STATUS, {"source": as_json["source"]}), (PREFERENCE, preference)):
        document = message if isinstance(message, dict) else json_format.MessageToDict(message)
        answered = post(server, path, document)
        assert '"erasedBefore":"2026-07-13T12:00:00Z"' in answered.text.replace(" ", "")
    assert not status(server, deployment_source(new_id())).HasField("erased_before")


def test_no_worker_lets_the_past_in_once_another_process_has_deleted(
    on_postgres: tuple[OnPostgres, str],
) -> None:
    """From the deletion's return on, on connections to whichever worker: 0 older rows, newer ones taken."""
    server, url = on_postgres
    for _ in range(3):
        source = deployment_source(new_id(), user_id="u1")
        for _ in range(4):
            publish(server, source, element())
        erase(server, url, source)
        at_return = held(server, source)
        for _ in range(8):
            response = publish(server, source, element(), newer(), unknown_arm(900))
            assert response.accepted_count == 1
            assert [outcome for _, outcome, _, _ in told(response.verdicts)] == ["SUBJECT_ERASED"] * 2
            assert response.collection_status.erased_before == NOON
        assert at_return == {"element_stat": 4}
        assert held(server, source) == {"element_stat": 12}


def test_all_workers_key_a_user_with_one_key(on_postgres: tuple[OnPostgres, str]) -> None:
    """Whichever worker sees a company first: one key, one id for a user, and not the one that was sent."""
    server, _ = on_postgres
    for _ in range(5):
        company = new_id()
        for number in range(8):
            publish(server, deployment_source(company, user_id="u1", instance_id=str(number)), element())
        found = server.query("SELECT DISTINCT user_id FROM source WHERE company_id = %s", company)
        assert found == [(stored_user(server, company, "u1"),)]
