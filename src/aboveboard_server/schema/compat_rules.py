# ruff: noqa: D401  # a rule's docstring is its message: it says what must hold, not what is done.
"""What a released promise may not become. Each rule's docstring is its message.

The rules look at what is collected: at fields, their annotations and their events. What else a wire format
must keep, `buf breaking` looks at.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from google.protobuf.descriptor_pb2 import FieldDescriptorProto

from aboveboard_server.schema.policy import event_policy, field_policy, method_access

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor, MethodDescriptor

    from aboveboard_server.schema.policy import EventPolicy, FieldPolicy

# From harmless to most revealing: how close a value brings its reader to someone who can be named. What
# describes software alone comes first; when, and how, it is used says more; then what points at one
# installation; at one person, through a key; at a company, by its name. Free form may be any of them.
BY_REVEALING = ("TECHNICAL", "TIME", "INTERACTION", "INSTALLATION", "PSEUDONYM", "ORGANIZATION", "FREE_FORM")


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A released field, and what stands under its number now."""

    old: FieldDescriptor
    new: FieldDescriptor


@dataclass(frozen=True, slots=True)
class Place:
    """A released field or arm, and its message now."""

    field: FieldDescriptor
    message: Descriptor


@dataclass(frozen=True, slots=True)
class Promise:
    """The annotations of a field: as released, and now."""

    old: FieldPolicy
    new: FieldPolicy


@dataclass(frozen=True, slots=True)
class EventPromise:
    """The annotations of an event: as released, and now."""

    old: EventPolicy
    new: EventPolicy


@dataclass(frozen=True, slots=True)
class MessageChange:
    """A released message that is collected, and what stands under its name now."""

    old: Descriptor
    new: Descriptor


@dataclass(frozen=True, slots=True)
class MethodChange:
    """A released RPC, and what stands under its name now."""

    old: MethodDescriptor
    new: MethodDescriptor


def message_kept(message: Descriptor | None) -> Iterator[str]:
    """A released message that is collected stays where it is."""
    if message is None:
        yield "removed"


def field_kept(place: Place) -> Iterator[str]:
    """A released field keeps its number and its name: old clients and its column count on it."""
    yield from _moved(place)


def arm_kept(place: Place) -> Iterator[str]:
    """A released arm keeps its number and its name: old clients and its table count on it."""
    yield from _moved(place)


def new_field_is_optional(field: FieldDescriptor) -> Iterator[str]:
    """A new field of a released message is not required: released clients do not send it."""
    policy = field_policy(field)
    if policy is not None and policy.required:
        yield ""


def enum_value_kept(change: FieldChange) -> Iterator[str]:
    """A released enum value keeps its number and its name."""
    if change.old.enum_type is None or change.new.enum_type is None:
        return
    now = change.new.enum_type.values_by_number
    for number, value in change.old.enum_type.values_by_number.items():
        if number not in now:
            yield f"{value.name} removed"
        elif not _names(change.new.enum_type, number) >= _names(change.old.enum_type, number):
            yield f"{value.name} renamed to {now[number].name}"


def type_kept(change: FieldChange) -> Iterator[str]:
    """A released field keeps its type: a wider one takes what nobody agreed to."""
    old, new = _type_name(change.old), _type_name(change.new)
    if old != new:
        yield f"{old} became {new}"


def annotation_kept(change: FieldChange) -> Iterator[str]:
    """A released field keeps its annotation."""
    if field_policy(change.old) is not None and field_policy(change.new) is None:
        yield ""


def data_class_kept(promise: Promise) -> Iterator[str]:
    """A released field keeps its data_class: a new promise needs a new field.

    A more revealing class collects more than people were told; a milder one only renames what is already
    stored, and takes away what protects it.
    """
    old, new = promise.old.data_class, promise.new.data_class
    if old and old != new:
        more = _revealing(new) > _revealing(old)
        yield f"{old} weakened to {new or 'none'}, {'which reveals more' if more else 'a milder label'}"


def purpose_kept(promise: Promise) -> Iterator[str]:
    """A released field keeps a purpose."""
    if promise.old.purpose.strip() and not promise.new.purpose.strip():
        yield "dropped"


