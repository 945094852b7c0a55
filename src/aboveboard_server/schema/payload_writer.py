"""A Struct's JSON text in one walk: the fast way of `payload.check` and `payload.to_json` together."""

from __future__ import annotations

import math
from json.encoder import encode_basestring
from typing import TYPE_CHECKING

from aboveboard_server.schema.payload import EXACT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from google.protobuf.struct_pb2 import Struct, Value

# How JSON writes U+0000; a backslash before `u0000` looks alike, and then the reference tells them apart.
NUL = "\\u0000"


class _NotPlainError(Exception):
    """The payload breaks a limit."""


def plain_json(payload: Struct, max_keys: int, max_depth: int) -> str | None:
    """Return what `payload.to_json` does, or None where a limit may be broken."""
    try:
        text = _object(payload.fields, _Limits(max_keys), max_depth)
    except _NotPlainError:
        return None
    return None if NUL in text else text


class _Limits:
    """The keys that a payload may still have."""

    __slots__ = ("keys",)

    def __init__(self, keys: int) -> None:
        self.keys = keys


def _object(fields: Mapping[str, Value], limits: _Limits, levels: int) -> str:
    limits.keys -= len(fields)
    if limits.keys < 0 or not levels:
        raise _NotPlainError
    # Not `items()`: the map implements it in Python, at twice the price of a look-up.
    members = [f"{encode_basestring(key)}:{_value(fields[key], limits, levels)}" for key in fields]
    return f"{{{','.join(members)}}}"


def _array(values: Iterable[Value], limits: _Limits, levels: int) -> str:
    if not levels:
        raise _NotPlainError
    return f"[{','.join([_value(value, limits, levels) for value in values])}]"


def _value(value: Value, limits: _Limits, levels: int) -> str:
    # Reading a member costs less than asking which one is set, and one that is not zero is the one.
    if number := value.number_value:
        return _number(number)
    if text := value.string_value:
        return encode_basestring(text)
    kind = value.WhichOneof("kind")
    if kind == "struct_value":
        return _object(value.struct_value.fields, limits, levels - 1)
    if kind == "list_value":
        return _array(value.list_value.values, limits, levels - 1)
    if kind == "bool_value":
        return "true" if value.bool_value else "false"
    return ZEROS.get(kind, "null")


# A kind that is set, and holds nothing; null is also what a value without a kind is.
ZEROS: dict[str | None, str] = {"number_value": "0", "string_value": '""'}


def _number(number: float) -> str:
    if number.is_integer() and abs(number) <= EXACT:
        return repr(int(number))
    if not math.isfinite(number):
        raise _NotPlainError
    return repr(number)
