"""Turns the row of a table back into its message: the inverse of `rows`, for whoever asks what is held.

What a row does not keep does not come back: times finer than a microsecond, the case of a UUID, the order of
a payload's keys, fields that this server did not know.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from google.protobuf.json_format import ParseDict
from google.protobuf.timestamp_pb2 import Timestamp

from aboveboard.telemetry.v1.event_pb2 import EventEnvelope
from aboveboard.telemetry.v1.source_pb2 import Source
from aboveboard_server.schema.catalog import STRUCT, TIMESTAMP
from aboveboard_server.schema.policy import enum_value_names

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from aboveboard_server.schema.catalog import Catalog, EventType, Field, Origin
    from aboveboard_server.schema.rows import Value


def event_maker(catalog: Catalog, event: EventType) -> Callable[[Mapping[str, Value]], EventEnvelope]:
    """Return the function that turns a row of an event, values by column, into its envelope."""
    write_envelope, write_event = _writer(catalog.envelope), _writer(event.fields)
    arm = event.name

    def make(row: Mapping[str, Value]) -> EventEnvelope:
        envelope = EventEnvelope()
        message = getattr(envelope, arm)
        # An event that holds nothing is an event all the same.
        message.SetInParent()
        write_envelope(envelope, row)
        write_event(message, row)
        return envelope

    return make


def source_maker(origin: Origin) -> Callable[[Mapping[str, Value]], Source]:
    """Return the function that turns a row of `source` of this origin, values by column, into the source."""
    write = _writer(origin.fields)

    def make(row: Mapping[str, Value]) -> Source:
        source = Source()
        message = getattr(source, origin.name)
        message.SetInParent()
        write(message, row)
        return source

    return make


def timestamp(micros: int) -> Timestamp:
    """Return a time, given as microseconds since 1970, as a Timestamp: the inverse of `rows.micros`."""
    seconds, rest = divmod(micros, 1_000_000)
    return Timestamp(seconds=seconds, nanos=rest * 1_000)


def _writer(fields: Sequence[Field]) -> Callable[[Any, Mapping[str, Value]], None]:
    writers = [(field.name, _value_writer(field)) for field in fields]

    def write(message: Any, row: Mapping[str, Value]) -> None:
        for name, write_value in writers:
            value = row[name]
            if value is not None:
                write_value(message, value)

    return write


def _value_writer(field: Field) -> Callable[[Any, Any], None]:
    """Return the function that writes the value of a column, not None, into its field."""
    name = field.name
    if field.message_type == TIMESTAMP:
        return lambda message, value: getattr(message, name).CopyFrom(timestamp(value))
    if field.message_type == STRUCT:
        return lambda message, value: ParseDict(json.loads(value), getattr(message, name))
    if field.descriptor.enum_type is not None:
        numbers = {value: number for number, value in enum_value_names(field.descriptor.enum_type).items()}
        return lambda message, value: setattr(message, name, numbers[value])
    return lambda message, value: setattr(message, name, value)
