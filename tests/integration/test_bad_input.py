"""Bad input gets a clear error and costs nothing else, through PublishEvents and StreamEvents alike."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from google.protobuf.struct_pb2 import ListValue
from google.protobuf.timestamp_pb2 import Timestamp
from tests.support.clients import (
    Answer,
    deployment_source,
    element,
    environment,
    held,
    ingest,
    length_delimited,
    new_id,
    ping,
    publish,
    refusal,
    request,
    server_source,
    status,
    through_stream,
    through_unary,
    told,
    unknown_arm,
)

from aboveboard.ingest.v1.ingest_service_pb2 import StreamEventsRequest
from aboveboard.telemetry.v1.source_pb2 import Source
from aboveboard_server.storage.ports import QUARANTINE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.clients import Door, Refusal
    from tests.support.server import ServerProcess

    from aboveboard.telemetry.v1.event_pb2 import EventEnvelope

MIB = 1024 * 1024
YEAR_1 = -62_135_596_800
YEAR_9999 = 253_402_300_799


@pytest.fixture(params=[through_unary, through_stream], ids=["unary", "stream"])
def door(request: pytest.FixtureRequest) -> Door:
    found: Door = request.param
    return found


@pytest.fixture(autouse=True)
def _goes_on(shared_server: ServerProcess) -> Iterator[None]:
    """Whatever a test has sent, the same server then takes a good event, and stores no more."""
    process = shared_server.pid
    yield
    source = server_source()
    assert publish(shared_server, source, element()).accepted_count == 1
    assert held(shared_server, source) == {"element_stat": 1}
    assert shared_server.pid == process


def refused(door: Door, server: ServerProcess, data: bytes, **options: Any) -> Refusal:
    """Send what is refused as a whole, and see that nothing of it was stored."""
    before = held(server)
    answer = refusal(lambda: door(server, data, **options))
    assert held(server) == before
    return answer


def between_neighbours(
    door: Door, server: ServerProcess, event: EventEnvelope, source: Source | None = None
) -> tuple[str, str, str]:
    """Send an event between two good ones, see both accepted, and return what it was told."""
    source = source or server_source()
    answer = door(server, request(source, [element(), event, element()]).SerializeToString())
    assert answer.accepted == 2
    assert held(server, source).get("element_stat") == 2
    ((index, outcome, reason, field),) = told(answer.verdicts)
    assert index == 1
    return outcome, reason, field


def accepted(door: Door, server: ServerProcess, event: EventEnvelope) -> bool:
    """Say whether an event is taken."""
    answer = door(server, request(server_source(), [event]).SerializeToString())
    return answer == Answer(1, [])


# --- one event of several


@pytest.mark.parametrize(
    "event_id",
    [
        "x",
        "0190a3f2-7c1e-7d3a-9b52-3f6f2f1c8a1",
        "0190a3f27c1e7d3a9b523f6f2f1c8a10",
        "{0190a3f2-7c1e-7d3a-9b52-3f6f2f1c8a10}",
        "0190a3f2-7c1e-7d3a-9b52-3f6f2f1c8a10\n",
        "٠190a3f2-7c1e-7d3a-9b52-3f6f2f1c8a10",  # noqa: RUF001  # a digit, but none of a UUID
        "0" * 100_000,
    ],
)
def test_an_event_id_that_is_no_uuid(shared_server: ServerProcess, door: Door, event_id: str) -> None:
    """An event whose id is not a UUID is rejected and named; its neighbours are stored."""
    event = element(event_id=event_id)
    assert between_neighbours(door, shared_server, event) == ("REJECTED", "NOT_A_UUID", "event_id")


@pytest.mark.parametrize(
    ("seconds", "nanos"),
    [
        (YEAR_1, 0),
        (YEAR_9999, 999_999_999),
        (946_684_799, 999_999_999),
        (4_133_980_800, 0),
        (1_700_000_000, -1),
        (1_700_000_000, 1_000_000_000),
        (2**63 - 1, 0),
        (-(2**63), 0),
    ],
)
def test_a_time_out_of_range(shared_server: ServerProcess, door: Door, seconds: int, nanos: int) -> None:
    """A time outside the years 2000 to 2100, or none at all, is rejected wherever it stands."""
    time = Timestamp(seconds=seconds, nanos=nanos)
    why = ("REJECTED", "TIME_OUT_OF_RANGE")
    assert between_neighbours(door, shared_server, element(occurred_at=time)) == (*why, "occurred_at")
    pinged = element()
    pinged.server_ping.last_up_time.CopyFrom(time)
    assert between_neighbours(door, shared_server, pinged) == (*why, "server_ping.last_up_time")


def test_the_first_and_the_last_time_in_range(shared_server: ServerProcess, door: Door) -> None:
    """The years 2000 to 2100 are taken to their very ends, to the microsecond."""
    for seconds, nanos, micros in (
        (946_684_800, 0, 946_684_800_000_000),
        (4_133_980_799, 999_999_999, 4_133_980_799_999_999),
    ):
        event = element(occurred_at=Timestamp(seconds=seconds, nanos=nanos))
        assert accepted(door, shared_server, event)
        stored = "SELECT occurred_at FROM element_stat WHERE event_id = ?"
        assert shared_server.query(stored, event.event_id) == [(micros,)]


def test_a_client_clock_out_of_range_is_ignored(shared_server: ServerProcess, door: Door) -> None:
    """A `sent_at` in the year 1 or 9999 corrects nothing and costs nothing."""
    for seconds in (YEAR_1, YEAR_9999, 2**63 - 1):
        event, source = element(), server_source()
        sent = request(source, [event])
        sent.sent_at.seconds = seconds
        assert door(shared_server, sent.SerializeToString()) == Answer(1, [])
        stored = "SELECT occurred_at_corrected - occurred_at FROM element_stat WHERE event_id = ?"
        assert shared_server.query(stored, event.event_id) == [(0,)]


def test_a_text_is_measured_in_bytes(shared_server: ServerProcess, door: Door) -> None:
    """max_bytes counts bytes, not characters: as many are taken, and one more is not."""
    why = ("REJECTED", "TOO_LONG")
    for text in ("x" * 64, "ä" * 32, "🙂" * 16):
        assert accepted(door, shared_server, element(text))
        assert between_neighbours(door, shared_server, element(text + "x")) == (
            *why,
            "element_stat.element_id",
        )
    assert between_neighbours(door, shared_server, element("ä" * 64)) == (*why, "element_stat.element_id")
    assert between_neighbours(door, shared_server, ping("x" * 129)) == (*why, "ping.event_name")


@pytest.mark.parametrize(
    ("event", "field"),
    [
        (element("\0"), "element_stat.element_id"),
        (ping("a\0"), "ping.event_name"),
        (ping(payload={"a\0": 1}), "ping.payload"),
        (ping(payload={"a": "\0b"}), "ping.payload"),
        (ping(payload={"a": [{"b": ["\0"]}]}), "ping.payload"),
    ],
)
def test_a_nul_character(shared_server: ServerProcess, door: Door, event: EventEnvelope, field: str) -> None:
    """U+0000 is rejected in a text, in a payload's key and in its values, at any depth."""
    event.event_id = new_id()
    assert between_neighbours(door, shared_server, event) == ("REJECTED", "NUL_CHARACTER", field)


