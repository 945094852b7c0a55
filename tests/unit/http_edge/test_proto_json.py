"""The fast ProtoJSON reader and protobuf's own take the same values for the same messages."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from google.protobuf import json_format
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.support.event_strategies import batches
from tests.support.json_strategies import VALUES, by_reference, is_stricter

from aboveboard.ingest.v1.ingest_service_pb2 import PublishEventsRequest
from aboveboard.telemetry.v1.event_pb2 import EventEnvelope
from aboveboard_server.http_edge import strict_json
from aboveboard_server.http_edge.proto_json import InvalidValueError, reader
from aboveboard_server.schema import catalog

if TYPE_CHECKING:
    from google.protobuf.message import Message

EVENT_ID = "0190a3f2-7c1e-7d3a-9b52-3f6f2f1c8a10"
read_event = reader(EventEnvelope.DESCRIPTOR)
read_request = reader(PublishEventsRequest.DESCRIPTOR)


def fast(value: Any) -> Message | None:
    """Return what the reader makes of an event, None where it refuses it."""
    try:
        message = EventEnvelope(**read_event(value))
    except InvalidValueError:
        return None
    return message


@settings(max_examples=300, deadline=None)
@given(events=batches(catalog.default()))
def test_what_a_client_writes_is_read_as_it_was_meant(events: list[EventEnvelope]) -> None:
    """A request as protobuf writes it in JSON, under either name of each field, is that request."""
    request = PublishEventsRequest(events=events)
    request.source.server.server_uuid = EVENT_ID
    for own_names in (False, True):
        try:
            text = json_format.MessageToJson(request, preserving_proto_field_name=own_names)
        except (json_format.SerializeToJsonError, ValueError):
            # A time or a number that JSON cannot write.
            return
        expected = json_format.Parse(text, PublishEventsRequest())
        assert PublishEventsRequest(**read_request(strict_json.loads(text.encode()))) == expected


@settings(max_examples=1_000, deadline=None)
@given(event=st.sampled_from(catalog.default().events), data=st.data())
def test_any_value_in_any_field_is_judged_alike(event: Any, data: st.DataObject) -> None:
    """Whatever stands in a field, both readers make the same of it, or both refuse it; one is stricter."""
    field = data.draw(st.sampled_from([*event.fields, *catalog.default().envelope, event.arm]))
    descriptor = getattr(field, "descriptor", field)
    value = data.draw(VALUES)
    document: dict[str, Any] = {event.arm.json_name: {}}
    inside = document[event.arm.json_name] if field in event.fields else document
    name = field.name if data.draw(st.booleans()) else descriptor.json_name
    if field is event.arm:
        document = {name: value}
    else:
        inside[name] = value
    expected = None if is_stricter(descriptor, value) else by_reference(EventEnvelope(), document)
    assert fast(document) == expected, document


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ({"eventId": "a", "event_id": "a"}, "event_id"),
        ({"elementStat": {}, "environmentStat": {}}, "event"),
        ({"elementStat": {"changeType": True}}, "element_stat.change_type"),
        ({"elementStat": {"changeType": 1.0}}, "element_stat.change_type"),
        ({"elementStat": {"changeType": 2**31}}, "element_stat.change_type"),
        # Protobuf takes the last 32 bits of these, which are a value's number.
        ({"elementStat": {"changeType": 2**32 + 1}}, "element_stat.change_type"),
        ({"elementStat": {"changeType": str(2**32 + 1)}}, "element_stat.change_type"),
        ({"elementStat": {"changeType": str(1 - 2**32)}}, "element_stat.change_type"),
        ({"elementStat": {"changeType": "\ud800"}}, "element_stat.change_type"),
        ({"ping": {"payload": {"\ud800": 1}}}, "ping.payload"),
        ({"eventId": strict_json.DUPLICATE_KEY}, "event_id"),
        ({"occurredAt": strict_json.NOT_A_NUMBER}, "occurred_at"),
        ({"occurredAt": "2026-07-13T12:00:00.1E999Z"}, "occurred_at"),
        ({"sequence": strict_json.NOT_A_NUMBER}, "sequence"),
        ({"ping": {"payload": [1]}}, "ping.payload"),
        ({"ping": {"payload": {"a": [strict_json.NOT_A_NUMBER]}}}, "ping.payload"),
    ],
)
def test_what_is_refused_names_its_field(document: dict[str, Any], field: str) -> None:
    """Where this reader is stricter than protobuf's, and elsewhere, the path of the field is told."""
    with pytest.raises(InvalidValueError) as refused:
        read_event(document)
    assert refused.value.field == field
    assert refused.value.text


def test_the_value_is_never_repeated() -> None:
    """What is told of a refused value names field and rule, never the value or an unknown name."""
    for document in ({"SEEN": 1}, {"eventId": {"SEEN": 1}}, {"elementStat": {"changeType": "SEEN"}}):
        with pytest.raises(InvalidValueError) as refused:
            read_event(document)
        assert "SEEN" not in str(refused.value)


def test_a_value_in_depth_17_is_refused() -> None:
    """A payload may nest until the document has depth 16, wherever the payload stands."""
    for depth, beginning in ((1, 3), (3, 5)):
        read = reader(EventEnvelope.DESCRIPTOR, depth)
        for more, taken in ((16 - beginning, True), (17 - beginning, False)):
            payload: Any = {}
            for _ in range(more):
                payload = {"a": payload}
            document = {"ping": {"payload": payload}}
            if taken:
                assert EventEnvelope(**read(document)) == json_format.ParseDict(document, EventEnvelope())
            else:
                with pytest.raises(InvalidValueError, match="nests deeper than 16"):
                    read(document)


@settings(max_examples=500, deadline=None)
@given(value=VALUES)
def test_strict_json_reads_what_json_reads(value: Any) -> None:
    """Of a good text the strict reader makes what Python's own makes of it."""
    text = json.dumps(value)
    assume(isinstance(value, dict) or "Infinity" not in text)
    found = strict_json.loads(text.encode())
    if "Infinity" not in text:
        assert found == json.loads(text)
