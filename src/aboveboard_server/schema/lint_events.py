# ruff: noqa: D401  # a rule's docstring is its message: it says what must hold, not what is done.
"""The rules of event messages, of arms, and of the sources. Each rule's docstring is its message."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aboveboard_server.codegen.tables import column_type
from aboveboard_server.schema.catalog import Field, snake_case
from aboveboard_server.schema.lint_fields import is_sentence
from aboveboard_server.schema.policy import EventPolicy, event_policy, field_policy
from aboveboard_server.schema.sql_words import is_word_of_sql

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.protobuf.descriptor import Descriptor, FieldDescriptor

CATEGORY = "aboveboard.schema.v1.Category"
MIN_RETENTION_DAYS, MAX_RETENTION_DAYS = 45, 3650
# PostgreSQL keeps 63 bytes of a name, and `_by_source` makes the name of the table's index.
MAX_TABLE_NAME_BYTES = 53
NO_POLICY = EventPolicy("", "", "", MIN_RETENTION_DAYS)


@dataclass(frozen=True, slots=True)
class Event:
    """An event message, and the arms that stand for it."""

    message: Descriptor
    arms: tuple[FieldDescriptor, ...]

    @property
    def policy(self) -> EventPolicy:
        """The message's annotation; an empty one where there is none."""
        return event_policy(self.message) or NO_POLICY


@dataclass(frozen=True, slots=True)
class Arm:
    """An arm of the envelope, and the names of the tables that are not of events."""

    descriptor: FieldDescriptor
    tables: frozenset[str]


@dataclass(frozen=True, slots=True)
class OriginMessage:
    """The message of one kind of source, and those of the others, with which it shares its table."""

    message: Descriptor
    others: tuple[Descriptor, ...]


def event_is_annotated(event: Event) -> Iterator[str]:
    """An event message says why it is collected in an annotation, (aboveboard.schema.v1.event)."""
    if event_policy(event.message) is None:
        yield ""


def event_has_one_arm(event: Event) -> Iterator[str]:
    """An event message has one arm in EventEnvelope's oneof `event`, and only one."""
    if len(event.arms) != 1:
        yield ", ".join(arm.name for arm in event.arms) or "none"


def event_names_its_owner(event: Event) -> Iterator[str]:
    """An event's annotation names its owner."""
    if not event.policy.owner:
        yield ""


def event_states_its_purpose(event: Event) -> Iterator[str]:
    """An event's annotation states its purpose in one printable line that ends with a full stop."""
    if not is_sentence(event.policy.purpose):
        yield repr(event.policy.purpose)


def event_has_one_category(event: Event) -> Iterator[str]:
    """An event has a category in its annotation, or else a field `category` of type Category; not both."""
    field = event.message.fields_by_name.get("category")
    of_its_type = field is not None and field.enum_type is not None and field.enum_type.full_name == CATEGORY
    if event.policy.category and field is not None:
        yield "both"
    elif not event.policy.category and not of_its_type:
        yield "neither"


def event_lives_within_limits(event: Event) -> Iterator[str]:
    """An event's retention_days lie from 45 to 3650."""
    if not MIN_RETENTION_DAYS <= event.policy.retention_days <= MAX_RETENTION_DAYS:
        yield str(event.policy.retention_days)


def arm_is_a_message(arm: Arm) -> Iterator[str]:
    """An arm of an event stands for a message."""
    if arm.descriptor.message_type is None:
        yield ""


def arm_is_named_after_its_message(arm: Arm) -> Iterator[str]:
    """An arm is named as its message is, in snake case: so is the event's table."""
    message = arm.descriptor.message_type
    if message is not None and arm.descriptor.name != snake_case(message.name):
        yield f"{snake_case(message.name)} is expected"


def arm_names_a_free_table(arm: Arm) -> Iterator[str]:
    """An arm's name becomes a table's: it has at most 53 bytes, and neither SQL nor another table has it."""
    name = arm.descriptor.name
    if name in arm.tables:
        yield f"{name} is a table already"
    if is_word_of_sql(name):
        yield f"{name} is a reserved word of SQL"
    if len(name) > MAX_TABLE_NAME_BYTES:
        yield f"{len(name)} bytes"


def origin_keys_a_subject(origin: OriginMessage) -> Iterator[str]:
    """A source has a field with a subject_key at least: without, nobody could have its data deleted."""
    policies = [field_policy(field) for field in origin.message.fields]
    if not any(policy and policy.subject_key for policy in policies):
        yield ""


def origins_agree(origin: OriginMessage) -> Iterator[str]:
    """Sources share a table: fields of one name have one type, one data_class and one subject_key."""
    for field in origin.message.fields:
        for other in origin.others:
            twin = other.fields_by_name.get(field.name)
            if twin is not None and _column(field) != _column(twin):
                yield f"{field.name} and {twin.full_name} differ"


def _column(field: FieldDescriptor) -> tuple[object, ...] | None:
    """Return what makes a field's column, None where another rule finds that it has none."""
    policy = field_policy(field)
    if policy is None:
        return None
    try:
        return (*column_type(Field(field, policy)), policy.data_class, policy.subject_key)
    except KeyError:
        return None


EVENT_RULES = (event_is_annotated, event_has_one_arm)
# What an annotation says is looked at only where there is one.
EVENT_ANNOTATION_RULES = (
    event_names_its_owner,
    event_states_its_purpose,
    event_has_one_category,
    event_lives_within_limits,
)
ARM_RULES = (arm_is_a_message, arm_is_named_after_its_message, arm_names_a_free_table)
ORIGIN_RULES = (origin_keys_a_subject, origins_agree)
