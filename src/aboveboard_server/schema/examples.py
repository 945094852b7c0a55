"""Holds an example, or a known value, against the field it is said of."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NoReturn

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.json_format import ParseDict, ParseError
from google.protobuf.message_factory import GetMessageClass

from aboveboard_server.schema.catalog import STRUCT, TIMESTAMP, Field
from aboveboard_server.schema.validate import validator

if TYPE_CHECKING:
    from aboveboard_server.schema.policy import FieldPolicy

# What ProtoJSON writes in quotes, which an annotation leaves out.
QUOTED = {FieldDescriptor.TYPE_STRING, FieldDescriptor.TYPE_BYTES, FieldDescriptor.TYPE_ENUM}


def fault(descriptor: FieldDescriptor, policy: FieldPolicy, text: str) -> str:
    """Say why the field refuses the value that `text` writes; "" where it takes it."""
    if descriptor.enum_type is not None and text not in descriptor.enum_type.values_by_name:
        return f"{descriptor.enum_type.full_name} has no value {text}"
    if descriptor.containing_type is None:
        return "an extension belongs to no message"
    message: Any = GetMessageClass(descriptor.containing_type)()
    try:
        ParseDict({descriptor.json_name: _json_value(descriptor, text)}, message)
    except (ParseError, ValueError) as error:
        return str(error)
    field = Field(descriptor, replace(policy, required=False))
    rejection = validator([field])(message)
    return rejection.text if rejection else ""


def _json_value(descriptor: FieldDescriptor, text: str) -> object:
    kind = descriptor.message_type.full_name if descriptor.message_type else ""
    if descriptor.type in QUOTED or kind == TIMESTAMP:
        return text
    value: object = json.loads(text, parse_constant=_refuse)
    if kind == STRUCT and not isinstance(value, dict):
        raise ValueError("not a JSON object")
    return value


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON number")
