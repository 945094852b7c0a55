"""Rows as PostgreSQL takes them fastest: binary COPY, by an encoder written for each table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aboveboard_server.schema.rows import in_rows
from aboveboard_server.storage.postgres_binary import RowWriter, local

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from sqlalchemy import Table

    from aboveboard_server.schema.rows import Value

    Encoder = Callable[[Sequence[Value], int, int], list[bytes]]

HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"

# Bytes before the first value: how many there are, and how long it is.
_KEY_START = 6

# `{first}` is the position of the key in a row of `{width}` values.
_ENCODER = """\
def encode(values, source_id, received_at):
    head = make_head(source_id, received_at)
    # All ids at once: a third of the cost of one after the other.
    keys = values[{first}::{width}]
    ids = bytes.fromhex(''.join(keys).replace('-', ''))
    if len(ids) != 16 * len(keys):
        raise ValueError('an event id is no UUID')
    done = []
    at = 0
    for {columns}, in in_rows(values, {width}):
        key = ids[at:at + 16]
        {lines}
        done.append({row})
        at += 16
    return done
"""


@dataclass(frozen=True, slots=True)
class TableCopy:
    """How rows of one table are copied. `encode` takes their values one after the other, and returns them.

    `writer` writes the Python that makes one of them.
    """

    name: str
    key: tuple[str, ...]
    encode: Encoder
    writer: RowWriter

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns in the order of an encoded row."""
        return self.writer.order

    @property
    def key_sizes(self) -> tuple[int, ...]:
        """The bytes of each column of the key."""
        return self.writer.key_sizes

    @property
    def into(self) -> str:
        """The statement that copies into the table itself."""
        return f"COPY {self.name} ({', '.join(self.columns)}) FROM STDIN (FORMAT binary)"

    @property
    def insert(self) -> str:
        """The statement that inserts one row, whose values are its parameters."""
        values = ", ".join(f"${number}" for number in range(1, len(self.columns) + 1))
        return f"INSERT INTO {self.name} ({', '.join(self.columns)}) VALUES ({values})"

    def of_source(self, rows: Iterable[bytes], source_id: int) -> list[bytes]:
        """Return encoded rows with another source's id in them."""
        # It comes right behind the key.
        sizes, source = self.key_sizes, self.writer.source
        start = _KEY_START + sum(sizes) + 4 * len(sizes)
        end = start + source.size
        packed = source.pack(source_id)
        return [row[:start] + packed + row[end:] for row in rows]

    def key_of(self, encoded: bytes) -> bytes:
        """Return the key of an encoded row: its values' bytes, without their lengths."""
        sizes = self.key_sizes
        if len(sizes) == 1:
            return encoded[_KEY_START : _KEY_START + sizes[0]]
        parts, start = [], _KEY_START
        for size in sizes:
            parts.append(encoded[start : start + size])
            start += size + 4
        return b"".join(parts)


def table_copy(
    table: Table, row_columns: Sequence[str], key: tuple[str, ...], repetitive: frozenset[str] = frozenset()
) -> TableCopy:
    """Return how to copy rows whose values are `row_columns`, after a source id and a time of receipt.

    `repetitive` names text columns that hold few different values.
    """
    writer = RowWriter(table, row_columns, key, repetitive)
    text = _ENCODER.format(
        first=row_columns.index(key[0]),
        width=len(row_columns),
        columns=", ".join(map(local, row_columns)),
        lines="\n        ".join(writer.lines),
        row=writer.row,
    )
    namespace: dict[str, Any] = {"in_rows": in_rows, "make_head": writer.head, **writer.names}
    # The text is made of the schema's column names alone.
    exec(text, namespace)  # noqa: S102  # generated code is the point: three times as fast
    return TableCopy(table.name, key, namespace["encode"], writer)
