"""Messages of any type with a text of one's choice wherever one fits, derived from their descriptors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from google.protobuf import message_factory
from google.protobuf.descriptor import FieldDescriptor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from google.protobuf.descriptor import Descriptor
    from google.protobuf.message import Message

DEEPEST = 6
STRUCT = "google.protobuf.Struct"


def messages(descriptor: Descriptor, text: Callable[[], str]) -> Iterator[Message]:
    """Yield messages of a type that among them have a text in every field, those of each oneof too."""
    arms = max(_arms(descriptor, 0), 1)
    for arm in range(arms):
        message = message_factory.GetMessageClass(descriptor)()
        _fill(message, text, arm, 0)
        yield message


def _arms(descriptor: Descriptor, depth: int) -> int:
    """Return how many arms the largest oneof has that can be reached."""
    if depth > DEEPEST or descriptor.full_name == STRUCT:
        return 0
    own = max((len(oneof.fields) for oneof in descriptor.oneofs), default=0)
    return max([own, *(_arms(f.message_type, depth + 1) for f in descriptor.fields if f.message_type)])


def _fill(message: Any, text: Callable[[], str], arm: int, depth: int) -> None:
    for field in message.DESCRIPTOR.fields:
        oneof = field.containing_oneof
        if oneof is not None and oneof.fields[arm % len(oneof.fields)].name != field.name:
            continue
        if field.is_repeated:
            _fill_repeated(getattr(message, field.name), field, text, arm, depth)
        elif field.message_type:
            _fill_message(getattr(message, field.name), text, arm, depth)
        else:
            setattr(message, field.name, _value(field, text))


def _fill_message(message: Any, text: Callable[[], str], arm: int, depth: int) -> None:
    message.SetInParent()
    if message.DESCRIPTOR.full_name == STRUCT:
        message.update({text(): {text(): [text(), text()]}})
    elif depth < DEEPEST:
        _fill(message, text, arm, depth + 1)


def _fill_repeated(
    values: Any, field: FieldDescriptor, text: Callable[[], str], arm: int, depth: int
) -> None:
    if not field.message_type:
        values.append(_value(field, text))
    elif field.message_type.GetOptions().map_entry:
        raise AssertionError(f"{field.full_name}: a map has no text here yet")
    elif depth < DEEPEST:
        _fill_message(values.add(), text, arm, depth)


def _value(field: FieldDescriptor, text: Callable[[], str]) -> Any:
    if field.type == FieldDescriptor.TYPE_STRING:
        return text()
    if field.type == FieldDescriptor.TYPE_BYTES:
        return text().encode()
    # An enum, a number or a truth value: 1 is a value of each.
    return 1
