"""The encoders that are written for a table."""

from __future__ import annotations

import uuid

from sqlalchemy import BigInteger, Column, MetaData, Table, Text, Uuid

from aboveboard_server.storage.columns import UtcMicros
from aboveboard_server.storage.postgres_copy import table_copy

# Names that an encoder uses itself, or that Python has.
OWN = ("values", "done", "at", "ids", "keys", "length", "pack", "known", "uuid", "in_rows", "bytes", "len")
# As many of no such meaning.
PLAIN = tuple(f"column_{number}" for number in range(len(OWN)))


def encoded(names: tuple[str, ...]) -> list[bytes]:
    """Return two rows of a table that has columns of these names, texts and numbers by turns."""
    kinds = [(Text, BigInteger)[number % 2] for number in range(len(names))]
    table = Table(
        "event",
        MetaData(),
        Column("event_id", Uuid, primary_key=True),
        Column("source_id", BigInteger, nullable=False),
        Column("received_at", UtcMicros, nullable=False),
        *[
            Column(name, kind, nullable=number % 3 == 0)
            for number, (name, kind) in enumerate(zip(names, kinds, strict=True))
        ],
    )
    values = ["a" if kind is Text else 1 for kind in kinds]
    encode = table_copy(table, ("event_id", *names), ("event_id",), frozenset(names[:1])).encode
    return encode([str(uuid.UUID(int=1)), *values, str(uuid.UUID(int=2)), *values], 1, 0)


def test_a_field_may_have_any_name() -> None:
    """No name of an event's field gets in the way of those that its encoder uses."""
    assert encoded(OWN) == encoded(PLAIN)
