"""What a client sends, and what follows from each answer."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from tests.support.clients import NOON, element, held, new_id, ping, unknown_arm
from tests.support.hosts import wait_for
from tests.support.scripted import RefusedError, ScriptedService, collection_status

from aboveboard.event.v1.change_type_pb2 import CHANGE_TYPE_CREATE
from aboveboard.event.v1.server_pb2 import ServerPing
from aboveboard.event.v1.test_asset_pb2 import ElementStat
from aboveboard.ingest.v1.ingest_service_pb2 import PublishEventsResponse
from aboveboard.schema.v1.annotations_pb2 import CATEGORY_TECHNICAL
from aboveboard.telemetry.v1.source_pb2 import ServerSource, Source
from aboveboard.telemetry.v1.verdict_pb2 import OUTCOME_QUARANTINED, OUTCOME_SUBJECT_ERASED, EventVerdict
from aboveboard_client import Client, Timing

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.client.conftest import MakeClient
    from tests.support.server import ServerProcess

    from aboveboard.ingest.v1.ingest_service_pb2 import PublishEventsRequest


def stat(number: int = 1) -> ElementStat:
    return ElementStat(element_id=str(number), change_type=CHANGE_TYPE_CREATE)


def test_messages_and_envelopes_arrive_with_what_was_missing(
    shared_server: ServerProcess, make_client: MakeClient, source: ServerSource
) -> None:
    """An event message gets an id (UUIDv7) and a time; an envelope keeps its own, and is not changed."""
    client = make_client(shared_server.ingest_address)
    mine = element("20", event_id=new_id().upper(), occurred_at=NOON)
    copy = mine.SerializeToString()
    before = time.time_ns() // 1000
    assert client.record(stat(10))
    assert client.record(mine, durable=True)
    assert client.flush()
    assert mine.SerializeToString() == copy
    rows = shared_server.query(
        "SELECT element_id, event_id, occurred_at FROM element_stat JOIN source USING (source_id)"
        " WHERE server_uuid = ? ORDER BY element_id",
        source.server_uuid,
    )
    (number, made, occurred_at), theirs = rows
    assert number == "10"
    assert made[14] == "7"
    assert before <= occurred_at <= time.time_ns() // 1000
    assert theirs == ("20", mine.event_id.lower(), NOON.seconds * 1_000_000)
    assert client.stats().accepted == 2


def test_each_verdict_is_obeyed(
    shared_server: ServerProcess, make_client: MakeClient, source: ServerSource
) -> None:
    """Rejected, duplicate and quarantined events leave the spool, counted; their neighbours arrive."""
    client = make_client(shared_server.ingest_address)
    same = element(occurred_at=NOON)
    for event in (stat(), ElementStat(), same, same, unknown_arm(1000), ping()):
        assert client.record(event)
    assert client.close()
    stats = client.stats()
    assert (stats.recorded, stats.accepted, stats.rejected) == (6, 3, 1)
    assert (stats.duplicate, stats.quarantined) == (1, 1)
    assert held(shared_server, Source(server=source)) == {
        "element_stat": 2,
        "ping": 1,
        "quarantined_event": 1,
    }


def test_verdicts_that_a_test_must_script(service: ScriptedService, make_client: MakeClient) -> None:
    """SUBJECT_ERASED is counted, and so is an outcome of a later version; neither is sent again."""
    outcomes: list[Any] = [OUTCOME_SUBJECT_ERASED, 99, OUTCOME_QUARANTINED]

    def answer(request: PublishEventsRequest) -> PublishEventsResponse:
        verdicts = [EventVerdict(index=index, outcome=outcome) for index, outcome in enumerate(outcomes)]
        return PublishEventsResponse(verdicts=verdicts, collection_status=service.status)

    service.answer = answer
    client = make_client(service.address)
    for number in range(3):
        client.record(stat(number))
    assert client.close()
    stats = client.stats()
    assert (stats.erased, stats.refused, stats.quarantined, stats.accepted) == (1, 1, 1, 0)
    assert len(service.event_ids()) == 3


def test_it_asks_before_it_sends_and_not_without_reason(
    service: ScriptedService, make_client: MakeClient
) -> None:
    """Before its first event a client asks for its status, once; without events it does not even connect."""
    client = make_client(service.address, write_key="k1")
    assert client.flush()
    assert not service.asked
    for number in range(3):
        client.record(stat(number))
        assert client.flush()
    assert [asked.write_key for asked in service.asked] == ["k1"]
    assert {sent.write_key for sent in service.published} == {"k1"}
    assert all(sent.HasField("sent_at") for sent in service.published)


def test_preview_is_what_is_sent_and_the_log_what_was(
    service: ScriptedService, make_client: MakeClient
) -> None:
    """`preview` shows the next request but for its time and key; the log then holds it, field by field."""
    client = make_client(service.address, write_key="secret", timing=Timing(linger=60))
    assert client.preview().events == []
    for number in range(700):
        client.record(stat(number))
    shown = client.preview()
    assert client.preview() == shown
    assert client.flush()
    first = service.published[0]
    first.ClearField("sent_at")
    first.ClearField("write_key")
    assert shown == first
    assert client.preview().events == []
    assert client.log_path is not None
    text = client.log_path.read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    logged = [line["sent"] for line in lines if line["rpc"] == "PublishEvents" and "sent" in line]
    assert [event["eventId"] for sent in logged for event in sent["events"]] == service.event_ids()
    assert logged[0]["events"][0]["elementStat"] == {"elementId": "0", "changeType": "CHANGE_TYPE_CREATE"}
    assert "secret" not in text
    assert [line["rpc"] for line in lines[:2]] == ["GetCollectionStatus"] * 2


def test_the_log_is_bounded(service: ScriptedService, make_client: MakeClient) -> None:
    """The log and the one before it never take more than they may."""
    client = make_client(service.address, log_bytes=20_000)
    for number in range(100):
        client.record(stat(number))
        client.flush()
    assert client.log_path is not None
    sizes = [path.stat().st_size for path in client.log_path.parent.glob("sent.log*")]
    assert len(sizes) == 2
    assert sum(sizes) <= 22_000


@pytest.mark.parametrize("code", [grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED])
def test_retry_info_is_honoured(
    service: ScriptedService, make_client: MakeClient, code: grpc.StatusCode
) -> None:
    """A client that is told to wait does not come back sooner, and then sends the same events."""
    times: list[float] = []

    def answer(request: PublishEventsRequest) -> PublishEventsResponse:
        times.append(time.monotonic())
        if len(times) == 1:
            raise RefusedError(code, "OVERLOADED", retry_seconds=0.7)
        return service.accept(request)

    service.answer = answer
    client = make_client(service.address)
    client.record(stat())
    wait_for(lambda: len(times) == 2)
    assert times[1] - times[0] >= 0.7
    assert client.flush()
    assert len(set(service.event_ids())) == 1


def test_a_standing_refusal_keeps_the_events_and_waits_long(
    service: ScriptedService, make_client: MakeClient
) -> None:
    """A key that is not valid costs no event: a client tries again now and then, and sends once it is."""
    refusals = [RefusedError(grpc.StatusCode.UNAUTHENTICATED, "UNAUTHENTICATED")] * 2

    def answer(request: PublishEventsRequest) -> PublishEventsResponse:
        if refusals:
            raise refusals.pop()
        return service.accept(request)

    service.answer = answer
    client = make_client(service.address)
    client.record(stat())
    wait_for(lambda: client.stats().accepted == 1)
    assert len(service.published) == 3


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (grpc.StatusCode.INVALID_ARGUMENT, "MALFORMED_REQUEST"),
        (grpc.StatusCode.INTERNAL, "INTERNAL"),
    ],
)
def test_one_poisonous_event_is_found_and_dropped(
    service: ScriptedService, make_client: MakeClient, code: grpc.StatusCode, reason: str
) -> None:
    """Where requests fail that hold one certain event, that one is dropped and every other arrives."""

    def answer(request: PublishEventsRequest) -> PublishEventsResponse:
        if any(event.element_stat.element_id == "13" for event in request.events):
            raise RefusedError(code, reason)
        return service.accept(request)

    service.answer = answer
    client = make_client(service.address, timing=Timing(linger=0.3, retry_first=0.001, retry_most=0.01))
    for number in range(10, 22):
        client.record(stat(number))
    wait_for(lambda: client.stats().accepted == 11)
    wait_for(lambda: client.stats().refused == 1)
    assert client.close()


def test_a_source_that_is_refused_is_asked_for_once(shared_server: ServerProcess, tmp_path: Path) -> None:
    """A source that breaks a rule is a mistake of its host: the client keeps its events, and asks no more."""
    client = Client(
        shared_server.ingest_address,
        ServerSource(server_uuid="not a UUID"),
        directory=tmp_path,
        timing=Timing(linger=0.0, retry_first=0.0, retry_most=0.0),
        heartbeat=False,
    )
    client.record(stat())
    assert client.log_path is not None
    wait_for(lambda: client.log_path and client.log_path.exists() and "failed" in client.log_path.read_text())
    client.record(stat())
    assert not client.close(0)
    assert client.log_path.read_text().count('"failed"') == 1
    assert client.stats().recorded == 2


def test_a_category_that_is_not_wanted_does_not_leave(
    service: ScriptedService, make_client: MakeClient
) -> None:
    """Where the service takes technical data alone, interaction data stays here and is dropped."""
    service.status = collection_status(categories=[CATEGORY_TECHNICAL])
    client = make_client(service.address)
    for event in (stat(), ServerPing(server_version="1"), ping(), ping()):
        client.record(event)
    assert client.close()
    assert [event.WhichOneof("event") for sent in service.published for event in sent.events] == [
        "server_ping"
    ]
    assert client.stats().dropped_category == 3


def test_an_upgrade_sends_what_the_old_version_recorded_as_the_old_version(
    service: ScriptedService, tmp_path: Path
) -> None:
    """Events wait under the source that recorded them: a new version does not claim those of the old."""
    for version in ("1.0", "2.0"):
        source = ServerSource(server_uuid="0195f3d8-7165-11ec-8d28-2641d35f62cd", version=version)
        client = Client(
            service.address, source, directory=tmp_path, heartbeat=False, timing=Timing(linger=60)
        )
        client.record(stat())
        client.close(0 if version == "1.0" else 5)
    assert sorted(sent.source.server.version for sent in service.published) == ["1.0", "2.0"]


def test_the_heartbeat_goes_without_being_asked(
    shared_server: ServerProcess, make_client: MakeClient, source: ServerSource
) -> None:
    """A client of a server pings at its first start; a restart soon after does not."""
    for _ in range(3):
        client = make_client(shared_server.ingest_address, heartbeat=True)
        wait_for(lambda: held(shared_server, Source(server=source)).get("server_ping"))
        client.close()
    rows = shared_server.query(
        "SELECT trigger, server_os FROM server_ping JOIN source USING (source_id) WHERE server_uuid = ?",
        source.server_uuid,
    )
    assert rows == [("FIRST_START", "LINUX")]


def test_a_clock_that_is_behind_an_erasure_does_not_silence_new_events(
    service: ScriptedService, make_client: MakeClient
) -> None:
    """With `erased_before` ahead of our clock, new events are given the server's time; others keep ours."""
    service.status = collection_status()
    service.status.server_time.FromNanoseconds(time.time_ns() + 3600 * 10**9)
    client = make_client(service.address)
    client.record(stat(1))
    assert client.flush()
    service.status.erased_before.FromNanoseconds(time.time_ns() + 1800 * 10**9)
    client.record(stat(2))
    assert client.flush()
    client.record(stat(3))
    assert client.flush()
    occurred = [event.occurred_at.seconds for sent in service.published for event in sent.events]
    assert occurred[1] - occurred[0] < 1000
    assert 3000 < occurred[2] - occurred[1] < 4200
    assert service.published[2].sent_at.seconds - occurred[2] < 1000


