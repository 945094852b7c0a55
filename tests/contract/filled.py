"""Fills any message so that every field holds a value that can be told from its neighbours'."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any
from zlib import crc32

from google.protobuf import duration_pb2, field_mask_pb2, message_factory, struct_pb2, timestamp_pb2
from google.protobuf.descriptor import FieldDescriptor
from tests.contract.goldens import choices, is_choice, switches

from aboveboard.schema.v1 import annotations_pb2

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from google.protobuf.descriptor import Descriptor, EnumDescriptor
    from google.protobuf.message import Message

EPOCH_2024 = 1_704_067_200
YEAR = 31_536_000
# What a field holds, made of a number below 2^32; integers need every bit that their type has.
SCALARS: dict[int, Callable[[int], object]] = {
    FieldDescriptor.TYPE_BYTES: lambda number: hashlib.sha256(number.to_bytes(4)).digest(),
    FieldDescriptor.TYPE_BOOL: lambda _: True,
    FieldDescriptor.TYPE_DOUBLE: lambda number: number / 1024,
    FieldDescriptor.TYPE_UINT32: lambda number: number | 1 << 31,
    FieldDescriptor.TYPE_INT32: lambda number: -(number >> 1) - 1,
    FieldDescriptor.TYPE_UINT64: lambda number: number << 32 | 1 << 63,
    FieldDescriptor.TYPE_INT64: lambda number: -(number << 31) - 1,
}


def fill(descriptor: Descriptor, path: str = "", only: Sequence[FieldDescriptor] = ()) -> Message:
    """Return the message with every field set, repeated ones twice.

    Of a oneof and of several switches, the fields in `only` are set where there are any; else the first arm
    and all switches.
    """
    message = message_factory.GetMessageClass(descriptor)()
    for field in descriptor.fields:
        if _is_left_out(descriptor, field, only):
            continue
        if field.is_repeated:
            elements = [_value(descriptor, field, f"{path}.{field.name}[{i}]") for i in (0, 1)]
            getattr(message, field.name).extend(elements)
        elif field.message_type:
            getattr(message, field.name).CopyFrom(_value(descriptor, field, f"{path}.{field.name}"))
        else:
            setattr(message, field.name, _value(descriptor, field, f"{path}.{field.name}"))
    return message


def _is_left_out(owner: Descriptor, field: FieldDescriptor, only: Sequence[FieldDescriptor]) -> bool:
    if field in only:
        return False
    if is_choice(field):
        rivals = [other for other in choices(owner) if other.containing_oneof == field.containing_oneof]
        return any(rival in only for rival in rivals) or field != rivals[0]
    return field in switches(owner) and any(other in only for other in switches(owner))


def _value(owner: Descriptor, field: FieldDescriptor, path: str) -> Any:
    """Return a value that depends on where it stands, never on chance."""
    if field.message_type:
        return _message(field.message_type, path)
    if field.enum_type:
        return _enum_number(owner, field.enum_type, field, path)
    if field.type == FieldDescriptor.TYPE_STRING:
        return _text(owner, field, path)
    if field.type not in SCALARS:
        raise NotImplementedError(f"{field.full_name}: teach {__name__} what a field of its type holds")
    return SCALARS[field.type](crc32(path.encode()))


def _message(descriptor: Descriptor, path: str) -> Message:
    number = crc32(path.encode())
    match descriptor.full_name:
        case "google.protobuf.Timestamp":
            return timestamp_pb2.Timestamp(
                seconds=EPOCH_2024 + number % YEAR, nanos=number % 1_000_000 * 1000
            )
        case "google.protobuf.Duration":
            return duration_pb2.Duration(seconds=number % YEAR, nanos=number % 1000 * 1_000_000)
        case "google.protobuf.FieldMask":
            return field_mask_pb2.FieldMask(paths=["contact.email", f"field{number}"])
        case "google.protobuf.Struct":
            payload = struct_pb2.Struct()
            payload.update({"duration_ms": number / 1024, "ok": True, "none": None, "list": [1, "zwei"]})
            return payload
    return fill(descriptor, path)


def _enum_number(owner: Descriptor, enum: EnumDescriptor, field: FieldDescriptor, path: str) -> int:
    """Choose another value for each field of the same enum, and for each element of a list."""
    numbers = [value.number for value in enum.values if value.number]
    alike = [other.name for other in owner.fields if other.enum_type == enum]
    return numbers[(alike.index(field.name) + path.endswith("[1]")) % len(numbers)]


def _text(owner: Descriptor, field: FieldDescriptor, path: str) -> str:
    """Take the annotation's example, where no other field has the same; else the field's name in words."""
    example = _example(field)
    others = [_example(other) for other in owner.fields if other is not field]
    plain = f"{field.name.replace('_', ' ')} · {crc32(path.encode()):08x}"
    return plain if not example or example in others or path.endswith("[1]") else example


def _example(field: FieldDescriptor) -> str:
    return str(field.GetOptions().Extensions[annotations_pb2.field].example)
