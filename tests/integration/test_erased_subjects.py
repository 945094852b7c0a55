"""A deleted Subject's past comes back through no door of a running server; its future is taken."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from google.protobuf import json_format
from google.protobuf.timestamp_pb2 import Timestamp
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
    server_source,
    status,
    through_stream,
    through_unary,
    told,
    unknown_arm,
)
from tests.support.http_clients import EVENTS, JSON, PREFERENCE, PROTOBUF, STATUS, call, post
from tests.support.keys import reason_of, write_key
from tests.support.on_postgres import OnPostgres
from tests.support.users import stored_user

from aboveboard.ingest.v1.ingest_service_pb2 import (
    GetCollectionStatusRequest,
    GetCollectionStatusResponse,
    PublishEventsRequest,
    PublishEventsResponse,
    SetCollectionPreferenceRequest,
    SetCollectionPreferenceResponse,
    StreamEventsRequest,
)
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
    from aboveboard.telemetry.v1.verdict_pb2 import CollectionStatus

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


def erase_offline(server: ServerProcess, source: Source, cut_off: datetime = CUT_OFF) -> None:
    """Do so on SQLite, whose file is one process's alone."""
    server.stop()
    erase(server, f"sqlite:///{server.database}", source, cut_off)
    server.start()


def newer(event: EventEnvelope | None = None) -> EventEnvelope:
    """Return an event of a microsecond after the cut-off, or after another event."""
    event = event or element()
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
    erase_offline(server, source)
    before = held(server, source)
    for door in (through_unary, through_stream):
        # The cut-off is a full hour: the same for callers who learn of it by the hour only.
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


def test_only_callers_bound_to_the_company_are_told_the_cut_off(server: ServerProcess) -> None:
    """By every door: exact to who shows a key bound to it; to all others absent, and rounded to the hour."""
    source, later = deployment_source(new_id(), user_id="u1"), CUT_OFF + timedelta(microseconds=1)
    told_of = Timestamp()
    told_of.FromDatetime(later)
    bound = write_key(server, company_id=source.deployment.company_id)
    other = write_key(server, company_id="another")
    keys_of_others = ("", write_key(server), write_key(server, solution="Connects"))
    erase_offline(server, source, later)
    for key in (*keys_of_others, bound):
        is_bound = key == bound
        found = [answer for carried in (True, False) for answer in every_answer(server, source, key, carried)]
        assert len(found) == 14
        for answer in found:
            assert answer.HasField("erased_before") == is_bound
            assert not is_bound or answer.erased_before == told_of
        # Of the hour after noon, and after the cut-off.
        accepted = publish(server, source, newer(newer()), write_key=key).accepted_count
        assert accepted == is_bound
    assert reason_of(lambda: status(server, source, other)) == "SOURCE_NOT_ALLOWED"
    assert reason_of(lambda: status(server, server_source(), other)) == "SOURCE_NOT_ALLOWED"


def every_answer(
    server: ServerProcess,
    source: Source,
    key: str,
    carried: bool,  # noqa: FBT001  # as it is told
) -> Iterator[CollectionStatus]:
    """Yield the status in the answer of each door, the key in the message (`carried`) or beside it."""
    in_message: Any = {"write_key": key} if carried else {}
    bearer = () if carried or not key else (("authorization", f"Bearer {key}"),)
    events = PublishEventsRequest(source=source, events=[element()], **in_message)
    asked = GetCollectionStatusRequest(source=source, **in_message)
    # Of another user, so that this one may go on.
    other = deployment_source(source.deployment.company_id, user_id=new_id())
    preference = SetCollectionPreferenceRequest(
        source=other,
        scope=SetCollectionPreferenceRequest.SCOPE_USER,
        preference=SetCollectionPreferenceRequest.PREFERENCE_DISABLED,
        **in_message,
    )
    with ingest(server) as stub:
        settings: Any = {"timeout": TIMEOUT, "metadata": bearer}
        yield stub.PublishEvents(events, **settings).collection_status
        stream = stub.StreamEvents(iter([StreamEventsRequest(sequence=1, publish=events)]), **settings)
        yield next(iter(stream)).collection_status
        yield stub.GetCollectionStatus(asked, **settings).collection_status
        yield stub.SetCollectionPreference(preference, **settings).collection_status
    for path, message, answer in (
        (EVENTS, events, PublishEventsResponse()),
        (STATUS, asked, GetCollectionStatusResponse()),
        (PREFERENCE, preference, SetCollectionPreferenceResponse()),
    ):
        text = json_format.MessageToJson(message)
        headers = {"Authorization": bearer[0][1]} if bearer else {}
        body = call(server, "POST", path, text, JSON, accept=JSON, **headers).body
        yield json_format.Parse(body, answer).collection_status


def test_a_stream_is_told_by_the_key_of_each_request(server: ServerProcess) -> None:
    """Whatever key the request before it had: the flag is of the one request."""
    source = deployment_source(new_id())
    key = write_key(server, company_id=source.deployment.company_id)
    erase_offline(server, source, CUT_OFF + timedelta(microseconds=1))
    event = newer(newer())

    def requests() -> Iterator[StreamEventsRequest]:
        for sequence, shown in enumerate(("", key, "", key), start=1):
            event.event_id = new_id()
            sent = PublishEventsRequest(source=source, events=[event], write_key=shown)
            yield StreamEventsRequest(sequence=sequence, publish=sent)

    with ingest(server) as stub:
        answers = list(stub.StreamEvents(requests(), timeout=TIMEOUT))
    assert sum(answer.accepted_count for answer in answers) == 2
    assert [verdict.sequence for answer in answers for verdict in answer.verdicts] == [1, 3]


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
            assert not response.collection_status.HasField("erased_before")
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