def test_a_clock_that_is_behind_is_given_up_once_a_new_event_counts_as_erased(
    service: ScriptedService, make_client: MakeClient
) -> None:
    """Without being told the cut-off: from the answer on events have the server's time, if it is ahead."""
    ahead = 3600

    def answer(request: PublishEventsRequest) -> PublishEventsResponse:
        service.status.server_time.FromNanoseconds(time.time_ns() + ahead * 10**9)
        outcome: Any = OUTCOME_SUBJECT_ERASED
        verdicts = [
            EventVerdict(index=index, event_id=event.event_id, outcome=outcome)
            for index, event in enumerate(request.events)
            if event.occurred_at.seconds < erased_before
        ]
        return PublishEventsResponse(verdicts=verdicts, collection_status=service.status)

    service.answer = answer
    client = make_client(service.address)
    # What was recorded before this client began may be erased rightly: it says nothing of the clock.
    erased_before = time.time_ns() // 10**9 - 1000
    old = element(occurred_at=NOON)
    occurred: list[int] = []
    for event in (old, stat(1), stat(2)):
        client.record(event)
        assert client.flush()
        occurred.append(service.published[-1].events[-1].occurred_at.seconds)
    assert occurred[2] - occurred[1] < 1000
    erased_before = occurred[2] + 1800
    for number in (3, 4, 5):
        client.record(stat(number))
        assert client.flush()
        occurred.append(service.published[-1].events[-1].occurred_at.seconds)
    assert occurred[3] - occurred[2] < 1000
    assert 3000 < occurred[4] - occurred[3] < 4200
    assert service.published[-1].sent_at.seconds - occurred[-1] < 1000
    assert (client.stats().erased, client.stats().accepted) == (2, 4)
    # A server that is behind is not followed.
    ahead = -7200
    for number in (6, 7):
        client.record(stat(number))
        assert client.flush()
    assert abs(service.published[-1].events[-1].occurred_at.seconds - time.time()) < 1000
