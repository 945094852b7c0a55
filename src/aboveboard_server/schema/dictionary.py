"""The public data dictionary: what is collected, why, and for how long, as a customer wants to read it.

`build` puts the catalog into plain words; `dictionary_markdown` and the public page only lay them out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from google.protobuf.descriptor import FieldDescriptor

from aboveboard_server.schema.catalog import STRUCT, TIMESTAMP
from aboveboard_server.schema.expiry import GRACE_DAYS, QUARANTINE_DAYS
from aboveboard_server.schema.policy import enum_value_names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aboveboard_server.schema.catalog import Catalog, EventType, Field, Origin

QUARANTINE_BYTES = 16 * 1024

# What each class of data can reveal, in a customer's words.
CLASSES = {
    "TECHNICAL": "Describes software or hardware: a version, an operating system.",
    "INTERACTION": "Describes how the product is used: a change, the name of an event.",
    "INSTALLATION": "Points at one installation: a server, a deployment, a browser tab.",
    "PSEUDONYM": "Points at a person, but only for whoever holds the key.",
    "ORGANIZATION": "Names or identifies a company.",
    "TIME": "Says when something happened.",
    "FREE_FORM": "May hold anything the sender put there.",
}
FORMATS = {
    "": "text",
    "UUID": "UUID",
    "IDENTIFIER": "identifier",
    "VERSION": "version",
    "OPEN_ENUM": "text, usually one of the known values",
    "NAME": "name",
}
SCALARS = {
    FieldDescriptor.TYPE_BOOL: "yes or no",
    FieldDescriptor.TYPE_BYTES: "bytes",
    FieldDescriptor.TYPE_DOUBLE: "number",
    FieldDescriptor.TYPE_FLOAT: "number",
    FieldDescriptor.TYPE_ENUM: "one of the known values",
}
# The classes that tie a source to somebody who can be named.
NAMING = {"PSEUDONYM", "ORGANIZATION", "FREE_FORM"}
ADDED = (
    "To each event the service adds when it received it, and when it occurred, corrected by how far the "
    "sender's clock was off. Of each source it keeps when it was first and last seen. A user's identifier is "
    "never stored as it was sent: it is keyed again on arrival, with a key of its company's own "
    "that is destroyed with the company's data. Network addresses are never stored."
)
RIGHTS = (
    (
        "Opt out. The application's own switch turns collection off for a user, a deployment or a server. "
        "What has opted out is not stored: not as an event, not in the quarantine, not in a log. A wider "
        "opt-out covers all that is narrower. An application asks whether it may send, and stops where it "
        "may not; a page that is left before it was answered hands over what it has, and the service stores "
        "nothing of whoever has opted out. A browser that sends Global Privacy Control is never collected "
        "from."
    ),
    (
        "Have its data deleted. Ask the vendor of the application, and name the company and the deployment, "
        "or the server's UUID. Every event is tied to the source that sent it, and every field that finds a "
        "source is marked, so that all of it is found."
    ),
    (
        "Mind what cannot be tied together: an opt-out or a deletion of a company does not cover anonymous "
        "servers. Each of them has its own, by its UUID."
    ),
)
KEEPING = (
    f"Nothing lives more than {GRACE_DAYS} days beyond its limit, which counts from the moment of receipt, "
    "whatever time the sender's clock shows: a sweep removes every day what has outlived its limit. Who sent "
    "it is forgotten once nothing of it is left and the longest of these times has passed."
)
QUARANTINE = (
    "An event of a kind that this service does not know yet, sent by a newer application, is kept apart as "
    f"bytes, at most {QUARANTINE_BYTES // 1024} KiB, for at most {QUARANTINE_DAYS} days, until the service "
    "knows it. Opt-out, deletion and retention reach it as they reach every event."
)


@dataclass(frozen=True, slots=True)
class FieldEntry:
    """One field in plain words."""

    name: str
    purpose: str
    data_class: str
    form: str
    example: str
    known_values: tuple[str, ...]
    subject: str
    required: bool


@dataclass(frozen=True, slots=True)
class EventEntry:
    """One kind of event in plain words."""

    name: str
    title: str
    purpose: str
    owner: str
    categories: tuple[str, ...]
    retention_days: int
    fields: tuple[FieldEntry, ...]


@dataclass(frozen=True, slots=True)
class SourceEntry:
    """One kind of source in plain words."""

    name: str
    about: str
    fields: tuple[FieldEntry, ...]


@dataclass(frozen=True, slots=True)
class Dictionary:
    """The whole dictionary in the order in which it is read."""

    events: tuple[EventEntry, ...]
    envelope: tuple[FieldEntry, ...]
    sources: tuple[SourceEntry, ...]
    rights: tuple[str, ...]
    keeping: str
    added: str
    quarantine: str
    grace_days: int
    classes: tuple[tuple[str, str], ...]


def build(catalog: Catalog, retention_days: Mapping[str, int] | None = None) -> Dictionary:
    """Put a catalog into plain words; `retention_days` holds what an operator has changed, by event."""
    changed = retention_days or {}
    return Dictionary(
        events=tuple(_event(event, changed) for event in catalog.events),
        envelope=tuple(_field(field) for field in catalog.envelope),
        sources=tuple(_source(origin) for origin in catalog.origins),
        rights=RIGHTS,
        keeping=KEEPING,
        added=ADDED,
        quarantine=QUARANTINE,
        grace_days=GRACE_DAYS,
        classes=tuple(CLASSES.items()),
    )


def _event(event: EventType, changed: Mapping[str, int]) -> EventEntry:
    return EventEntry(
        name=event.name,
        title=event.message.name,
        purpose=event.policy.purpose,
        owner=event.policy.owner,
        categories=event.categories(),
        retention_days=changed.get(event.name, event.policy.retention_days),
        fields=tuple(_field(field) for field in event.fields),
    )


def _source(origin: Origin) -> SourceEntry:
    kinds = [field.policy.subject_key.lower() for field in origin.fields if field.policy.subject_key]
    if any(field.policy.data_class in NAMING for field in origin.fields):
        about = f"Says to whom it belongs: {', '.join(kinds)}."
    else:
        about = (
            f"Anonymous: says which {' and '.join(kinds)} it is; nothing ties it to a company or a person."
        )
    return SourceEntry(origin.name, about, tuple(_field(field) for field in origin.fields))


def _field(field: Field) -> FieldEntry:
    enum = field.descriptor.enum_type
    names = tuple(name for number, name in enum_value_names(enum).items() if number) if enum else ()
    prefix = enum.values_by_number[0].name.removesuffix("UNSPECIFIED") if enum else ""
    return FieldEntry(
        name=field.name,
        purpose=field.policy.purpose,
        data_class=field.policy.data_class,
        form=_form(field),
        example=field.policy.example.removeprefix(prefix),
        known_values=names or field.policy.known_values,
        subject=field.policy.subject_key,
        required=field.policy.required,
    )


def _form(field: Field) -> str:
    """Say how a value is written and how large it may be."""
    policy, kind = field.policy, field.descriptor.type
    if field.message_type == TIMESTAMP:
        return "time in UTC, to the microsecond"
    if field.message_type == STRUCT:
        return (
            f"JSON object, at most {policy.max_bytes} bytes, {policy.max_keys} keys, "
            f"{policy.max_depth} levels deep"
        )
    if kind == FieldDescriptor.TYPE_STRING:
        text = FORMATS.get(policy.format, policy.format)
        return text if policy.format == "UUID" else f"{text}, at most {policy.max_bytes} bytes"
    if kind == FieldDescriptor.TYPE_BYTES:
        return f"bytes, at most {policy.max_bytes}"
    return SCALARS.get(kind, "whole number")
