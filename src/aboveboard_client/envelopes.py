"""Turns what a host records into the bytes of an envelope."""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.protobuf.message import DecodeError

from aboveboard.event.v1.ping_pb2 import Ping
from aboveboard.ingest.v1.ingest_service_pb2 import PublishEventsRequest
from aboveboard.schema.v1 import annotations_pb2 as schema
from aboveboard.telemetry.v1.event_pb2 import EventEnvelope
from aboveboard_client.frames import MAX_PAYLOAD
from aboveboard_client.ids import uuid7

if TYPE_CHECKING:
    from collections.abc import Iterable

    from google.protobuf.message import Message

    from aboveboard_client.clock import Clock

_FIELDS = EventEnvelope.DESCRIPTOR.oneofs_by_name["event"].fields
# Derived from the descriptor: a new event needs no line here.
ARMS = {field.message_type.full_name: field.name for field in _FIELDS if field.message_type}
CATEGORIES: dict[str, int] = {
    field.name: field.message_type.GetOptions().Extensions[schema.event].category
    for field in _FIELDS
    if field.message_type
}
# What begins each event in the bytes of a request.
EVENT_TAG = bytes([PublishEventsRequest.EVENTS_FIELD_NUMBER << 3 | 2])


def seal(event: Message, clock: Clock) -> bytes:
    """Return an envelope around an event, or a copy of an EventEnvelope; id and time added where missing.

    TypeError where it is no event of the schema, ValueError where it is over 64 KiB.
    """
    now = clock.now()
    envelope = EventEnvelope()
    if isinstance(event, EventEnvelope):
        envelope.CopyFrom(event)
    else:
        arm = ARMS.get(event.DESCRIPTOR.full_name)
        if arm is None:
            raise TypeError(f"{event.DESCRIPTOR.full_name} is no event of the schema")
        held = getattr(envelope, arm)
        held.SetInParent()
        held.CopyFrom(event)
    if not envelope.event_id:
        envelope.event_id = uuid7(now)
    if not envelope.HasField("occurred_at"):
        envelope.occurred_at.FromNanoseconds(now)
    data = envelope.SerializeToString()
    if len(data) > MAX_PAYLOAD:
        raise ValueError(f"an event of {len(data)} bytes; at most {MAX_PAYLOAD} are kept")
    return data


def unseal(sealed: Iterable[bytes]) -> list[EventEnvelope]:
    """Return those that can be read as part of a request, since that is how the service will read them."""
    parts = [EVENT_TAG + _varint(len(data)) + data for data in sealed]
    whole = _events(b"".join(parts))
    if whole is not None:
        return whole
    # One of them is damaged, or nested deeper than a parser goes.
    return [event for part in parts for event in _events(part) or ()]


def _events(data: bytes) -> list[EventEnvelope] | None:
    try:
        return list(PublishEventsRequest.FromString(data).events)
    except DecodeError:
        return None


def _varint(number: int) -> bytes:
    """Write a number as protobuf does: seven bits a byte, the lowest first."""
    written = bytearray()
    while number >> 7:
        written.append(number & 0x7F | 0x80)
        number >>= 7
    written.append(number)
    return bytes(written)


def may_go(envelope: EventEnvelope, allowed: frozenset[int] | None) -> bool:
    """Whether an event's category may be collected; None allows all. A ping that names none needs all."""
    if allowed is None or {schema.CATEGORY_INTERACTION, schema.CATEGORY_TECHNICAL} <= allowed:
        return True
    arm = envelope.WhichOneof("event")
    event = getattr(envelope, arm) if arm else None
    category = event.category if isinstance(event, Ping) else CATEGORIES.get(arm or "")
    return category in allowed