def deep(levels: int) -> dict[str, Any]:
    """Return a payload that nests that deep; 1 is flat."""
    return {"a": deep(levels - 1)} if levels > 1 else {"a": 1}


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        ({"a": float("nan")}, "NOT_FINITE"),
        ({"a": float("inf")}, "NOT_FINITE"),
        ({"a": [1, {"b": float("-inf")}]}, "NOT_FINITE"),
        ({f"k{n}": n for n in range(65)}, "TOO_MANY_KEYS"),
        ({"a": {f"k{n}": n for n in range(64)}}, "TOO_MANY_KEYS"),
        (deep(5), "TOO_DEEP"),
        ({"a": [[[[1]]]]}, "TOO_DEEP"),
        ({"a": "x" * 8192}, "TOO_LONG"),
    ],
)
def test_a_payload_beyond_its_limits(
    shared_server: ServerProcess, door: Door, payload: dict[str, Any], reason: str
) -> None:
    """NaN, infinity, 65 keys, depth 5 and over 8 KiB are rejected, each with its own reason."""
    told_of_it = between_neighbours(door, shared_server, ping(payload=payload))
    assert told_of_it == ("REJECTED", reason, "ping.payload")


@pytest.mark.parametrize(
    "payload", [{f"k{n}": n for n in range(64)}, {"a": {f"k{n}": n for n in range(63)}}, deep(4), {}]
)
def test_a_payload_at_its_limits(shared_server: ServerProcess, door: Door, payload: dict[str, Any]) -> None:
    """64 keys counted at every depth and depth 4 are taken."""
    assert accepted(door, shared_server, ping(payload=payload))


