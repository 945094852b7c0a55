"""One bad item costs itself: its neighbours arrive, and it is counted once."""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING, Any

import pytest
from grpc import StatusCode
from tests.support.clients import element, new_id
from tests.support.scripted import RefusedError

from aboveboard.event.v1.change_type_pb2 import CHANGE_TYPE_CREATE
from aboveboard.event.v1.ping_pb2 import Ping
from aboveboard.event.v1.test_asset_pb2 import ElementStat
from aboveboard_client import Timing, frames
from aboveboard_client.locks import locked

if TYPE_CHECKING:
    from pathlib import Path

    from google.protobuf.message import Message
    from google.protobuf.struct_pb2 import Struct
    from tests.integration.client.conftest import MakeClient
    from tests.support.scripted import ScriptedService

    from aboveboard.ingest.v1.ingest_service_pb2 import PublishEventsRequest, PublishEventsResponse
    from aboveboard.telemetry.v1.event_pb2 import EventEnvelope

NEIGHBOURS = ["1", "2", "3", "4"]


def stat(number: object) -> ElementStat:
    return ElementStat(element_id=str(number), change_type=CHANGE_TYPE_CREATE)


def arrived(service: ScriptedService) -> list[str]:
    return [event.element_stat.element_id for sent in service.published for event in sent.events]


def ping_with(number: float) -> Ping:
    event = Ping(event_name="ratio")
    event.payload["ratio"] = number
    return event


def nested(depth: int) -> Ping:
    event = Ping(event_name="deep")
    inner: Struct = event.payload
    for _ in range(depth):
        inner = inner.fields["a"].struct_value
    inner["a"] = 1
    return event


def timed(**fields: int) -> EventEnvelope:
    event = element("9", event_id=new_id())
    event.occurred_at.Clear()
    for name, value in fields.items():
        setattr(event.occurred_at, name, value)
    return event


BAD = {
    "NaN": ping_with(math.nan),
    "Infinity": ping_with(math.inf),
    "a year no calendar has": timed(seconds=10**14),
    "a negative part of a second": timed(seconds=1_783_944_000, nanos=-5),
}


@pytest.mark.parametrize("bad", BAD.values(), ids=list(BAD))
def test_what_cannot_be_written_into_the_log_costs_itself(
    service: ScriptedService, make_client: MakeClient, bad: Message
) -> None:
    """An event that JSON has no words for is dropped and counted, and no other."""
    client = make_client(service.address, timing=Timing(linger=60))
    events = [stat(1), stat(2), bad, stat(3), stat(4)]
    assert all(client.record(event) for event in events)
    assert client.close(20)
    assert arrived(service) == NEIGHBOURS
    stats = client.stats()
    assert (stats.recorded, stats.accepted, stats.refused) == (5, 4, 1)


@pytest.mark.parametrize("depth", range(26, 38))
def test_nesting_that_a_parser_refuses_costs_itself(
    service: ScriptedService, make_client: MakeClient, depth: int
) -> None:
    """However deep: an event is sent, or counted as one that is not; none blocks those after it."""
    client = make_client(service.address, timing=Timing(linger=60))
    for event in (stat(1), stat(2), nested(depth), stat(3), stat(4)):
        client.record(event)
    assert client.close(20)
    assert [number for number in arrived(service) if number] == NEIGHBOURS
    stats = client.stats()
    assert stats.accepted + stats.damaged + stats.unusable + stats.refused == 5


def test_a_frame_that_holds_no_event_costs_itself(
    service: ScriptedService, make_client: MakeClient, tmp_path: Path
) -> None:
    """What a frame holds may be garbage though the frame is whole; so may its source."""
    client = make_client(service.address, timing=Timing(linger=60))
    for number in NEIGHBOURS:
        client.record(stat(number))
    client.close(0)
    (file,) = tmp_path.rglob("*.spool")
    found = list(frames.walk(file.read_bytes()[16:]))
    garbage = frames.frame(frames.EVENT, b"\xff" * 9)
    events = [frames.frame(frames.EVENT, frame.payload) for frame in found[1:]]
    source = frames.frame(frames.SOURCE, b"\xff" * 9)
    head = file.read_bytes()[:16]
    file.write_bytes(head + source + b"".join([events[0], garbage, *events[1:], b"torn"]))
    client = make_client(service.address)
    assert client.flush(20)
    assert arrived(service) == NEIGHBOURS
    assert (client.stats().accepted, client.stats().damaged) == (4, 2)


