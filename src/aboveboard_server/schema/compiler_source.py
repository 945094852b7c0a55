"""Writes the source of an extractor: how each field is read and checked, and the row of them all.

What is written follows `validate` and `rows` field by field; wherever they would find fault it says
`return None`. An absent field reads as zero, as proto3 has it.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from google.protobuf.descriptor import FieldDescriptor

from aboveboard_server.schema import identifiers
from aboveboard_server.schema.catalog import TIMESTAMP
from aboveboard_server.schema.payload_writer import plain_json
from aboveboard_server.schema.policy import enum_value_names
from aboveboard_server.schema.validate import FIRST_SECOND, FLOATS, LAST_SECOND, NANOS, TEXTS, is_uuid

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aboveboard_server.schema.catalog import Catalog, EventType, Field

# Turns the digits of a lower-case UUID into 0 and all but its dashes into 255: comparing what comes out
# costs a third of a regular expression.
SHAPE = bytes(ord("0") if c in b"0123456789abcdef" else c if c == ord("-") else 255 for c in range(256))
UUID = b"00000000-0000-0000-0000-000000000000"

# The most bytes of a Struct for one character of its JSON text: a number in a list takes 11 for "1,". Most
# texts are short enough to spare the count, which takes as long as serializing the Struct; one that does not
# pass is left to the reference, which knows what to count.
BYTES_PER_CHARACTER = 8

HELPERS: dict[str, object] = {
    "SHAPE": SHAPE,
    "UUID": UUID,
    "is_uuid": is_uuid,
    "isfinite": math.isfinite,
    "plain_json": plain_json,
}

FUNCTION = '''\
def {event}(envelope, skew):
    """Return the row of a plainly good {event}, None of any other."""
    try:
        message = envelope.{event}
        {checks}
        return (
            {values},
        )
    except KeyError:  # an enum's value that is unknown, or missing
        return None
'''


OCCURRED = "occurred_at_"


class Source(NamedTuple):
    """An extractor's source, and the names that it uses."""

    text: str
    names: dict[str, object]


def source_of(catalog: Catalog, event: EventType) -> Source:
    """Write the extractor of an event."""
    owned = [
        *(("envelope", field) for field in catalog.envelope),
        *(("message", field) for field in event.fields),
    ]
    checks = [line for owner, field in owned for line in _checks(owner, field)]
    values = [f"{OCCURRED} + skew", *(_value(owner, field) for owner, field in owned)]
    enums = {_names(field): _enum_values(field) for _, field in owned if field.descriptor.enum_type}
    text = FUNCTION.format(
        event=event.name, checks="\n        ".join(checks), values=",\n            ".join(values)
    )
    return Source(text, HELPERS | enums)


def _checks(owner: str, field: Field) -> Iterator[str]:
    """Read a field into a local name, and let none but a good value pass."""
    if field.descriptor.enum_type is not None:
        # The look-up of its name is its check.
        return
    if field.message_type:
        yield from _message_checks(owner, field)
        return
    local = _local(field)
    yield f"{local} = {owner}.{field.name}"
    if field.policy.required and field.policy.format != "UUID":
        yield f"if {_is_absent(owner, field)}: return None"
    if field.descriptor.type in FLOATS:
        yield f"if not isfinite({local}): return None"
    elif field.descriptor.type == FieldDescriptor.TYPE_BYTES:
        yield f"if len({local}) > {field.policy.max_bytes}: return None"
    elif field.policy.format == "UUID":
        # An empty text is no UUID.
        where_given = "" if field.policy.required else f"{local} and "
        yield f"if {where_given}{local}.encode().translate(SHAPE) != UUID:"
        yield f"    if not is_uuid({local}): return None"
        yield f"    {local} = {local}.lower()"
    elif field.descriptor.type == FieldDescriptor.TYPE_STRING:
        size = field.policy.max_bytes
        # A character has at most 4 bytes: most texts need no encoding to be known as short enough.
        yield f"if len({local}) > {size // 4} and len({local}.encode()) > {size}: return None"
        # An identifier's rule covers U+0000: it is a control character.
        bad = identifiers.SUSPECT.format(local) if field.is_identifier else f'"\\0" in {local}'
        yield f"if {bad}: return None"


def _message_checks(owner: str, field: Field) -> Iterator[str]:
    local, conversion = _local(field), _time if field.message_type == TIMESTAMP else _struct
    if field.policy.required:
        # An absent time reads as 1970, which is out of range.
        if field.message_type != TIMESTAMP:
            yield f"if not {owner}.HasField({field.name!r}): return None"
        yield f"{local} = {owner}.{field.name}"
        yield from conversion(field)
    else:
        yield f"{local} = None"
        yield f"if {owner}.HasField({field.name!r}):"
        yield f"    {local} = {owner}.{field.name}"
        yield from ("    " + line for line in conversion(field))


def _time(field: Field) -> Iterator[str]:
    local = _local(field)
    yield f"seconds, nanos = {local}.seconds, {local}.nanos"
    yield f"if not ({FIRST_SECOND} <= seconds < {LAST_SECOND} and 0 <= nanos < {NANOS}): return None"
    yield f"{local} = seconds * 1_000_000 + nanos // 1_000"


def _struct(field: Field) -> Iterator[str]:
    local, policy = _local(field), field.policy
    yield f"text = plain_json({local}, {policy.max_keys}, {policy.max_depth})"
    size, enough = policy.max_bytes, policy.max_bytes // BYTES_PER_CHARACTER
    yield f"if text is None or len(text) > {enough} and {local}.ByteSize() > {size}: return None"
    yield f"{local} = text"


def _value(owner: str, field: Field) -> str:
    """Return the expression of what the row holds."""
    local = _local(field)
    if field.descriptor.enum_type is not None:
        return f"{_names(field)}[{owner}.{field.name}]"
    if field.message_type or field.policy.required:
        return local
    if field.descriptor.type in TEXTS:
        return f"{local} or None"
    return f"None if {_is_absent(owner, field)} else {local}" if field.descriptor.has_presence else local


def _is_absent(owner: str, field: Field) -> str:
    """Return the expression that tells it; what is not zero is there, and reading costs less than asking."""
    if field.descriptor.type in TEXTS:
        return f"not {_local(field)}"
    if field.descriptor.has_presence:
        return f"not {_local(field)} and not {owner}.HasField({field.name!r})"
    return "False"


def _enum_values(field: Field) -> dict[int, str | None]:
    """Return what the column holds for each value that may come: 0 says nothing, and not where it must."""
    enum = field.descriptor.enum_type
    names: dict[int, str | None] = {**enum_value_names(enum), 0: None} if enum else {}
    if field.policy.required:
        del names[0]
    return names


def _names(field: Field) -> str:
    return f"{field.name}_names"


def _local(field: Field) -> str:
    # No name of the schema ends so, so none hides a name of the function's own, such as `message` or `len`.
    return f"{field.name}_"
