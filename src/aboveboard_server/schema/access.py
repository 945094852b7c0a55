"""Who may call which RPC: derived from the descriptors, never listed."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from google.protobuf import descriptor_pool

from aboveboard.schema.v1.annotations_pb2 import Access
from aboveboard_server.schema.policy import method_access

if TYPE_CHECKING:
    from collections.abc import Mapping

    from google.protobuf.descriptor import Descriptor

# Accesses have their names in the schema, without the prefix; every other one is a scope of admin keys.
INGEST = "INGEST"
# What a request that write keys let in holds itself, or its one message does.
KEY_FIELDS = frozenset({"source", "write_key"})


@cache
def access_of(name: str) -> str:
    """Return the access that the schema gives an RPC, by its full name, `package.Service.Method`.

    "" where it gives none, or has no such RPC.
    """
    try:
        method = descriptor_pool.Default().FindMethodByName(name)
    except KeyError:
        return ""
    return method_access(method)


@cache
def scopes() -> Mapping[str, Access.ValueType]:
    """Return the scopes that admin keys may have: their numbers by name, in order of the numbers."""
    numbers = {name.removeprefix("ACCESS_"): number for name, number in sorted(Access.items(), key=_number)}
    return {name: number for name, number in numbers.items() if number and name != INGEST}


def key_carrier(request: Descriptor) -> str | None:
    """Return the field of a request whose message holds source and write key, "" where it does so itself.

    None where neither does.
    """
    if KEY_FIELDS.issubset(request.fields_by_name):
        return ""
    carriers = [
        field.name
        for field in request.fields
        if field.message_type is not None and KEY_FIELDS.issubset(field.message_type.fields_by_name)
    ]
    return carriers[0] if len(carriers) == 1 else None


def _number(item: tuple[str, Access.ValueType]) -> int:
    return item[1]
