"""Turns a message into the row of its table: the one place where an event stops being a message.

A row is a tuple of plain values, in the order of `columns()`: text, numbers, bytes, None; a UUID as
lower-case text, a time as microseconds since 1970, an enum as its name, a Struct as JSON text. The store
puts `source_id` and `received_at` before it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aboveboard_server.schema import payload
from aboveboard_server.schema.catalog import STRUCT, TIMESTAMP, Field
from aboveboard_server.schema.policy import enum_value_names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from google.protobuf.timestamp_pb2 import Timestamp

    from aboveboard_server.schema.catalog import Catalog, EventType, Origin

Value = str | int | float | bytes | None
Row = tuple[Value, ...]

CORRECTED = "occurred_at_corrected"


def columns(catalog: Catalog, event: EventType) -> tuple[str, ...]:
    """Return the names of a row's columns in their order."""
    return (*envelope_columns(catalog), *(field.name for field in event.fields))


def envelope_columns(catalog: Catalog) -> tuple[str, ...]:
    """Return the names of the columns that every event has."""
    return (CORRECTED, *(field.name for field in catalog.envelope))


def in_rows(values: Sequence[Value], width: int) -> Iterator[Row]:
    """Cut values that stand one after the other into rows of `width`; ValueError where the last is short."""
    return zip(*[iter(values)] * width, strict=True)


def row_maker(catalog: Catalog, event: EventType) -> Callable[[Any, int], Row]:
    """Return the function that turns an envelope with this event, and its clock skew in µs, into its row."""
    of_envelope = [value_reader(field) for field in catalog.envelope]
    of_event = [value_reader(field) for field in event.fields]
    arm = event.name

    def make(envelope: Any, skew: int) -> Row:
        message = getattr(envelope, arm)
        return (
            micros(envelope.occurred_at) + skew,
            *[read(envelope) for read in of_envelope],
            *[read(message) for read in of_event],
        )

    return make


def source_columns(catalog: Catalog) -> tuple[str, ...]:
    """Return the names of the columns that hold a source's own fields, those of every origin together."""
    return tuple(dict.fromkeys(field.name for origin in catalog.origins for field in origin.fields))


def source_maker(catalog: Catalog, origin: Origin) -> Callable[[Any], Row]:
    """Return the function that turns an origin's message into the values of `source_columns()`."""
    readers = {field.name: value_reader(field) for field in origin.fields}
    in_order = [readers.get(name) for name in source_columns(catalog)]
    return lambda message: tuple(read(message) if read else None for read in in_order)


def micros(time: Timestamp) -> int:
    """Return a time as microseconds since 1970; what is finer is cut off."""
    return time.seconds * 1_000_000 + time.nanos // 1_000


def value_reader(field: Field) -> Callable[[Any], Value]:
    """Return the function that reads one field of a message as its column keeps it, None where absent."""
    name, convert = field.name, _converter(field)
    if field.descriptor.has_presence:
        return lambda message: convert(getattr(message, name)) if message.HasField(name) else None
    return lambda message: convert(getattr(message, name))


def _converter(field: Field) -> Callable[[Any], Value]:
    if field.message_type == TIMESTAMP:
        return micros
    if field.message_type == STRUCT:
        return payload.to_json
    if field.descriptor.enum_type is not None:
        names: dict[int, Value] = {**enum_value_names(field.descriptor.enum_type), 0: None}
        return names.get
    if field.policy.format == "UUID":
        return lambda value: value.lower() or None
    if field.descriptor.type in {field.descriptor.TYPE_STRING, field.descriptor.TYPE_BYTES}:
        return lambda value: value or None
    return _as_it_is


def _as_it_is(value: Value) -> Value:
    """Numbers and truth values are stored as they are."""
    return value
