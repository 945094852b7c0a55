"""The golden bytes: what every message looks like on the wire, and which values those bytes hold for ever.

A golden is two files in `golden/`: `NAME.binpb`, the bytes, and `NAME.json`, the values in ProtoJSON, stored
apart so that a proto that reads other values out of the same bytes is noticed. NAME is the message's full
name, then what tells its goldens apart: `-arm` for an arm of a oneof, `-only_field` where one of several
switches is on, `.2` for a field that was added after the first golden.
"""

from __future__ import annotations

import importlib
import itertools
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from google.protobuf import json_format, message_factory
from google.protobuf.descriptor import FieldDescriptor

import aboveboard

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.protobuf.descriptor import Descriptor
    from google.protobuf.message import Message

FOLDER = Path(__file__).parent / "golden"
COMMAND = "python tests/contract/add_golden.py"


@dataclass(frozen=True)
class Golden:
    """One pair of files: the bytes of a message and the values they hold."""

    name: str
    data: bytes
    values: dict[str, Any]

    def decode(self, descriptor: Descriptor) -> Message:
        """Read the bytes as that message."""
        message = message_factory.GetMessageClass(descriptor)()
        message.ParseFromString(self.data)
        return message


def messages() -> dict[str, Descriptor]:
    """Return every message of the project's own protos by its full name, nested ones too."""
    found: dict[str, Descriptor] = {}
    for root in map(Path, aboveboard.__path__):
        for path in root.rglob("*_pb2.py"):
            name = ".".join(path.relative_to(root.parent).with_suffix("").parts)
            for message in importlib.import_module(name).DESCRIPTOR.message_types_by_name.values():
                found.update((nested.full_name, nested) for nested in _with_nested(message))
    return dict(sorted(found.items()))


def read(folder: Path = FOLDER) -> dict[str, list[Golden]]:
    """Return the goldens of each message, by its full name."""
    found: dict[str, list[Golden]] = {}
    for path in sorted(folder.glob("*.binpb")):
        name = path.name.removesuffix(".binpb")
        values = json.loads(path.with_name(f"{name}.json").read_text("utf-8"))
        found.setdefault(_message_name(name), []).append(Golden(name, path.read_bytes(), values))
    return found


def to_values(message: Message) -> dict[str, Any]:
    """Write a message as ProtoJSON values under the names that stand in the proto."""
    values: dict[str, Any] = json_format.MessageToDict(message, preserving_proto_field_name=True)
    return values


def untested(descriptor: Descriptor, goldens: list[Golden]) -> list[str]:
    """Name the fields that no golden of the message sets to a value other than its default."""
    return [field.name for field in descriptor.fields if not any(field.name in g.values for g in goldens)]


def confusable(descriptor: Descriptor, goldens: list[Golden]) -> list[tuple[str, str]]:
    """Name pairs of fields of one type that hold equal values in every golden.

    If two such fields changed places in the proto, nobody would notice.
    """
    return [
        (one.name, other.name)
        for one, other in itertools.combinations(descriptor.fields, 2)
        if wire_type(one) == wire_type(other)
        and all(golden.values.get(one.name) == golden.values.get(other.name) for golden in goldens)
    ]


def wire_type(field: FieldDescriptor) -> tuple[object, ...]:
    """Return what a field's bytes can be read as; fields that share it could change places unseen."""
    message = field.message_type.full_name if field.message_type else ""
    enum = field.enum_type.full_name if field.enum_type else ""
    return field.type, field.is_repeated, message, enum


def choices(descriptor: Descriptor) -> list[FieldDescriptor]:
    """Return the arms of the message's oneofs; a lone `optional` field is none."""
    return [field for field in descriptor.fields if is_choice(field)]


def is_choice(field: FieldDescriptor) -> bool:
    """Whether the field excludes others: an arm of a oneof that has several."""
    return field.containing_oneof is not None and len(field.containing_oneof.fields) > 1


def switches(descriptor: Descriptor) -> list[FieldDescriptor]:
    """Return the boolean fields of a message that has several, which all look alike when they are on."""
    found = [field for field in descriptor.fields if field.type == FieldDescriptor.TYPE_BOOL]
    return found if len(found) > 1 else []


def _with_nested(message: Descriptor) -> Iterator[Descriptor]:
    if message.GetOptions().map_entry:
        return
    yield message
    for nested in message.nested_types:
        yield from _with_nested(nested)


def _message_name(golden_name: str) -> str:
    name = golden_name.split("-", maxsplit=1)[0]
    head, _, tail = name.rpartition(".")
    return head if tail.isdigit() else name
