"""Reads the annotations of a field, an event message or an RPC.

The annotations are read through the pool the descriptor belongs to, so that the same code serves the
stubs of the running service, a schema just compiled, and the released one it is compared with.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from google.protobuf.message_factory import GetMessageClass

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor, MethodDescriptor
    from google.protobuf.descriptor_pool import DescriptorPool

ANNOTATIONS = "aboveboard.schema.v1"
DEFAULT_RETENTION_DAYS = 365


@dataclass(frozen=True, slots=True)
class FieldPolicy:
    """What `(aboveboard.schema.v1.field)` says; enum values by name without their prefix, "" where unset."""

    data_class: str
    subject_key: str
    purpose: str
    example: str
    format: str
    known_values: tuple[str, ...]
    max_bytes: int
    required: bool
    max_keys: int
    max_depth: int


@dataclass(frozen=True, slots=True)
class EventPolicy:
    """What `(aboveboard.schema.v1.event)` says; `retention_days` with its default put in."""

    owner: str
    purpose: str
    category: str
    retention_days: int


def field_policy(field: FieldDescriptor) -> FieldPolicy | None:
    """Return the annotation of a field, or None where it carries none."""
    message = field.containing_type
    if message is None:
        return None
    said = _annotation(field, message.file.pool, "google.protobuf.FieldOptions", f"{ANNOTATIONS}.field")
    if said is None:
        return None
    return FieldPolicy(
        data_class=_enum_name(said, "data_class"),
        subject_key=_enum_name(said, "subject_key"),
        purpose=said.purpose,
        example=said.example,
        format=_enum_name(said, "format"),
        known_values=tuple(said.known_values),
        max_bytes=said.max_bytes,
        required=said.required,
        max_keys=said.max_keys,
        max_depth=said.max_depth,
    )


def event_policy(message: Descriptor) -> EventPolicy | None:
    """Return the annotation of an event message, or None where it carries none."""
    said = _annotation(message, message.file.pool, "google.protobuf.MessageOptions", f"{ANNOTATIONS}.event")
    if said is None:
        return None
    return EventPolicy(
        owner=said.owner,
        purpose=said.purpose,
        category=_enum_name(said, "category"),
        retention_days=said.retention_days or DEFAULT_RETENTION_DAYS,
    )


def method_access(method: MethodDescriptor) -> str:
    """Return who may call an RPC, an Access by its name without the prefix; "" where nothing says it."""
    pool = method.containing_service.file.pool
    said = _annotation(method, pool, "google.protobuf.MethodOptions", f"{ANNOTATIONS}.method")
    return "" if said is None else _enum_name(said, "access")


def enum_value_names(enum: EnumDescriptor) -> dict[int, str]:
    """Return the names of an enum's values by number, without the prefix its style guide demands."""
    prefix = enum.values_by_number[0].name.removesuffix("UNSPECIFIED")
    return {number: value.name.removeprefix(prefix) for number, value in enum.values_by_number.items()}


def _annotation(
    descriptor: Descriptor | FieldDescriptor | MethodDescriptor,
    pool: DescriptorPool,
    options_type: str,
    extension: str,
) -> Any:
    raw = descriptor.GetOptions().SerializeToString()
    if not raw:
        return None
    try:
        options_class, handle = _options_reader(pool, options_type, extension)
    except KeyError:
        # A schema that does not know the annotations carries none; the lint tells of that.
        return None
    options = options_class.FromString(raw)
    return options.Extensions[handle] if options.HasExtension(handle) else None


@cache
def _options_reader(pool: DescriptorPool, options_type: str, extension: str) -> tuple[Any, Any]:
    handle = pool.FindExtensionByName(extension)
    return GetMessageClass(pool.FindMessageTypeByName(options_type)), handle


def _enum_name(said: Any, field: str) -> str:
    enum = said.DESCRIPTOR.fields_by_name[field].enum_type
    number = getattr(said, field)
    return enum_value_names(enum).get(number, str(number)) if number else ""