def size_not_raised(promise: Promise) -> Iterator[str]:
    """A released field takes no more than it did: max_bytes, max_keys and max_depth are never raised."""
    for limit in ("max_bytes", "max_keys", "max_depth"):
        old, new = getattr(promise.old, limit), getattr(promise.new, limit)
        # 0 is no limit at all.
        if old and (new > old or not new):
            yield f"{limit} raised from {old} to {new or 'no limit'}"


def subject_key_kept(promise: Promise) -> Iterator[str]:
    """A released subject_key stays: without it, erasure no longer finds what is stored."""
    if promise.old.subject_key and promise.old.subject_key != promise.new.subject_key:
        yield f"{promise.old.subject_key} became {promise.new.subject_key or 'none'}"


def uuid_kept(promise: Promise) -> Iterator[str]:
    """A released field stays a UUID, or stays none: text could hold anything, and the column has its type."""
    if (promise.old.format == "UUID") != (promise.new.format == "UUID"):
        yield f"format {promise.old.format or 'not said'} became {promise.new.format or 'not said'}"


def identifier_kept(promise: Promise) -> Iterator[str]:
    """A released field stays an identifier, or stays none: what clients send would be refused, or alike."""
    formats = (promise.old.format, promise.new.format)
    if "UUID" not in formats and formats.count("IDENTIFIER") == 1:
        yield f"format {formats[0] or 'not said'} became {formats[1] or 'not said'}"


def required_kept(promise: Promise) -> Iterator[str]:
    """A released field stays required, or stays optional: old clients and the column count on it."""
    if promise.old.required != promise.new.required:
        yield "now required" if promise.new.required else "no longer required"


def event_annotation_kept(change: MessageChange) -> Iterator[str]:
    """A released event keeps its annotation."""
    if event_policy(change.old) is not None and event_policy(change.new) is None:
        yield ""


def event_purpose_kept(promise: EventPromise) -> Iterator[str]:
    """A released event keeps a purpose."""
    if promise.old.purpose.strip() and not promise.new.purpose.strip():
        yield "dropped"


def retention_not_lengthened(promise: EventPromise) -> Iterator[str]:
    """A released event lives no longer than was promised: retention_days are never raised."""
    if promise.new.retention_days > promise.old.retention_days:
        yield f"from {promise.old.retention_days} to {promise.new.retention_days} days"


def category_kept(promise: EventPromise) -> Iterator[str]:
    """A released event keeps its category: people allow one and not the other."""
    if promise.old.category != promise.new.category:
        yield f"{promise.old.category or 'by event'} became {promise.new.category or 'by event'}"


def _revealing(data_class: str) -> int:
    return BY_REVEALING.index(data_class) if data_class in BY_REVEALING else len(BY_REVEALING)


def _names(enum: EnumDescriptor, number: int) -> set[str]:
    """Return every name of a number; an alias is one too."""
    return {value.name for value in enum.values if value.number == number}


def access_kept(change: MethodChange) -> Iterator[str]:
    """A released RPC keeps who may call it: any other access lets keys in that were kept out."""
    was, now = method_access(change.old), method_access(change.new)
    # One that is not said lets nobody in; the lint tells of that.
    if was and now and was != now:
        yield f"{was} became {now}"


def _moved(place: Place) -> Iterator[str]:
    number, name = place.field.number, place.field.name
    same_number = place.message.fields_by_number.get(number)
    same_name = place.message.fields_by_name.get(name)
    if same_name is not None and same_name.number != number:
        yield f"renumbered from {number} to {same_name.number}"
    elif same_number is None:
        yield "removed"
    elif same_number.name != name:
        yield f"renamed to {same_number.name}"


def _type_name(field: FieldDescriptor) -> str:
    named = field.message_type or field.enum_type
    scalar = FieldDescriptorProto.Type.Name(FieldDescriptorProto.Type.ValueType(field.type))
    name = named.full_name if named else scalar.removeprefix("TYPE_").lower()
    return f"repeated {name}" if field.is_repeated else name


FIELD_RULES = (enum_value_kept, type_kept, annotation_kept)
PROMISE_RULES = (
    data_class_kept,
    purpose_kept,
    size_not_raised,
    subject_key_kept,
    uuid_kept,
    identifier_kept,
    required_kept,
)
EVENT_RULES = (event_annotation_kept,)
EVENT_PROMISE_RULES = (event_purpose_kept, retention_not_lengthened, category_kept)
METHOD_RULES = (access_kept,)
