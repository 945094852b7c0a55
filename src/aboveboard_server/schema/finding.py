"""What a check of the schema finds: where, which rule, and the rule in words.

A rule is a small generator function. Its name is the rule's name, the first paragraph of its docstring is the
message, and it yields a detail, which may be empty, for each time the rule is broken.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from google.protobuf.descriptor import Descriptor, MethodDescriptor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from google.protobuf.descriptor import FieldDescriptor

Thing = TypeVar("Thing")


@dataclass(frozen=True, slots=True)
class Finding:
    """One broken rule: the file, the field, message or RPC, the rule's name, and the rule in words."""

    file: str
    name: str
    rule: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}: {self.name}: {self.message} [{self.rule}]"


def apply(
    rules: Iterable[Callable[[Thing], Iterator[str]]],
    thing: Thing,
    where: Descriptor | FieldDescriptor | MethodDescriptor,
) -> Iterator[Finding]:
    """Yield what the rules find in one thing; `where` is the descriptor to blame."""
    file = file_of(where)
    for rule in rules:
        for detail in rule(thing):
            yield Finding(file, where.full_name, rule_name(rule), message_of(rule, detail))


def file_of(where: Descriptor | FieldDescriptor | MethodDescriptor) -> str:
    """Return the path of the file that a message, a field or an RPC stands in."""
    if isinstance(where, MethodDescriptor):
        return str(where.containing_service.file.name)
    message = where if isinstance(where, Descriptor) else where.containing_type
    return message.file.name if message else "?"


def rule_name(rule: Callable[..., Any]) -> str:
    """Return the name under which a rule is told."""
    return rule.__name__.replace("_", "-")


def message_of(rule: Callable[..., Any], detail: str) -> str:
    """Return the rule in words, and the detail of this finding after it."""
    paragraph = (inspect.getdoc(rule) or rule_name(rule)).partition("\n\n")[0].replace("\n", " ")
    return f"{paragraph.removesuffix('.')}: {detail}" if detail else paragraph.removesuffix(".")
