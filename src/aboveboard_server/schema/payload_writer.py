"""A Struct's JSON text in one walk: the fast way of `payload.check` and `payload.to_json` together."""

from __future__ import annotations

import math
from json.encoder import encode_basestring
from typing import TYPE_CHECKING

from aboveboard_server.schema.payload import EXACT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from google.protobuf.struct_pb2 import Struct, Value

# How JSON writes U+0000. A backslash before `u0000` looks alike, and the reference tells them apart.
NUL = "\\u0000"
# What reads as zero although its kind is set. A null, and a value without a kind, are both null.
ZEROS: dict[str | None, str] = {"number_value": "0", "string_value": '""'}


class _NotPlainError(Exception):
    """The payload breaks a limit; `payload.check` tells which."""


def plain_json(payload: Struct, max_keys: int, max_depth: int) -> str | None:
    """Return what `payload.to_json` does, or None where a limit may be broken."""
    try:
        text = _object(payload.fields, [max_keys], max_depth)
    except _NotPlainError:
        return None
    return None if NUL in text else text


def _object(fields: Mapping[str, Value], keys_left: list[int], levels_left: int) -> str:
    """Write an object; `keys_left` holds one number, which all objects of a payload count down."""
    keys_left[0] -= len(fields)
    if keys_left[0] < 0 or not levels_left:
        raise _NotPlainError
    members = []
    # Not `items()`, which the map leaves to Python at twice the price. Texts are written in line: a call for
    # each value would cost a sixth of the whole. Reading a text or a number costs less than asking which kind
    # is set, and one that is not empty, or not zero, is the one.
    for key in fields:
        value = fields[key]
        if text := value.string_value:
            written = encode_basestring(text)
        elif number := value.number_value:
            # `_number` in line as well, for whole numbers: NaN and the infinities are none.
            whole = number.is_integer() and -EXACT <= number <= EXACT
            written = repr(int(number)) if whole else _number(number)
        else:
            written = _other(value, keys_left, levels_left)
        members.append(f"{encode_basestring(key)}:{written}")
    return f"{{{','.join(members)}}}"


def _array(values: Iterable[Value], keys_left: list[int], levels_left: int) -> str:
    if not levels_left:
        raise _NotPlainError
    return f"[{','.join([_element(value, keys_left, levels_left) for value in values])}]"


def _element(value: Value, keys_left: list[int], levels_left: int) -> str:
    if text := value.string_value:
        return encode_basestring(text)
    if number := value.number_value:
        return _number(number)
    return _other(value, keys_left, levels_left)


def _number(number: float) -> str:
    if -EXACT <= number <= EXACT:
        whole = int(number)
        return repr(whole if whole == number else number)
    if math.isfinite(number):
        return repr(number)
    raise _NotPlainError


def _other(value: Value, keys_left: list[int], levels_left: int) -> str:
    kind = value.WhichOneof("kind")
    if kind == "bool_value":
        return "true" if value.bool_value else "false"
    if kind == "struct_value":
        return _object(value.struct_value.fields, keys_left, levels_left - 1)
    if kind == "list_value":
        return _array(value.list_value.values, keys_left, levels_left - 1)
    return ZEROS.get(kind, "null")
