"""Rows as PostgreSQL takes them fastest: binary COPY, by an encoder written for each table.

COPY names its columns, so they may stand in any order: the key first, so that encoded rows sort by it, then
everything of a fixed size, which one `struct` packs at once.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Boolean, Float, Integer, LargeBinary, Text, Uuid

from aboveboard_server.schema.rows import in_rows
from aboveboard_server.storage.columns import JSON_OBJECT, UtcMicros, postgresql_type

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from sqlalchemy import Column, Table
    from sqlalchemy.types import TypeEngine

    from aboveboard_server.schema.rows import Value

    Encoder = Callable[[Sequence[Value], int, int], list[bytes]]

# Microseconds from 1970 to 2000, where PostgreSQL counts from.
POSTGRES_EPOCH = 946_684_800_000_000
HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"
NULL = b"\xff\xff\xff\xff"
HEAD = ("source_id", "received_at")
# Texts kept encoded, of columns that say the same few things over and over.
KEPT_TEXTS = 4_096

# Bytes before the first value: how many there are, and how long it is.
_KEY_START = 6


@dataclass(frozen=True, slots=True)
class _Kind:
    """How a type is written: its `struct` code and size, or how it becomes bytes; {v} is the value."""

    code: str = ""
    value: str = "{v}"

    @property
    def size(self) -> int:
        return struct.calcsize(">" + self.code)


_UUID = _Kind("16s", "uuid({v})")
_TEXT = _Kind(value="{v}.encode()")
_JSON = _Kind(value="b'\\1' + {v}.encode()")
_BYTES = _Kind()


def _kind(column_type: TypeEngine[Any]) -> _Kind:
    if isinstance(column_type, UtcMicros):
        return _Kind("q", f"{{v}} - {POSTGRES_EPOCH}")
    if column_type is JSON_OBJECT:
        return _JSON
    simple = {Uuid: _UUID, Text: _TEXT, LargeBinary: _BYTES, Boolean: _Kind("?"), Float: _Kind("d")}
    for known, kind in simple.items():
        if isinstance(column_type, known):
            return kind
    if isinstance(column_type, Integer):
        # BigInteger is an Integer too; SQLAlchemy alone knows which of PostgreSQL's it becomes.
        return _Kind("q" if postgresql_type(column_type) == "BIGINT" else "i")
    raise TypeError(f"no binary form is known of {column_type!r}")


@dataclass(frozen=True, slots=True)
class TableCopy:
    """How rows of one table are copied. `key_size` is how many bytes of an encoded row hold its key."""

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    key_sizes: tuple[int, ...]
    encode: Encoder
    source: struct.Struct

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
        start = _KEY_START + sum(self.key_sizes) + 4 * len(self.key_sizes)
        end = start + self.source.size
        packed = self.source.pack(source_id)
        return [row[:start] + packed + row[end:] for row in rows]

    def key_of(self, encoded: bytes) -> bytes:
        """Return the key of an encoded row: its values' bytes, without their lengths."""
        if len(self.key_sizes) == 1:
            return encoded[_KEY_START : _KEY_START + self.key_sizes[0]]
        parts, start = [], _KEY_START
        for size in self.key_sizes:
            parts.append(encoded[start : start + size])
            start += size + 4
        return b"".join(parts)


def table_copy(
    table: Table, row_columns: Sequence[str], key: tuple[str, ...], repetitive: frozenset[str] = frozenset()
) -> TableCopy:
    """Return how to copy rows whose values are `row_columns`, after a source id and a time of receipt.

    `repetitive` names text columns that hold few different values.
    """
    columns = {name: table.columns[name] for name in (*HEAD, *row_columns)}
    fixed = [name for name, column in columns.items() if _kind(column.type).code and not column.nullable]
    order = tuple(dict.fromkeys((*key, *HEAD, *fixed, *columns)))
    kinds = {name: _kind(column.type) for name, column in columns.items()}
    source = _Source(columns, kinds, tuple(row_columns), order, len(fixed), key[0])
    namespace: dict[str, Any] = {
        "NULL": NULL,
        "in_rows": in_rows,
        "length": _Lengths(),
        "uuid": _uuid,
        "pack": struct.Struct(">h" + "".join(f"i{kinds[name].code}" for name in order[: len(fixed)])).pack,
        "known": {name: _KnownTexts() for name in repetitive},
    }
    namespace |= {f"pack_{name}": struct.Struct(f">i{kinds[name].code}").pack for name in source.optional()}
    # The text is made of the schema's column names alone.
    exec(source.text(repetitive), namespace)  # noqa: S102  # generated code is the point: three times as fast
    return TableCopy(
        name=table.name,
        columns=order,
        key=key,
        key_sizes=tuple(kinds[name].size for name in key),
        encode=namespace["encode"],
        source=struct.Struct(">" + kinds[HEAD[0]].code),
    )


