"""Batches: each event has a fate of its own, and none is stored twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from google.protobuf.timestamp_pb2 import Timestamp
from tests.support.clients import (
    element,
    environment,
    held,
    new_id,
    ping,
    publish,
    server_source,
    told,
)

from aboveboard.event.v1.change_type_pb2 import CHANGE_TYPE_DELETE

if TYPE_CHECKING:
    from tests.support.server import ServerProcess

    from aboveboard.telemetry.v1.event_pb2 import EventEnvelope


def spoiled() -> dict[int, tuple[EventEnvelope, str, str]]:
    """Return 17 bad events by their place, each with the reason and the field to be told."""
    nobody = element()
    nobody.ClearField("element_stat")
    undated = element()
    undated.ClearField("occurred_at")
    unchanged = environment()
    unchanged.environment_stat.ClearField("change_type")
    nested: dict[str, Any] = {"a": {"b": {"c": {"d": {"e": 1}}}}}
    return {
        0: (element(event_id="not-a-uuid"), "NOT_A_UUID", "event_id"),
        1: (element(event_id=""), "FIELD_REQUIRED", "event_id"),
        49: (element(occurred_at=Timestamp(seconds=-62_135_596_800)), "TIME_OUT_OF_RANGE", "occurred_at"),
        50: (ping(occurred_at=Timestamp(seconds=253_402_300_799)), "TIME_OUT_OF_RANGE", "occurred_at"),
        51: (undated, "FIELD_REQUIRED", "occurred_at"),
        99: (nobody, "EVENT_MISSING", "event"),
        100: (element(""), "FIELD_REQUIRED", "element_stat.element_id"),
        333: (unchanged, "FIELD_REQUIRED", "environment_stat.change_type"),
        334: (environment("x" * 65), "TOO_LONG", "environment_stat.environment_id"),
        335: (ping("x" * 129), "TOO_LONG", "ping.event_name"),
        499: (element("a\0b"), "NUL_CHARACTER", "element_stat.element_id"),
        500: (ping(payload={"key": "a\0b"}), "NUL_CHARACTER", "ping.payload"),
        501: (ping(payload={"key": float("nan")}), "NOT_FINITE", "ping.payload"),
        777: (ping(payload={f"key{n}": n for n in range(65)}), "TOO_MANY_KEYS", "ping.payload"),
        778: (ping(payload=nested), "TOO_DEEP", "ping.payload"),
        998: (ping(payload={"key": "x" * 8192}), "TOO_LONG", "ping.payload"),
        999: (ping(""), "FIELD_REQUIRED", "ping.event_name"),
    }


def test_seventeen_bad_events_cost_their_983_neighbours_nothing(shared_server: ServerProcess) -> None:
    """Of 1,000 events with 17 bad ones 983 are stored, and sent again none; the 17 are told each time."""
    source, bad = server_source(), spoiled()
    good = (element, environment, ping)
    events = [bad[index][0] if index in bad else good[index % 3](str(index)) for index in range(1_000)]
    rejected = [(index, "REJECTED", reason, field) for index, (_, reason, field) in bad.items()]
    assert len(rejected) == 17

    first = publish(shared_server, source, *events)
    assert first.accepted_count == 983
    assert told(first.verdicts) == rejected
    once = held(shared_server, source)
    assert sum(once.values()) == 983
    assert once.keys() == {"element_stat", "environment_stat", "ping"}

    again = publish(shared_server, source, *events)
    assert again.accepted_count == 0
    assert [one for one in told(again.verdicts) if one[1] == "REJECTED"] == rejected
    assert [one for one in told(again.verdicts) if one[1] != "REJECTED"] == [
        (index, "DUPLICATE", "UNSPECIFIED", "") for index in range(1_000) if index not in bad
    ]
    assert [verdict.index for verdict in again.verdicts] == list(range(1_000))
    assert held(shared_server, source) == once


def test_verdicts_name_the_event_by_its_id_and_never_repeat_a_value(shared_server: ServerProcess) -> None:
    """A verdict holds the event's id as sent and the rule in words; the value that broke it is not told."""
    value = "secret" * 20
    event = element(value, event_id=new_id().upper())
    verdict = publish(shared_server, server_source(), event).verdicts[0]
    assert verdict.event_id == event.event_id
    assert "120" in verdict.message
    assert "secret" not in verdict.message


def test_the_same_id_twice_in_one_request_is_stored_once(shared_server: ServerProcess) -> None:
    """Of two events with one id in one request the first is accepted and the second a duplicate."""
    source, event = server_source(), element()
    response = publish(shared_server, source, event, element(), event, element())
    assert response.accepted_count == 3
    assert told(response.verdicts) == [(2, "DUPLICATE", "UNSPECIFIED", "")]
    assert held(shared_server, source) == {"element_stat": 3}


def test_the_same_id_in_another_event_type_is_another_event(shared_server: ServerProcess) -> None:
    """An id is unique within its event type: another type may use it, in one request and in the next."""
    source, event_id = server_source(), new_id()
    response = publish(shared_server, source, element(event_id=event_id), environment(event_id=event_id))
    assert response.accepted_count == 2
    assert publish(shared_server, source, ping(event_id=event_id)).accepted_count == 1
    assert held(shared_server, source) == {"element_stat": 1, "environment_stat": 1, "ping": 1}


def test_an_id_in_capitals_is_the_same_id(shared_server: ServerProcess) -> None:
    """A UUID is taken without regard to case, in one request and across two, and stored in lower case."""
    source, event_id = server_source(), new_id()
    response = publish(shared_server, source, element(event_id=event_id.upper()), element(event_id=event_id))
    assert told(response.verdicts) == [(1, "DUPLICATE", "UNSPECIFIED", "")]
    mixed = publish(shared_server, source, element(event_id=event_id.capitalize()))
    assert told(mixed.verdicts) == [(0, "DUPLICATE", "UNSPECIFIED", "")]
    stored = shared_server.query("SELECT event_id FROM element_stat WHERE lower(event_id) = ?", event_id)
    assert stored == [(event_id,)]


def test_the_same_id_with_other_content_is_a_duplicate(shared_server: ServerProcess) -> None:
    """What came first stays, whatever comes later under its id; the id also counts across sources."""
    source, event = server_source(), element("first")
    assert publish(shared_server, source, event).accepted_count == 1
    other = element("second", event_id=event.event_id, occurred_at=Timestamp(seconds=1_600_000_000))
    other.element_stat.change_type = CHANGE_TYPE_DELETE
    for sender in (source, server_source()):
        assert told(publish(shared_server, sender, other).verdicts) == [(0, "DUPLICATE", "UNSPECIFIED", "")]
    stored = shared_server.query(
        "SELECT element_id, change_type FROM element_stat WHERE event_id = ?", event.event_id
    )
    assert stored == [("first", "CREATE")]


def test_a_batch_of_a_thousand_is_one_source(shared_server: ServerProcess) -> None:
    """However many events a source sends, in capitals or not, it is one row of `source` and of `server`."""
    source = server_source(version="1.0.0")
    spelt = server_source(source.server.server_uuid.upper(), version="1.0.0")
    for sender in (source, spelt):
        assert publish(shared_server, sender, *[element() for _ in range(1_000)]).accepted_count == 1_000
    uuid = source.server.server_uuid
    assert shared_server.query("SELECT count(*) FROM source WHERE lower(server_uuid) = ?", uuid) == [(1,)]
    assert shared_server.query("SELECT count(*) FROM server WHERE lower(server_uuid) = ?", uuid) == [(1,)]
    assert held(shared_server, source) == {"element_stat": 2_000}
