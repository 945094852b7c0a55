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
    # Numbers whose last 32 bits are a small one's, as such and as a text.
    st.integers(-3, 3).flatmap(lambda high: st.sampled_from([(high << 32) + 1, str((high << 32) + 1)])),
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
    """Whether our reader refuses a value that protobuf's may convert: of a wrong JSON type, or too large."""
    message = field.message_type
    own = message is not None and not message.full_name.startswith("google.")
    if field.is_repeated:
        return own and isinstance(value, list) and any(not isinstance(item, dict) for item in value)
    if value is None:
        return False
    if field.enum_type is not None:
        return _is_no_enum_number(value)
    return own and not isinstance(value, dict)


def _is_no_enum_number(value: Any) -> bool:
    """Whether a value is no text, and no number of 32 bits; a text may be such a number as well."""
    try:
        number = int(value) if isinstance(value, str) else value
    except ValueError:
        return False
    return type(number) is not int or number not in range(-(2**31), 2**31)
