"""ProtoJSON values to messages, by readers made once from the descriptors.

`json_format.ParseDict` takes 26 to 37 µs an event, these readers a quarter of it or less. They return what a
message's constructor takes, so that no part is made and then copied. They read the plain spelling of a value
themselves and leave every other to ParseDict, so that the two agree on what is taken; a test holds
them to it. They are stricter in this: no list is an empty message, no truth value and no number of more bits
than 32 an enum's, a field is not given under both of its names, and nesting keeps the limit of this door.
"""

from __future__ import annotations

import math
import re
import sys
from datetime import datetime
from typing import TYPE_CHECKING, Any, NoReturn

from google.protobuf import json_format
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message_factory import GetMessageClass
from google.protobuf.timestamp_pb2 import Timestamp

from aboveboard_server.http_edge.strict_json import Broken, is_text
from aboveboard_server.schema.catalog import STRUCT, TIMESTAMP

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from google.protobuf.descriptor import Descriptor, EnumDescriptor

    Reader: TypeAlias = Callable[[Any], Any]

# The document's own object has depth 1.
MAX_DEPTH = 16

VALUE = "google.protobuf.Value"

INT_32 = range(-(2**31), 2**31)
INTEGERS: dict[int, range] = {
    FieldDescriptor.TYPE_INT32: INT_32,
    FieldDescriptor.TYPE_SINT32: INT_32,
    FieldDescriptor.TYPE_SFIXED32: INT_32,
    FieldDescriptor.TYPE_UINT32: range(2**32),
    FieldDescriptor.TYPE_FIXED32: range(2**32),
    FieldDescriptor.TYPE_INT64: range(-(2**63), 2**63),
    FieldDescriptor.TYPE_SINT64: range(-(2**63), 2**63),
    FieldDescriptor.TYPE_SFIXED64: range(-(2**63), 2**63),
    FieldDescriptor.TYPE_UINT64: range(2**64),
    FieldDescriptor.TYPE_FIXED64: range(2**64),
}

# How JavaScript and most others write a time: UTC, at most microseconds.
_plain_time = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?Z", re.ASCII).fullmatch
EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  # both sides of the subtraction are UTC, and naive is faster


class InvalidValueError(Exception):
    """A value that its field does not take: the field's path, and what is wrong, without the value."""

    def __init__(self, text: str, field: str = "") -> None:
        super().__init__(f"{field}: {text}" if field else text)
        self.text = text
        self.field = field

    def within(self, name: str) -> InvalidValueError:
        """Return the same error as seen from the message around it."""
        return InvalidValueError(self.text, f"{name}.{self.field}" if self.field else name)


def reader(message: Descriptor, depth: int = 1) -> Reader:
    """Return what reads one kind of message; `depth` is where its object stands in the document.

    It returns the arguments of the message's constructor, and raises InvalidValueError where a value is none
    of that message.
    """
    if depth > MAX_DEPTH:
        return _too_deep
    fields = {name: _Field(field, depth) for field in message.fields for name in _names(field)}

    def read(value: Any) -> Any:
        if type(value) is not dict:
            _refuse(value, "must be an object")
        given: dict[str, Any] = {}
        taken = set()
        for key, item in value.items():
            field = fields.get(key)
            if field is None:
                raise InvalidValueError("has a field that this server does not know")
            if item is None and not field.takes_null:
                continue
            if field.place in taken:
                raise InvalidValueError("given twice", field.place)
            taken.add(field.place)
            given[field.name] = field.take(item)
        return given

    return read


class _Field:
    """One field: its name, the place it takes (that of its oneof, where it is a choice), and its reader."""

    def __init__(self, field: FieldDescriptor, depth: int) -> None:
        self.name = field.name
        oneof = field.containing_oneof
        # An optional field has a oneof of its own.
        self.place = oneof.name if oneof and len(oneof.fields) > 1 else field.name
        # In every other field a null stands for its absence.
        self.takes_null = (
            field.message_type is not None and field.message_type.full_name == VALUE and not field.is_repeated
        )
        self._read = _field_reader(field, depth)

    def take(self, value: Any) -> Any:
        """Return the value as the message takes it; InvalidValueError tells the field's path."""
        try:
            return self._read(value)
        except InvalidValueError as error:
            raise error.within(self.name) from None


def _names(field: FieldDescriptor) -> set[str]:
    return {field.json_name, field.name}


def _field_reader(field: FieldDescriptor, depth: int) -> Reader:
    if not field.is_repeated:
        return _value_reader(field, depth + 1)
    message = field.message_type
    if message is None or message.GetOptions().map_entry or _is_well_known(message):
        return _by_reference(field)
    read_item = reader(message, depth + 2)

    def read(value: Any) -> list[Any]:
        if type(value) is not list:
            _refuse(value, "must be a list")
        return [read_item(item) for item in value]

    return read


