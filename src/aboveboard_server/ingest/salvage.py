"""Saves what can be read of a request that does not parse as a whole.

One text that is not UTF-8 makes the parser refuse the whole request. Here the request is read again with
its events as mere bytes, and each event by itself: the bad one gets a verdict, its neighbours are stored.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import DecodeError
from google.protobuf.message_factory import GetMessageClass

from aboveboard.ingest.v1.ingest_service_pb2 import PublishEventsRequest, StreamEventsRequest
from aboveboard.telemetry.v1.event_pb2 import EventEnvelope

if TYPE_CHECKING:
    from google.protobuf.descriptor import FieldDescriptor

# An envelope that could not be read is replaced by one that holds this field number alone, which the
# schema keeps reserved: its place in the request, and so everyone's index, stays.
MALFORMED_FIELD = 15
MALFORMED = EventEnvelope.FromString(bytes([MALFORMED_FIELD << 3, 1]))


def malformed(event_id: str) -> EventEnvelope:
    """Return what stands for an event that could not be read but for its id."""
    event = EventEnvelope(event_id=event_id)
    event.MergeFrom(MALFORMED)
    return event


def publish_request(data: bytes) -> PublishEventsRequest:
    """Read a request event by event; DecodeError where even the frame around the events is broken."""
    frame = _frame_class(PublishEventsRequest.DESCRIPTOR.fields_by_name["events"]).FromString(data)
    events = list(frame.events)
    frame.ClearField("events")
    request = PublishEventsRequest.FromString(frame.SerializeToString())
    request.events.extend(_event(event) for event in events)
    return request


def stream_request(data: bytes) -> StreamEventsRequest:
    """Read a stream's request in the same way."""
    frame = _frame_class(StreamEventsRequest.DESCRIPTOR.fields_by_name["publish"]).FromString(data)
    publish = publish_request(frame.publish)
    frame.ClearField("publish")
    request = StreamEventsRequest.FromString(frame.SerializeToString())
    request.publish.CopyFrom(publish)
    return request


def _event(data: bytes) -> EventEnvelope:
    try:
        return EventEnvelope.FromString(data)
    except DecodeError:
        return MALFORMED


@cache
def _frame_class(field: FieldDescriptor) -> Any:
    """Return a message class that knows this one field, as bytes: on the wire they are the same.

    All other fields are unknown to it, and so kept as they are.
    """
    file = FileDescriptorProto(name=f"salvage/{field.full_name}.proto", syntax="proto3")
    message = file.message_type.add(name="Frame")
    label = FieldDescriptorProto.LABEL_REPEATED if field.is_repeated else FieldDescriptorProto.LABEL_OPTIONAL
    message.field.add(name=field.name, number=field.number, label=label, type=FieldDescriptorProto.TYPE_BYTES)
    pool = DescriptorPool()
    pool.Add(file)
    return GetMessageClass(pool.FindMessageTypeByName("Frame"))
