# ruff: noqa: D401  # a rule's docstring is its message: it says what must hold, not what is done.
"""The rules a single collected field must keep. Each rule's docstring is its message."""

from __future__ import annotations

import keyword
from dataclasses import dataclass
from typing import TYPE_CHECKING

from google.protobuf.descriptor import FieldDescriptor
from sqlmodel import SQLModel

from aboveboard_server.codegen import tables as generated
from aboveboard_server.schema import examples
from aboveboard_server.schema.catalog import STRUCT, Field
from aboveboard_server.schema.policy import FieldPolicy
from aboveboard_server.schema.rows import CORRECTED
from aboveboard_server.schema.sql_words import is_word_of_sql

if TYPE_CHECKING:
    from collections.abc import Iterator

# The columns that the server itself puts into a table; a test holds them against the generated ones.
EVENT_COLUMNS = frozenset({"source_id", "received_at", CORRECTED})
SOURCE_COLUMNS = frozenset(
    {"source_id", "fingerprint", "origin", "first_seen_at", "last_seen_at", "deletion_id"}
)
# `registry` is SQLAlchemy's.
RESERVED = frozenset(dir(SQLModel)) | {"registry"}
# What the class body of a generated table says itself: a column of that name would hide it.
SPOKEN = frozenset().union(*generated.IMPORTS.values()) | {
    python_type.partition("[")[0]
    for python_type, _ in (*generated.SCALARS.values(), *generated.MESSAGES.values())
}
RESERVED_PREFIXES = ("model_", "_")
MAX_NAME_BYTES = 63
MAX_BYTES = 65536
NO_POLICY = FieldPolicy("", "", "", "", "", (), 0, required=False, max_keys=0, max_depth=0)


@dataclass(frozen=True, slots=True)
class Collected:
    """A field that holds a value: its annotation, and the names that its table uses already."""

    descriptor: FieldDescriptor
    annotation: FieldPolicy | None
    taken: frozenset[str]
    of_source: bool

    @property
    def policy(self) -> FieldPolicy:
        """The annotation; an empty one where there is none."""
        return self.annotation or NO_POLICY

    @property
    def is_struct(self) -> bool:
        """Whether the field is a google.protobuf.Struct."""
        return self.descriptor.message_type is not None and self.descriptor.message_type.full_name == STRUCT

    @property
    def is_text(self) -> bool:
        """Whether the field is a single string."""
        return self.descriptor.type == FieldDescriptor.TYPE_STRING and not self.descriptor.is_repeated

    @property
    def has_column(self) -> bool:
        """Whether generated tables know a column for the field's type."""
        try:
            generated.column_type(Field(self.descriptor, self.policy))
        except KeyError:
            return False
        return True


def field_is_annotated(field: Collected) -> Iterator[str]:
    """A collected field says what it is in an annotation, (aboveboard.schema.v1.field)."""
    if field.annotation is None:
        yield ""


def field_has_a_column(field: Collected) -> Iterator[str]:
    """No column holds a repeated field, a map, a uint64, or a message but Timestamp and Struct."""
    if not field.has_column:
        yield ""


def field_name_is_free(field: Collected) -> Iterator[str]:
    """A field's name becomes a column's, so it is none that the server, Python or SQL uses itself."""
    name = field.descriptor.name
    if name in field.taken:
        yield f"the table has a column {name} already"
    elif keyword.iskeyword(name):
        yield f"{name} is a keyword of Python"
    elif is_word_of_sql(name):
        yield f"{name} is a reserved word of SQL"
    elif name in SPOKEN:
        yield f"{name} is a type that generated tables name"
    elif name in RESERVED or name.startswith(RESERVED_PREFIXES):
        yield f"{name} is reserved by SQLModel or pydantic"


def field_name_fits(field: Collected) -> Iterator[str]:
    """A field's name has at most 63 bytes, all that PostgreSQL keeps of one."""
    if (size := len(field.descriptor.name)) > MAX_NAME_BYTES:
        yield f"{size} bytes"


def field_names_its_data_class(field: Collected) -> Iterator[str]:
    """A field's annotation names its data_class."""
    if not field.policy.data_class:
        yield ""


def field_states_its_purpose(field: Collected) -> Iterator[str]:
    """A field's annotation states its purpose in one printable line that ends with a full stop."""
    if not is_sentence(field.policy.purpose):
        yield repr(field.policy.purpose)


def field_shows_an_example(field: Collected) -> Iterator[str]:
    """A field's annotation shows an example, and the field would take it."""
    # Without a column or with wrong limits there is nothing to hold the example against; other rules tell.
    testable = field.has_column and not [*field_limits_its_size(field), *field_limits_its_shape(field)]
    if not field.policy.example:
        yield "no example"
    elif testable and (fault := examples.fault(field.descriptor, field.policy, field.policy.example)):
        yield f"example {field.policy.example!r}: {fault}"


def field_limits_its_size(field: Collected) -> Iterator[str]:
    """A string, bytes or Struct field has max_bytes, 1 to 65536, and no other field has it."""
    sized = field.descriptor.type in {FieldDescriptor.TYPE_STRING, FieldDescriptor.TYPE_BYTES}
    if sized or field.is_struct:
        if not 1 <= field.policy.max_bytes <= MAX_BYTES:
            yield f"max_bytes is {field.policy.max_bytes}"
    elif field.policy.max_bytes:
        yield "max_bytes limits nothing here"


def field_limits_its_shape(field: Collected) -> Iterator[str]:
    """A Struct has max_keys and max_depth, both from 1, and no other field has them."""
    said = (field.policy.max_keys, field.policy.max_depth)
    if field.is_struct and not all(said):
        yield f"max_keys is {said[0]}, max_depth {said[1]}"
    elif not field.is_struct and any(said):
        yield "max_keys and max_depth limit nothing here"


def field_lists_known_values(field: Collected) -> Iterator[str]:
    """An OPEN_ENUM lists its known_values once each, and no other format has any."""
    policy = field.policy
    if (policy.format == "OPEN_ENUM") != bool(policy.known_values):
        yield f"format {policy.format or 'not said'}, {len(policy.known_values)} known values"
    if len(set(policy.known_values)) < len(policy.known_values):
        yield "one is listed twice"
    if field.is_text:
        for value in policy.known_values:
            if not value or (fault := examples.fault(field.descriptor, policy, value)):
                yield f"{value!r}: {fault if value else 'empty'}"


def field_format_is_of_text(field: Collected) -> Iterator[str]:
    """Only a string has a format."""
    if field.policy.format and not field.is_text:
        yield field.policy.format


def field_keys_a_subject_by_text(field: Collected) -> Iterator[str]:
    """A Subject is keyed by a string, and only in a source, where erasure looks for it."""
    if field.policy.subject_key and not (field.is_text and field.of_source):
        yield f"subject_key {field.policy.subject_key}"


def is_sentence(text: str) -> bool:
    """Whether a text can stand as it is in the dictionary and in a generated docstring."""
    return text.isprintable() and text.endswith(".") and "\\" not in text and '"""' not in text


SHAPE_RULES = (field_is_annotated, field_has_a_column, field_name_is_free, field_name_fits)
# What an annotation says is looked at only where there is one.
ANNOTATION_RULES = (
    field_names_its_data_class,
    field_states_its_purpose,
    field_shows_an_example,
    field_limits_its_size,
    field_limits_its_shape,
    field_lists_known_values,
    field_format_is_of_text,
    field_keys_a_subject_by_text,
)
