"""What a schema collects, read without trust: unlike the catalog, it takes a broken schema as it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aboveboard_server.schema.catalog import ENVELOPE, SOURCE
from aboveboard_server.schema.policy import event_policy

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor, FieldDescriptor

    from aboveboard_server.schema.image import Image

EVENT_PACKAGES = "aboveboard.event."
# The oneofs whose arms are what is collected.
EVENT_ONEOF = "event"
ORIGIN_ONEOF = "origin"


@dataclass(frozen=True, slots=True)
class Surface:
    """The messages whose fields are collected, and the arms that lead to them."""

    envelope: Descriptor | None
    source: Descriptor | None
    event_arms: tuple[FieldDescriptor, ...]
    origin_arms: tuple[FieldDescriptor, ...]
    events: tuple[Descriptor, ...]

    @property
    def origins(self) -> tuple[Descriptor, ...]:
        """The messages that the arms of Source stand for."""
        return _messages(self.origin_arms)

    @property
    def envelope_fields(self) -> tuple[FieldDescriptor, ...]:
        """The envelope's own fields, which are columns of every event's table."""
        return fields_beside(self.envelope, self.event_arms)

    def fields(self) -> tuple[FieldDescriptor, ...]:
        """Return every field that holds a collected value."""
        messages = dict.fromkeys((*self.origins, *self.events))
        return (*self.envelope_fields, *(field for message in messages for field in message.fields))


def read(image: Image) -> Surface:
    """Read what a schema collects; what is missing is empty.

    Events are the messages of the envelope's arms, and every message that claims to be one: by its
    annotation, or by its place at the top of a package `aboveboard.event.*`.
    """
    envelope, source = image.message(ENVELOPE), image.message(SOURCE)
    event_arms = _arms(envelope, EVENT_ONEOF)
    claimed = [message for message in image.messages() if _claims_to_be_an_event(message)]
    return Surface(
        envelope=envelope,
        source=source,
        event_arms=event_arms,
        origin_arms=_arms(source, ORIGIN_ONEOF),
        events=tuple(dict.fromkeys((*_messages(event_arms), *claimed))),
    )


def fields_beside(
    message: Descriptor | None, arms: tuple[FieldDescriptor, ...]
) -> tuple[FieldDescriptor, ...]:
    """Return the fields of a message that are none of its arms."""
    numbers = {arm.number for arm in arms}
    return tuple(field for field in message.fields if field.number not in numbers) if message else ()


def _arms(message: Descriptor | None, oneof: str) -> tuple[FieldDescriptor, ...]:
    found = message.oneofs_by_name.get(oneof) if message else None
    return tuple(sorted(found.fields, key=lambda field: field.number)) if found else ()


def _messages(arms: tuple[FieldDescriptor, ...]) -> tuple[Descriptor, ...]:
    return tuple(dict.fromkeys(arm.message_type for arm in arms if arm.message_type is not None))


def _claims_to_be_an_event(message: Descriptor) -> bool:
    at_the_top = message.containing_type is None and message.file.package.startswith(EVENT_PACKAGES)
    return at_the_top or event_policy(message) is not None