def _value_reader(field: FieldDescriptor, depth: int) -> Reader:  # noqa: PLR0911  # one return a kind reads best
    message = field.message_type
    if message is not None:
        if message.full_name == TIMESTAMP:
            return _time
        if message.full_name == STRUCT:
            return _struct_reader(depth)
        return _by_reference(field) if _is_well_known(message) else reader(message, depth)
    if field.type == FieldDescriptor.TYPE_STRING:
        return _text
    if field.type == FieldDescriptor.TYPE_BOOL:
        return _truth
    if field.type in INTEGERS:
        return _integer_reader(field)
    if field.type == FieldDescriptor.TYPE_DOUBLE:
        return _double_reader(field)
    return _enum_reader(field, field.enum_type) if field.enum_type else _by_reference(field)


def _is_well_known(message: Descriptor) -> bool:
    """Whether ProtoJSON may write this message in a way of its own."""
    return message.full_name.startswith("google.protobuf.")


def _text(value: Any) -> str:
    if type(value) is not str:
        _refuse(value, "must be a text")
    if not is_text(value):
        raise InvalidValueError("holds half of a surrogate pair")
    return value


def _truth(value: Any) -> bool:
    if type(value) is not bool:
        _refuse(value, "must be true or false")
    return value


def _integer_reader(field: FieldDescriptor) -> Reader:
    within, otherwise = INTEGERS[field.type], _by_reference(field)
    return lambda value: value if type(value) is int and value in within else otherwise(value)


def _double_reader(field: FieldDescriptor) -> Reader:
    otherwise = _by_reference(field)
    return lambda value: value if type(value) is float and math.isfinite(value) else otherwise(value)


def _enum_reader(field: FieldDescriptor, enum: EnumDescriptor) -> Reader:
    numbers = {name: value.number for name, value in enum.values_by_name.items()}
    otherwise, text = _by_reference(field), "must be the name of an enum's value"

    def read(value: Any) -> int:
        if type(value) is str:
            if value in numbers:
                return numbers[value]
            number: int = otherwise(value)
            # ParseDict looks for a number by its last 32 bits.
            if int(value) != number:
                _refuse(value, text)
            return number
        if type(value) is not int or value not in INT_32:
            _refuse(value, text)
        return value

    return read


def _time(value: Any) -> dict[str, int]:
    if type(value) is not str:
        _refuse(value, "must be a time as RFC 3339 writes it")
    plain = _plain_time(value)
    try:
        if plain is None:
            time = Timestamp()
            time.FromJsonString(value)
            return {"seconds": time.seconds, "nanos": time.nanos}
        since = datetime.fromisoformat(plain[1]) - EPOCH
        return {
            "seconds": since.days * 86_400 + since.seconds,
            "nanos": int((plain[2] or "").ljust(9, "0")),
        }
    except (ValueError, OverflowError):
        # Protobuf reads a fraction as a float, and overflows where it has an exponent.
        raise InvalidValueError("must be a time as RFC 3339 writes it") from None


def _struct_reader(depth: int) -> Reader:
    def read(value: Any) -> Any:
        if type(value) is not dict:
            _refuse(value, "must be an object")
        _check_values(value, depth)
        return value

    return read


def _check_values(value: dict[str, Any] | list[Any], depth: int) -> None:
    """Refuse what a Struct must not hold, at every depth."""
    if depth > MAX_DEPTH:
        _too_deep(value)
    if type(value) is dict and not all(map(is_text, value)):
        raise InvalidValueError("holds half of a surrogate pair in a key")
    item: Any
    for item in value.values() if type(value) is dict else value:
        kind = type(item)
        if kind is str:
            _text(item)
        elif kind is dict or kind is list:
            _check_values(item, depth + 1)
        elif kind is int:
            _check_number(item)
        elif kind is Broken:
            raise InvalidValueError(f"holds a value that {item.why}")


def _check_number(value: int) -> None:
    if value.bit_length() >= sys.float_info.max_exp:
        try:
            float(value)
        except OverflowError:
            raise InvalidValueError("holds a number that is too large") from None


def _by_reference(field: FieldDescriptor) -> Reader:
    """Return a reader that asks ParseDict, for spellings and kinds of field that are seldom sent."""
    make: Any = GetMessageClass(field.containing_type)  # type: ignore[arg-type]  # only extensions have none
    name, key = field.name, field.json_name

    def read(value: Any) -> Any:
        if type(value) is Broken:
            _refuse(value, "")
        if type(value) is str:
            # Protobuf trips over half of a surrogate pair, with a SystemError.
            _text(value)
        try:
            return getattr(json_format.ParseDict({key: value}, make()), name)
        except (json_format.ParseError, ValueError, TypeError, OverflowError, AttributeError, RecursionError):
            raise InvalidValueError("not a value of this field's type") from None

    return read


def _too_deep(_value: Any) -> NoReturn:
    raise InvalidValueError(f"nests deeper than {MAX_DEPTH}")


def _refuse(value: Any, text: str) -> NoReturn:
    raise InvalidValueError(value.why if type(value) is Broken else text)