def test_a_payload_of_exactly_8_kib(shared_server: ServerProcess, door: Door) -> None:
    """8,192 bytes are taken, one more is not."""
    event = ping(payload={"a": ""})
    room = 8192 - event.ping.payload.ByteSize()
    event.ping.payload.update({"a": "x" * (room - 6)})
    while event.ping.payload.ByteSize() < 8192:
        event.ping.payload["a"] = f"{event.ping.payload['a']}x"
    assert event.ping.payload.ByteSize() == 8192
    assert accepted(door, shared_server, event)
    event.event_id = new_id()
    event.ping.payload["a"] = f"{event.ping.payload['a']}x"
    assert event.ping.payload.ByteSize() == 8193
    assert between_neighbours(door, shared_server, event) == ("REJECTED", "TOO_LONG", "ping.payload")


def test_a_payload_deeper_than_the_parser_goes(shared_server: ServerProcess, door: Door) -> None:
    """A payload nested 10,000 deep is one malformed event, and costs its neighbours nothing."""
    data = b""
    for _ in range(10_000):
        entry = length_delimited(1, b"a") + length_delimited(2, length_delimited(5, data))
        data = length_delimited(1, entry)
    bad = length_delimited(29, length_delimited(1, b"x") + length_delimited(2, data))
    assert bytes_between_neighbours(door, shared_server, bad) == (1, "REJECTED", "MALFORMED", "")


def test_invalid_utf8_in_one_of_three(shared_server: ServerProcess, door: Door) -> None:
    """An event that holds invalid UTF-8 is malformed; the two beside it are stored."""
    for bad in (
        element("xyz").SerializeToString().replace(b"xyz", b"x\xffz"),
        element(event_id="abc").SerializeToString().replace(b"abc", b"\xc3\x28c"),
        ping(payload={"key": "xyz"}).SerializeToString().replace(b"xyz", b"\xed\xa0\x80"),
        b"\xff\xff\xff",
        length_delimited(19, b"\x0a\x7f"),
    ):
        assert bytes_between_neighbours(door, shared_server, bad) == (1, "REJECTED", "MALFORMED", "")


def bytes_between_neighbours(door: Door, server: ServerProcess, bad: bytes) -> tuple[int, str, str, str]:
    """Send the bytes of an event between two good ones, see these stored, and return what it was told."""
    source = server_source()
    first, third = (
        length_delimited(2, event.SerializeToString()) for event in (element("1"), environment("3"))
    )
    framed = length_delimited(1, source.SerializeToString()) + first + length_delimited(2, bad) + third
    answer = door(server, framed)
    assert answer.accepted == 2
    assert held(server, source) == {"element_stat": 1, "environment_stat": 1}
    (verdict,) = told(answer.verdicts)
    return verdict


def test_an_envelope_without_an_event(shared_server: ServerProcess, door: Door) -> None:
    """An envelope that holds no event is rejected and says so."""
    event = element()
    event.ClearField("element_stat")
    assert between_neighbours(door, shared_server, event) == ("REJECTED", "EVENT_MISSING", "event")


# --- what a newer client sends


def test_an_unknown_event_is_quarantined(shared_server: ServerProcess, door: Door) -> None:
    """An event of an unknown type is kept, byte for byte, by its source; sent again, it is a duplicate."""
    source, event = server_source(), unknown_arm(1000, b"\x0a\x03new")
    told_of_it = between_neighbours(door, shared_server, event, source)
    assert told_of_it == ("QUARANTINED", "UNKNOWN_EVENT", "event")
    assert held(shared_server, source) == {"element_stat": 2, QUARANTINE: 1}
    stored = f"SELECT event_field_number, envelope FROM {QUARANTINE} WHERE event_id = ?"
    ((number, envelope),) = shared_server.query(stored, event.event_id)
    assert number == 1000
    assert type(event).FromString(envelope) == event
    again = between_neighbours(door, shared_server, event, server_source())
    assert again == ("DUPLICATE", "UNSPECIFIED", "")


def test_an_unknown_enum_value_is_quarantined(shared_server: ServerProcess, door: Door) -> None:
    """An enum value of a newer schema makes its event wait in the quarantine."""
    source, event = server_source(), element()
    event.element_stat.change_type = 99  # type: ignore[assignment]  # a number without a name
    told_of_it = between_neighbours(door, shared_server, event, source)
    assert told_of_it == ("QUARANTINED", "UNKNOWN_ENUM_VALUE", "element_stat.change_type")
    assert held(shared_server, source) == {"element_stat": 2, QUARANTINE: 1}


def test_what_is_quarantined_keeps_the_rules_of_the_envelope(
    shared_server: ServerProcess, door: Door
) -> None:
    """An unknown event without a good id or time is rejected: nothing could ever be done with it."""
    nameless = unknown_arm(1000, event_id="x")
    assert between_neighbours(door, shared_server, nameless) == ("REJECTED", "NOT_A_UUID", "event_id")
    timeless = unknown_arm(1000, occurred_at=Timestamp(seconds=YEAR_1))
    assert between_neighbours(door, shared_server, timeless) == (
        "REJECTED",
        "TIME_OUT_OF_RANGE",
        "occurred_at",
    )


