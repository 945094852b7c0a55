"""A Struct's limits, and its JSON text as the store keeps it."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from aboveboard.telemetry.v1 import verdict_pb2 as v

if TYPE_CHECKING:
    from google.protobuf.struct_pb2 import ListValue, Struct, Value

# Integers beyond this are not exact as a double, which is what a Struct holds.
EXACT = 2**53


class LimitError(Exception):
    """A payload breaks a limit: `reason` is a RejectionReason, `text` the rule."""

    def __init__(self, reason: v.RejectionReason.ValueType, text: str) -> None:
        super().__init__(text)
        self.reason = reason
        self.text = text


def check(payload: Struct, max_keys: int, max_depth: int) -> None:
    """Raise LimitError where a payload has too many keys, nests too deep, or holds what no store takes.

    Keys are counted at every depth; a flat payload has depth 1, and a list is a level as an object is.
    """
    keys = 0
    level: list[Struct | ListValue] = [payload]
    depth = 0
    while level:
        depth += 1
        if depth > max_depth:
            raise LimitError(v.REJECTION_REASON_TOO_DEEP, f"nests deeper than {max_depth}")
        deeper: list[Struct | ListValue] = []
        for node in level:
            values = node.fields.values() if hasattr(node, "fields") else node.values
            if hasattr(node, "fields"):
                keys += len(node.fields)
                if any("\0" in key for key in node.fields):
                    raise LimitError(v.REJECTION_REASON_NUL_CHARACTER, "contains U+0000 in a key")
            deeper += [child for value in values if (child := _child(value)) is not None]
        if keys > max_keys:
            raise LimitError(v.REJECTION_REASON_TOO_MANY_KEYS, f"has more than {max_keys} keys")
        level = deeper


def to_json(payload: Struct) -> str:
    """Return a payload as compact JSON; whole numbers are written without a fraction."""
    return json.dumps(_plain_struct(payload), ensure_ascii=False, separators=(",", ":"))


def _child(value: Value) -> Struct | ListValue | None:
    kind = value.WhichOneof("kind")
    if kind == "struct_value":
        return value.struct_value
    if kind == "list_value":
        return value.list_value
    if kind == "string_value" and "\0" in value.string_value:
        raise LimitError(v.REJECTION_REASON_NUL_CHARACTER, "contains U+0000")
    if kind == "number_value" and not math.isfinite(value.number_value):
        raise LimitError(v.REJECTION_REASON_NOT_FINITE, "contains a number that is NaN or infinite")
    return None


def _plain_struct(payload: Struct) -> dict[str, Any]:
    return {key: _plain(value) for key, value in payload.fields.items()}


def _plain(value: Value) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() and abs(number) <= EXACT else number
    if kind == "struct_value":
        return _plain_struct(value.struct_value)
    if kind == "list_value":
        return [_plain(item) for item in value.list_value.values]
    # A null, and a value whose kind was never set, are both null.
    return None if kind in {None, "null_value"} else getattr(value, kind)
