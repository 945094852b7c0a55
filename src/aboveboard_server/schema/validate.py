"""Checks a message against its annotations: the plain, readable version.

Each field becomes one small check, made once from its descriptor and annotation. A check answers None, or
the first rule that is broken. It never repeats the value: that may be personal.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from google.protobuf.descriptor import FieldDescriptor

from aboveboard.telemetry.v1 import verdict_pb2 as v
from aboveboard_server.schema import identifiers, payload
from aboveboard_server.schema.catalog import STRUCT, TIMESTAMP, Field

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from google.protobuf.timestamp_pb2 import Timestamp

# 8-4-4-4-12 hexadecimal digits, and no other spelling: braces and missing dashes are refused.
is_uuid = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}").fullmatch

# The years 2000 to 2100 in seconds since 1970, the end excluded.
FIRST_SECOND = 946_684_800
LAST_SECOND = 4_133_980_800
NANOS = 1_000_000_000

TEXTS = {FieldDescriptor.TYPE_STRING, FieldDescriptor.TYPE_BYTES}
FLOATS = {FieldDescriptor.TYPE_DOUBLE, FieldDescriptor.TYPE_FLOAT}


@dataclass(frozen=True, slots=True)
class Rejection:
    """The rule a message broke: a RejectionReason, the field's path, and the rule in words."""

    reason: v.RejectionReason.ValueType
    field: str
    text: str


if TYPE_CHECKING:
    Problem: TypeAlias = tuple[v.RejectionReason.ValueType, str] | None
    Check: TypeAlias = Callable[[Any], Problem]


def validator(fields: Iterable[Field], prefix: str = "") -> Callable[[Any], Rejection | None]:
    """Return the check of one kind of message; `prefix` stands before each field's name, as `ping.`."""
    checks = [(prefix + field.name, _check(field)) for field in fields]

    def validate(message: Any) -> Rejection | None:
        for path, check in checks:
            problem = check(message)
            if problem is not None:
                return Rejection(problem[0], path, problem[1])
        return None

    return validate


def _check(field: Field) -> Check:
    """Return the check of one field: present where it must be, and what is there holds."""
    name, is_absent, value_check = field.name, _absence(field), _value_check(field)
    when_absent: Problem = (v.REJECTION_REASON_FIELD_REQUIRED, "required") if field.policy.required else None

    def check(message: Any) -> Problem:
        return when_absent if is_absent(message) else value_check(getattr(message, name))

    return check


def _absence(field: Field) -> Callable[[Any], bool]:
    """Return what tells that a field is absent. An empty text and an enum's zero say nothing, set or not."""
    name, kind = field.name, field.descriptor
    if kind.type in TEXTS or kind.enum_type is not None:
        return lambda message: not getattr(message, name)
    if kind.has_presence:
        return lambda message: not message.HasField(name)
    return lambda _: False


def _value_check(field: Field) -> Check:  # noqa: PLR0911  # one return for each kind of value reads best
    kind = field.descriptor
    if field.message_type == TIMESTAMP:
        return _time
    if field.message_type == STRUCT:
        return _struct_check(field)
    if kind.type == FieldDescriptor.TYPE_STRING:
        return _uuid if field.policy.format == "UUID" else _text_check(field)
    if kind.type == FieldDescriptor.TYPE_BYTES:
        return _size_check(field.policy.max_bytes)
    if kind.type in FLOATS:
        return _finite
    if kind.enum_type is not None:
        return _enum_check(frozenset(kind.enum_type.values_by_number))
    return _anything


def is_storable_time(value: Timestamp) -> bool:
    """Whether a time lies within the years 2000 to 2100."""
    return FIRST_SECOND <= value.seconds < LAST_SECOND and 0 <= value.nanos < NANOS


def _time(value: Timestamp) -> Problem:
    if is_storable_time(value):
        return None
    return v.REJECTION_REASON_TIME_OUT_OF_RANGE, "not within the years 2000 to 2100"


def _uuid(value: str) -> Problem:
    return None if is_uuid(value) else (v.REJECTION_REASON_NOT_A_UUID, "not a UUID")


def _text_check(field: Field) -> Check:
    max_bytes, is_identifier = field.policy.max_bytes, field.is_identifier

    def check(value: str) -> Problem:
        # A character has at most 4 bytes: most texts need no encoding to be known as short enough.
        if len(value) * 4 > max_bytes and (size := len(value.encode())) > max_bytes:
            return v.REJECTION_REASON_TOO_LONG, f"{size} bytes; at most {max_bytes} are taken"
        if "\0" in value:
            return v.REJECTION_REASON_NUL_CHARACTER, "contains U+0000"
        if is_identifier and (fault := identifiers.fault(value)):
            return v.REJECTION_REASON_MALFORMED, fault
        return None

    return check


def _size_check(max_bytes: int) -> Check:
    def check(value: bytes) -> Problem:
        if len(value) > max_bytes:
            return v.REJECTION_REASON_TOO_LONG, f"{len(value)} bytes; at most {max_bytes} are taken"
        return None

    return check


def _struct_check(field: Field) -> Check:
    policy = field.policy

    def check(value: Any) -> Problem:
        # What is not kept does not count.
        kept = type(value)()
        kept.CopyFrom(value)
        kept.DiscardUnknownFields()
        if (size := kept.ByteSize()) > policy.max_bytes:
            return v.REJECTION_REASON_TOO_LONG, f"{size} bytes; at most {policy.max_bytes} are taken"
        try:
            payload.check(value, policy.max_keys, policy.max_depth)
        except payload.LimitError as error:
            return error.reason, error.text
        return None

    return check


def _enum_check(numbers: frozenset[int]) -> Check:
    def check(value: int) -> Problem:
        if value in numbers:
            return None
        return v.REJECTION_REASON_UNKNOWN_ENUM_VALUE, "a value this server does not know"

    return check


def _finite(value: float) -> Problem:
    if math.isfinite(value):
        return None
    return v.REJECTION_REASON_NOT_FINITE, "NaN or infinite"


def _anything(value: Any) -> Problem:  # noqa: ARG001  # Whole numbers and truth values are all storable.
    return None
