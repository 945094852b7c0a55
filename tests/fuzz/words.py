"""Words that a fuzzer would take long to guess, as libFuzzer's dictionary takes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from google.protobuf.descriptor import Descriptor


def json_names(message: Descriptor, seen: set[str] | None = None) -> Iterator[str]:
    """Yield the keys and enum values of a message and of those in it, as JSON writes them."""
    seen = set() if seen is None else seen
    if message.full_name in seen:
        return
    seen.add(message.full_name)
    for field in message.fields:
        yield f'"{field.json_name}":'
        if field.message_type:
            yield from json_names(field.message_type, seen)
        if field.enum_type:
            yield from (f'"{value.name}"' for value in field.enum_type.values)


def dictionary(words: Iterable[str]) -> str:
    """Return words as the text of a dictionary, each once."""
    lines = ("".join(f"\\x{byte:02x}" for byte in word.encode()) for word in dict.fromkeys(words))
    return "".join(f'"{line}"\n' for line in lines)
