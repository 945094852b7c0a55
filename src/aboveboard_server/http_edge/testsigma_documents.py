"""What a Testsigma server writes, read into our events. Which key goes where is derived from the schema."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NoReturn

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message_factory import GetMessageClass
from google.protobuf.timestamp_pb2 import Timestamp

from aboveboard.error.v1 import error_reason_pb2 as reasons
from aboveboard.telemetry.v1.event_pb2 import EventEnvelope
from aboveboard_server.errors import ServiceError
from aboveboard_server.http_edge.strict_json import Broken, is_text
from aboveboard_server.ids import uuid7
from aboveboard_server.schema.catalog import TIMESTAMP
from aboveboard_server.schema.policy import enum_value_names

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from google.protobuf.descriptor import EnumDescriptor

    from aboveboard_server.schema.catalog import EventType, Field

    Document: TypeAlias = dict[str, Any]
    Reader: TypeAlias = Callable[[Any], Any]

# Keys that are not the field's name in lowerCamelCase.
KEYS = {"change_type": "eventType"}
# What an enum's value is called that stands for all that it does not list.
OTHER = "OTHER"

# `2022-01-10 12:16:28`, with or without a fraction and a zone: UTC where it does not say.
_is_time = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:?\d\d)?", re.ASCII).fullmatch
# The years 1 to 9999, which a Timestamp can hold, in milliseconds since 1970.
MILLISECONDS = range(-62_135_596_800_000, 253_402_300_800_000)


def invalid(key: str, text: str) -> ServiceError:
    """Return the refusal of a document, for what it has at a key."""
    return ServiceError(reasons.ERROR_REASON_MALFORMED_REQUEST, text, field=key)


def event_reader(event: EventType) -> Callable[[Document], EventEnvelope]:
    """Return what reads a document into an event of that kind, with an id and the time it came.

    Keys it does not know are passed over: a newer client must not fail, and nothing of them is kept.
    """
    readers = [
        (field.name, KEYS.get(field.name, field.descriptor.json_name), reader)
        for field in event.fields
        if (reader := _value_reader(field)) is not None
    ]
    name, make = event.name, GetMessageClass(event.message)

    def read(document: Document) -> EventEnvelope:
        values: Any = {
            field: value
            for field, key, read_value in readers
            if (value := _read(key, document.get(key), read_value)) is not None
        }
        envelope = EventEnvelope(event_id=str(uuid7()))
        envelope.occurred_at.FromNanoseconds(time.time_ns())
        getattr(envelope, name).CopyFrom(make(**values))
        return envelope

    return read


def text_at(document: Document, key: str) -> str:
    """Return the text at a key, "" where there is none; ServiceError where it is no text."""
    return _read(key, document.get(key), _text) or ""


def truth_at(document: Document, key: str) -> bool | None:
    """Return what a document says at a key, None where it does not say; ServiceError where unclear."""
    value: bool | None = _read(key, document.get(key), _truth)
    return value


def _read(key: str, value: Any, read_value: Reader) -> Any:
    if value is None:
        return None
    if isinstance(value, Broken):
        raise invalid(key, value.why)
    try:
        return read_value(value)
    except ValueError as error:
        raise invalid(key, str(error)) from None


def _value_reader(field: Field) -> Reader | None:
    """Return what reads a field's value, None where these documents have nothing for it."""
    if field.message_type == TIMESTAMP:
        return _time
    if field.descriptor.enum_type is not None:
        return _choice_reader(field.descriptor.enum_type)
    return _text if field.descriptor.type == FieldDescriptor.TYPE_STRING else None


def _text(value: Any) -> str:
    """Read an identifier: the documents show texts, the client sends numbers."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        _refuse("must be a text or a whole number")
    if not is_text(value):
        _refuse("holds half of a surrogate pair")
    return value


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        _refuse("must be true or false")
    return value


def _choice_reader(enum: EnumDescriptor) -> Reader:
    """Return what reads an enum's short name; one it does not list becomes OTHER."""
    numbers = {name: number for number, name in enum_value_names(enum).items() if number}

    def read(value: Any) -> int | None:
        return numbers.get(_text(value), numbers.get(OTHER))

    return read


def _time(value: Any) -> Timestamp:
    """Read a time: the documents show a text, the client sends milliseconds since 1970."""
    time_read = Timestamp()
    if isinstance(value, int) and value in MILLISECONDS and not isinstance(value, bool):
        time_read.FromMilliseconds(value)
    elif isinstance(value, str) and _is_time(value):
        try:
            moment = datetime.fromisoformat(value)
            time_read.FromDatetime(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
        except (ValueError, OverflowError):
            _refuse("must be a time that exists")
    else:
        _refuse("must be milliseconds since 1970, or a time such as 2022-01-10 12:16:28")
    return time_read


def _refuse(text: str) -> NoReturn:
    raise ValueError(text)
