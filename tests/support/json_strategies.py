"""Hypothesis strategies for JSON values, and what protobuf's own reader makes of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from google.protobuf import json_format
from hypothesis import strategies as st

if TYPE_CHECKING:
    from google.protobuf.descriptor import FieldDescriptor
    from google.protobuf.message import Message

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False),
    st.text(max_size=5),
    st.sampled_from(
        ["1", "-1", "1.0", "1e3", "NaN", "Infinity", "x", "\ud800", "a\0b", "CHANGE_TYPE_UPDATE", "CREATE"]
    ),
    st.sampled_from(
        [
            "2026-07-13T12:00:00Z",
            "2026-07-13T12:00:00.123456789Z",
            "2026-07-13T12:00:00.1+02:00",
            "2026-07-13t12:00:00z",
            "2026-07-13 12:00:00Z",
            "2026-07-13T24:00:00Z",
            "2026-02-29T12:00:00Z",
            "0000-01-01T00:00:00Z",
            "9999-12-31T23:59:59.999999999Z",
            "2026-07-13T12:00:60Z",
            "2026-07-13T12:00:00.Z",
            "2026-07-13T12:00:00",
        ]
    ),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
)


def by_reference(message: Message, value: Any) -> Message | None:
    """Return what ParseDict makes of a value, None where it refuses it."""
    try:
        return json_format.ParseDict(value, message)
    except (json_format.ParseError, ValueError, TypeError, OverflowError, AttributeError, SystemError):
        # SystemError is how it trips over a lone surrogate in a key.
        return None


def is_stricter(field: FieldDescriptor, value: Any) -> bool:
    """Whether our reader refuses a value that protobuf's may convert, for it has the wrong JSON type."""
    message = field.message_type
    own = message is not None and not message.full_name.startswith("google.")
    if field.is_repeated:
        return own and isinstance(value, list) and any(not isinstance(item, dict) for item in value)
    if value is None:
        return False
    if field.enum_type is not None:
        return not isinstance(value, str) and type(value) is not int
    return own and not isinstance(value, dict)