def test_a_large_unknown_event_is_not_kept(shared_server: ServerProcess, door: Door) -> None:
    """Exactly 16 KiB of an unknown event are kept; one byte more is rejected, and says why."""
    room = 16 * 1024 - unknown_arm(1000, b"x" * 16_000).ByteSize()
    largest = unknown_arm(1000, b"x" * (16_000 + room))
    assert largest.ByteSize() == 16 * 1024
    assert between_neighbours(door, shared_server, largest) == ("QUARANTINED", "UNKNOWN_EVENT", "event")
    larger = unknown_arm(1000, b"x" * (16_001 + room))
    assert between_neighbours(door, shared_server, larger) == ("REJECTED", "UNKNOWN_EVENT", "event")


# --- the request as a whole


@pytest.mark.parametrize(
    ("source", "reason", "field"),
    [
        (None, "SOURCE_MISSING", "source"),
        (Source(), "SOURCE_MISSING", "source"),
        (server_source("not-a-uuid"), "SOURCE_INVALID", "source.server.server_uuid"),
        (server_source("x" * 100_000), "SOURCE_INVALID", "source.server.server_uuid"),
        (server_source(version="x" * 65), "SOURCE_INVALID", "source.server.version"),
        (server_source(solution="a\0b"), "SOURCE_INVALID", "source.server.solution"),
        (deployment_source(""), "SOURCE_INVALID", "source.deployment.company_id"),
        (deployment_source("c", ""), "SOURCE_INVALID", "source.deployment.deployment_id"),
        (deployment_source("c", solution=""), "SOURCE_INVALID", "source.deployment.solution"),
        (deployment_source("c", user_id="ä" * 65), "SOURCE_INVALID", "source.deployment.user_id"),
    ],
)
def test_a_source_that_is_none(
    shared_server: ServerProcess, door: Door, source: Source | None, reason: str, field: str
) -> None:
    """A request that does not say who sends, or says it wrongly, is refused; the field is named."""
    answer = refused(door, shared_server, request(source, [element()]).SerializeToString())
    assert answer.code is grpc.StatusCode.INVALID_ARGUMENT
    assert answer.details.reason == reason
    assert [name for name, _ in answer.details.fields] == [field]
    assert answer.message.startswith(f"{field}: ")


def test_a_status_for_a_source_that_is_none(shared_server: ServerProcess) -> None:
    """GetCollectionStatus refuses a bad source as PublishEvents does."""
    answer = refusal(lambda: status(shared_server, server_source("not-a-uuid")))
    assert answer.code is grpc.StatusCode.INVALID_ARGUMENT
    assert answer.details.reason == "SOURCE_INVALID"
    assert answer.details.fields == (("source.server.server_uuid", "not a UUID"),)
    missing = refusal(lambda: status(shared_server, Source()))
    assert missing.details.reason == "SOURCE_MISSING"


def test_an_empty_batch(shared_server: ServerProcess, door: Door) -> None:
    """A request without an event is refused; so is an empty message."""
    answer = refused(door, shared_server, request(server_source(), []).SerializeToString())
    assert answer.code is grpc.StatusCode.INVALID_ARGUMENT
    assert answer.details.reason == "EVENTS_MISSING"
    assert answer.details.fields == (("events", "at least 1 is required"),)
    assert refused(door, shared_server, b"").details.reason == "SOURCE_MISSING"


def test_a_stream_without_a_request(shared_server: ServerProcess) -> None:
    """A stream's message that holds nothing to publish is refused; a stream without any message ends well."""
    with ingest(shared_server) as stub:
        empty = refusal(lambda: list(stub.StreamEvents(iter([StreamEventsRequest(sequence=1)]), timeout=30)))
        assert empty.details.reason == "SOURCE_MISSING"
        assert not list(stub.StreamEvents(iter([]), timeout=30))


def test_1001_events(shared_server: ServerProcess, door: Door) -> None:
    """1,001 events are refused as a whole: nothing of them is stored."""
    data = request(server_source(), [element() for _ in range(1_001)]).SerializeToString()
    answer = refused(door, shared_server, data)
    assert answer.code is grpc.StatusCode.INVALID_ARGUMENT
    assert answer.details.reason == "TOO_MANY_EVENTS"
    assert answer.details.fields == (("events", "1001 events; at most 1000 are taken"),)


