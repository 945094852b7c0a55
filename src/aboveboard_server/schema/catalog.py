"""Every event, every field of it, and the source it comes from: the schema as the service sees it."""

from __future__ import annotations

import importlib
import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from google.protobuf import descriptor_pool

from aboveboard_server.schema.policy import (
    EventPolicy,
    FieldPolicy,
    enum_value_names,
    event_policy,
    field_policy,
)

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor, FieldDescriptor
    from google.protobuf.descriptor_pool import DescriptorPool

ENVELOPE = "aboveboard.telemetry.v1.EventEnvelope"
SOURCE = "aboveboard.telemetry.v1.Source"
TIMESTAMP = "google.protobuf.Timestamp"
STRUCT = "google.protobuf.Struct"


class SchemaError(Exception):
    """The schema breaks a rule of its own that the service cannot run without."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field that holds a value: its descriptor and what its annotation says."""

    descriptor: FieldDescriptor
    policy: FieldPolicy

    @property
    def name(self) -> str:
        """The field's name, which is its column's too."""
        return self.descriptor.name

    @property
    def message_type(self) -> str:
        """The full name of the field's message type, "" for a scalar or an enum."""
        message = self.descriptor.message_type
        return message.full_name if message else ""

    @property
    def is_identifier(self) -> bool:
        """Return whether it is a text that identifies something, other than a UUID."""
        names = self.policy.format == "IDENTIFIER" or bool(self.policy.subject_key)
        is_text = self.descriptor.type == self.descriptor.TYPE_STRING
        return is_text and names and self.policy.format != "UUID"


@dataclass(frozen=True, slots=True)
class EventType:
    """One kind of event: its message and its arm in the envelope."""

    message: Descriptor
    arm: FieldDescriptor
    policy: EventPolicy
    fields: tuple[Field, ...]

    @property
    def name(self) -> str:
        """The event's name in snake case: its arm's and its table's."""
        return self.arm.name

    def categories(self) -> tuple[str, ...]:
        """Return the one category of the event, or those it chooses from for each event."""
        if self.policy.category:
            return (self.policy.category,)
        choice = self.message.fields_by_name["category"].enum_type
        names = enum_value_names(choice) if choice else {}
        return tuple(name for number, name in names.items() if number)


@dataclass(frozen=True, slots=True)
class Origin:
    """One kind of source: an arm of Source and the fields of its message."""

    arm: FieldDescriptor
    fields: tuple[Field, ...]

    @property
    def name(self) -> str:
        """The arm's name, such as `server`."""
        return self.arm.name


@dataclass(frozen=True, slots=True)
class Catalog:
    """The whole schema of what is collected, in the order in which the protos name it."""

    envelope: tuple[Field, ...]
    events: tuple[EventType, ...]
    origins: tuple[Origin, ...]

    def event(self, name: str) -> EventType:
        """Return the event of that snake-case name; KeyError where there is none."""
        for event in self.events:
            if event.name == name:
                return event
        raise KeyError(name)


def snake_case(name: str) -> str:
    """Turn `TestCaseStat` into `test_case_stat`, the name of its table and of its arm."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def arms(message: Descriptor, oneof: str) -> tuple[FieldDescriptor, ...]:
    """Return the fields of a oneof in the order of their numbers."""
    return tuple(sorted(message.oneofs_by_name[oneof].fields, key=lambda field: field.number))


def load(pool: DescriptorPool) -> Catalog:
    """Read the catalog out of a pool that holds the protos.

    Raises SchemaError where an annotation the service stands on is missing; `schema lint` tells of every
    fault at once, and of those that are no matter of life and death.
    """
    envelope = pool.FindMessageTypeByName(ENVELOPE)
    source = pool.FindMessageTypeByName(SOURCE)
    return Catalog(
        envelope=fields_of(envelope),
        events=tuple(_event_type(arm) for arm in arms(envelope, "event")),
        origins=tuple(Origin(arm, fields_of(message_of(arm))) for arm in arms(source, "origin")),
    )


@cache
def default() -> Catalog:
    """Return the catalog of the generated stubs: what this service takes."""
    importlib.import_module("aboveboard.telemetry.v1.event_pb2")
    importlib.import_module("aboveboard.telemetry.v1.source_pb2")
    return load(descriptor_pool.Default())


def fields_of(message: Descriptor) -> tuple[Field, ...]:
    """Return the fields of a message that hold values, with their annotations; arms of a oneof hold none."""
    return tuple(Field(field, _policy(field)) for field in message.fields if not is_arm(field))


def message_of(arm: FieldDescriptor) -> Descriptor:
    """Return the message an arm stands for; SchemaError where it is a plain value."""
    if arm.message_type is None:
        raise SchemaError(f"{arm.full_name}: an arm must be a message")
    return arm.message_type


def is_arm(field: FieldDescriptor) -> bool:
    """Whether the field is an arm: a choice among messages, whose own fields carry the annotations."""
    message = field.message_type
    return (
        field.containing_oneof is not None
        and message is not None
        and not message.full_name.startswith("google.")
    )


def _event_type(arm: FieldDescriptor) -> EventType:
    message = message_of(arm)
    policy = event_policy(message)
    if policy is None:
        raise SchemaError(f"{message.full_name}: no (aboveboard.schema.v1.event) annotation")
    return EventType(message, arm, policy, fields_of(message))


def _policy(field: FieldDescriptor) -> FieldPolicy:
    policy = field_policy(field)
    if policy is None:
        raise SchemaError(f"{field.full_name}: no (aboveboard.schema.v1.field) annotation")
    return policy