def test_a_file_that_cannot_be_opened_costs_itself(
    service: ScriptedService, make_client: MakeClient, tmp_path: Path
) -> None:
    """A folder where a spool file should be keeps nobody from those beside it, nor a refusal from all."""
    client = make_client(service.address, timing=Timing(linger=60))
    client.record(stat(1))
    client.close(0)
    (file,) = tmp_path.rglob("*.spool")
    for name in ("0", "zzz"):
        (file.parent / f"{name}.spool").mkdir()
    client = make_client(service.address)
    assert client.flush(20)
    assert arrived(service) == ["1"]
    client.record(stat(2))
    assert client.flush(20)
    assert client.disable().problem == ""


def test_a_file_that_cannot_be_read_costs_itself(
    service: ScriptedService, make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the disk gives a file back no more, what is in other files goes."""
    client = make_client(service.address, timing=Timing(linger=60), max_bytes=1 << 20)
    assert client.record(stat("lost"))
    big = Ping(event_name="x")
    big.payload["t"] = "y" * 60_000
    while client._core is not None and len(client._core.parts.spool.segments()) < 2:  # noqa: SLF001  # white box
        client.record(big)
    assert client.record(stat(1))
    assert client._core is not None  # noqa: SLF001  # as above
    broken = client._core.parts.spool.segments()[0].handle.fd  # noqa: SLF001  # as above
    pread = os.pread

    def spoilt(fd: int, size: int, place: int) -> bytes:
        if fd == broken:
            raise OSError(5, "Input/output error")
        return pread(fd, size, place)

    monkeypatch.setattr(os, "pread", spoilt)
    assert client.flush(20)
    assert arrived(service)[-1] == "1"
    assert client.stats().damaged == client.stats().recorded - client.stats().accepted > 0


@pytest.mark.parametrize("way", ["no file", "held by another"])
def test_a_log_that_cannot_be_written_delays_nothing(
    service: ScriptedService, make_client: MakeClient, way: str
) -> None:
    """Events go all the same, and soon."""
    client = make_client(service.address)
    assert client.log_path is not None
    client.log_path.parent.mkdir(parents=True)
    if way == "no file":
        client.log_path.mkdir()
        for number in range(5):
            client.record(stat(number))
            assert client.flush(2)
        return
    with locked(client.log_path.with_name("log.lock")):
        for number in range(5):
            client.record(stat(number))
            assert client.flush(2)


def test_an_answer_that_means_nothing_blocks_nothing(
    service: ScriptedService, make_client: MakeClient
) -> None:
    """Times out of range, delays out of range, more verdicts than events: the next events go."""

    def answer(request: PublishEventsRequest) -> PublishEventsResponse:
        response = service.accept(request)
        response.collection_status.ping_interval.seconds = 2**62
        response.collection_status.server_time.seconds = -(2**62)
        response.collection_status.erased_before.seconds = 2**62
        for index in (0, 2**31 - 1, 2**32 - 1):
            response.verdicts.add(index=index, outcome=99)
        return response

    service.answer = answer
    service.status.ping_interval.seconds = -(2**62)
    client = make_client(service.address)
    for number in NEIGHBOURS:
        client.record(stat(number))
        assert client.flush(20)
    assert arrived(service) == NEIGHBOURS
    assert client.stats().accepted == 0


def test_a_delay_that_means_nothing_is_no_delay(service: ScriptedService, make_client: MakeClient) -> None:
    """The service asks for a wait that no clock can hold: the client goes by its own."""
    refusals = [RefusedError(StatusCode.UNAVAILABLE, "OVERLOADED", retry_seconds=1e15)]

    def answer(request: PublishEventsRequest) -> Any:
        if refusals:
            raise refusals.pop()
        return service.accept(request)

    service.answer = answer
    client = make_client(service.address)
    client.record(stat(1))
    client.flush()
    assert client.flush(20)


def test_a_state_that_cannot_be_written_holds_up_no_event(
    service: ScriptedService, make_client: MakeClient
) -> None:
    """The heartbeat fails, since what it remembers cannot be kept: events go."""
    client = make_client(service.address, heartbeat=True)
    assert client.log_path is not None
    state = client.log_path.with_name("state.json.unfinished")
    client.close()
    state.parent.mkdir(parents=True, exist_ok=True)
    (state.parent / "state.json").unlink(missing_ok=True)
    state.mkdir()
    client = make_client(service.address, heartbeat=True)
    client.record(stat(1))
    assert client.flush(20)