@dataclass(frozen=True, slots=True)
class _Source:
    """Writes the encoder of one table."""

    columns: Mapping[str, Column[Any]]
    kinds: Mapping[str, _Kind]
    row_columns: tuple[str, ...]
    order: tuple[str, ...]
    fixed: int
    key: str

    def optional(self) -> Iterator[str]:
        """Yield the columns of a fixed size that may be empty."""
        return (name for name in self.order[self.fixed :] if self.kinds[name].code)

    def text(self, repetitive: frozenset[str]) -> str:
        """Return the text of `encode(values, source_id, received_at)`, which returns one `bytes` a row.

        The values of the rows stand one after the other.
        """
        key, width = self.row_columns.index(self.key), len(self.row_columns)
        others = self.order[self.fixed :]
        lines = [
            "def encode(values, source_id, received_at):",
            f"    {_local('source_id')} = source_id",
            f"    {_local('received_at')} = {self.kinds['received_at'].value.format(v='received_at')}",
            # All ids at once: a third of the cost of one after the other.
            f"    keys = values[{key}::{width}]",
            "    ids = bytes.fromhex(''.join(keys).replace('-', ''))",
            "    if len(ids) != 16 * len(keys):",
            "        raise ValueError('an event id is no UUID')",
            *(f"    known_{name} = known[{name!r}]" for name in self.order if name in repetitive),
            "    done = []",
            "    at = 0",
            f"    for {', '.join(map(_local, self.row_columns))}, in in_rows(values, {width}):",
            *(line for name in others for line in self._piece(name, repetitive)),
            f"        done.append({' + '.join([self._packed(), *map(_local, others)])})",
            "        at += 16",
            "    return done",
        ]
        return "\n".join(lines)

    def _packed(self) -> str:
        values = []
        for name in self.order[: self.fixed]:
            kind = self.kinds[name]
            value = "ids[at:at + 16]" if name == self.key else kind.value.format(v=_local(name))
            values += [str(kind.size), _local(name) if name in HEAD else value]
        return f"pack({len(self.order)}, {', '.join(values)})"

    def _piece(self, name: str, repetitive: frozenset[str]) -> Iterator[str]:
        kind, held = self.kinds[name], _local(name)
        if name in repetitive:
            yield f"        {held} = known_{name}[{held}]"
            return
        value = kind.value.format(v=held)
        if self.columns[name].nullable:
            yield f"        if {held} is None: {held} = NULL"
            yield "        else:"
            indent = " " * 12
        else:
            indent = " " * 8
        if kind.code:
            yield f"{indent}{held} = pack_{name}({kind.size}, {value})"
        else:
            yield f"{indent}{held} = {value}"
            yield f"{indent}{held} = length[len({held})] + {held}"


def _local(column: str) -> str:
    # No name of the schema ends so, so none hides a name of the encoder's own, such as `done` or `len`.
    return f"{column}_"


class _Lengths(dict[int, bytes]):
    """The length that goes before a value of so many bytes."""

    def __missing__(self, size: int) -> bytes:
        packed = self[size] = struct.pack(">i", size)
        return packed


class _KnownTexts(dict[str | None, bytes]):
    """Texts with their length before them, kept as long as they are few."""

    def __missing__(self, text: str | None) -> bytes:
        if len(self) >= KEPT_TEXTS:
            self.clear()
        data = None if text is None else text.encode()
        encoded = self[text] = NULL if data is None else struct.pack(">i", len(data)) + data
        return encoded


def _uuid(text: str) -> bytes:
    data = bytes.fromhex(text.replace("-", ""))
    if len(data) != 16:  # noqa: PLR2004  # the size of a UUID
        raise ValueError("no UUID")
    return data