def test_5_mib(shared_server: ServerProcess, door: Door) -> None:
    """A request of 5 MiB is refused with our own error, which tells the limit."""
    data = request(server_source(), [ping(payload={"a": "x" * 5 * MIB})]).SerializeToString()
    answer = refused(door, shared_server, data)
    assert answer.code is grpc.StatusCode.INVALID_ARGUMENT
    assert answer.details.reason == "REQUEST_TOO_LARGE"
    assert str(4 * MIB) in answer.message


def test_almost_4_mib(shared_server: ServerProcess, door: Door) -> None:
    """A request just below the limit is read, and its one large event rejected alone."""
    event = ping(payload={"a": "x" * (4 * MIB - 1_000)})
    assert between_neighbours(door, shared_server, event) == ("REJECTED", "TOO_LONG", "ping.payload")


@pytest.mark.parametrize("size", [9 * MIB, 64 * MIB])
def test_beyond_what_the_transport_takes(shared_server: ServerProcess, door: Door, size: int) -> None:
    """A request far too large is refused by the transport, before it is in memory."""
    rss = peak_from_now(shared_server)
    answer = refused(door, shared_server, b"\x22" + b"x" * size)
    assert answer.code is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert peak(shared_server) - rss < 100 * MIB


def test_truncated_protobuf(shared_server: ServerProcess, door: Door) -> None:
    """A request that was cut off anywhere inside its last event is malformed, and nothing of it stored."""
    last = element()
    data = request(server_source(), [element(), last]).SerializeToString()
    for cut in range(1, last.ByteSize() + 1, 7):
        answer = refused(door, shared_server, data[:-cut])
        assert answer.code is grpc.StatusCode.INVALID_ARGUMENT
        assert answer.details.reason == "MALFORMED_REQUEST"


@pytest.mark.parametrize("data", [b"\xff" * 64, b"\x0a", b"{}", b"\x0a\xff\xff\xff\xff\x0f", b"\0" * 64])
def test_bytes_that_are_no_protobuf(shared_server: ServerProcess, door: Door, data: bytes) -> None:
    """Any other bytes are refused as malformed."""
    answer = refused(door, shared_server, data)
    assert answer.code is grpc.StatusCode.INVALID_ARGUMENT
    assert answer.details.reason == "MALFORMED_REQUEST"


def test_invalid_utf8_in_the_source(shared_server: ServerProcess, door: Door) -> None:
    """Without a readable source there is nobody to store for: the request is malformed."""
    source = deployment_source("xyz")
    data = request(source, [element()]).SerializeToString().replace(b"xyz", b"x\xffz")
    answer = refused(door, shared_server, data)
    assert answer.code is grpc.StatusCode.INVALID_ARGUMENT
    assert answer.details.reason == "MALFORMED_REQUEST"


def test_a_gzip_bomb(shared_server: ServerProcess, door: Door) -> None:
    """256 MiB that come as 256 KiB are answered with an error, and never unfold in the server's memory."""
    rss = peak_from_now(shared_server)
    answer = refused(door, shared_server, b"\x22" + b"\0" * 256 * MIB, compression=grpc.Compression.Gzip)
    assert answer.code is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert peak(shared_server) - rss < 100 * MIB


def test_gzip_as_it_is_meant(shared_server: ServerProcess, door: Door) -> None:
    """A compressed request within the limits is taken."""
    data = request(server_source(), [element() for _ in range(500)]).SerializeToString()
    assert door(shared_server, data, compression=grpc.Compression.Gzip) == Answer(500, [])


def test_values_that_say_nothing(shared_server: ServerProcess, door: Door) -> None:
    """A value whose kind was never set is stored as null, and an empty list as it stands."""
    event = ping(payload={"list": []})
    event.ping.payload.fields["nothing"].Clear()
    assert event.ping.payload.fields["list"].list_value == ListValue()
    assert accepted(door, shared_server, event)
    stored = "SELECT json(payload) FROM ping WHERE event_id = ?"
    assert shared_server.query(stored, event.event_id)[0][0] in {
        '{"list":[],"nothing":null}',
        '{"nothing":null,"list":[]}',
    }


def peak_from_now(server: ServerProcess) -> int:
    """Begin to measure the server's peak anew, and return the bytes of memory it has now."""
    Path(f"/proc/{server.pid}/clear_refs").write_text("5")
    pages = int(Path(f"/proc/{server.pid}/statm").read_text().split()[1])
    return pages * 4096


def peak(server: ServerProcess) -> int:
    """Return the most bytes of memory that the server has had since then."""
    lines = Path(f"/proc/{server.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) * 1024
