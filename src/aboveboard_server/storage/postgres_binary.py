"""PostgreSQL's binary form of a row: the Python that writes it, made for each table.

Columns may stand in any order: the key first, so that encoded rows sort by it, then what is the same for a
whole request, then everything of a fixed size, which one `struct` packs at once.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sqlalchemy import Boolean, Float, Integer, LargeBinary, Text, Uuid

from aboveboard_server.storage.columns import JSON_OBJECT, UtcMicros, postgresql_type

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from sqlalchemy import Column, Table
    from sqlalchemy.types import TypeEngine

# Microseconds from 1970 to 2000, where PostgreSQL counts from.
POSTGRES_EPOCH = 946_684_800_000_000
NULL = b"\xff\xff\xff\xff"
# What is the same for all rows of a request, in `head`.
HEAD = ("source_id", "received_at")
# Texts kept encoded, of columns that say the same few things over and over.
KEPT_TEXTS = 4_096


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


class RowWriter:
    """Writes the Python that makes one row of a table: `lines`, then the expression `row`.

    It takes the values from local names, see `local`, the first of the key from the local `key` as bytes, and
    the head from the local `head`, as `head` returns it. It uses `names`.
    """

    def __init__(
        self, table: Table, row_columns: Sequence[str], key: Sequence[str], repetitive: frozenset[str]
    ) -> None:
        columns = {name: table.columns[name] for name in (*HEAD, *row_columns)}
        self._columns: Mapping[str, Column[Any]] = columns
        self._kinds = {name: _kind(column.type) for name, column in columns.items()}
        self._key = tuple(key)
        self._repetitive = repetitive
        fixed = [name for name, column in columns.items() if self._kinds[name].code and not column.nullable]
        # The columns in the order of a row: those of a fixed size, then the others.
        self._fixed = tuple(dict.fromkeys((*key, *HEAD, *fixed)))
        self._others = tuple(name for name in columns if name not in self._fixed)
        self.order = (*self._fixed, *self._others)
        self.key_sizes = tuple(self._kinds[name].size for name in key)
        self.source = struct.Struct(">" + self._kinds[HEAD[0]].code)

    @cached_property
    def names(self) -> dict[str, object]:
        """What the Python uses; its texts are kept from one row to the next."""
        first, *keys = self._key
        rest = self._fixed[len(self._key) + len(HEAD) :]
        # How many values there are and the length of the first come before it, in `start`.
        layout = f">6s{self._kinds[first].code}{self._codes(keys)}{self._head.size}s{self._codes(rest)}"
        optional = [name for name in self._others if self._kinds[name].code]
        return {
            "NULL": NULL,
            "start": struct.pack(">hi", len(self.order), self._kinds[first].size),
            "pack": struct.Struct(layout).pack,
            "length": _Lengths(),
            "uuid": _uuid,
            **{f"known_{name}": _KnownTexts() for name in self._repetitive},
            **{f"pack_{name}": struct.Struct(f">i{self._kinds[name].code}").pack for name in optional},
        }

    @property
    def lines(self) -> Iterator[str]:
        """The statements that turn each value without a fixed size into its bytes, its length before it."""
        for name in self._others:
            yield from self._piece(name)

    @property
    def row(self) -> str:
        """The expression of the row's bytes, once `lines` are done."""
        keys, rest = self._fixed[1 : len(self._key)], self._fixed[len(self._key) + len(HEAD) :]
        values = ["start", "key", *map(self._sized, keys), "head", *map(self._sized, rest)]
        return " + ".join([f"pack({', '.join(values)})", *map(local, self._others)])

    @property
    def head(self) -> Callable[[int, int], bytes]:
        """What returns the bytes of a source's id and a time of receipt in µs since 1970."""
        source_size, received_size = (self._kinds[name].size for name in HEAD)
        pack = self._head.pack
        return lambda source_id, received_at: pack(
            source_size, source_id, received_size, received_at - POSTGRES_EPOCH
        )

    @property
    def _head(self) -> struct.Struct:
        return struct.Struct(">" + self._codes(HEAD))

    def _codes(self, names: Iterable[str]) -> str:
        return "".join(f"i{self._kinds[name].code}" for name in names)

    def _sized(self, name: str) -> str:
        kind = self._kinds[name]
        return f"{kind.size}, {kind.value.format(v=local(name))}"

    def _piece(self, name: str) -> Iterator[str]:
        kind, held = self._kinds[name], local(name)
        if name in self._repetitive:
            yield f"{held} = known_{name}[{held}]"
            return
        indent = ""
        if self._columns[name].nullable:
            yield f"if {held} is None: {held} = NULL"
            yield "else:"
            indent = "    "
        if kind.code:
            yield f"{indent}{held} = pack_{name}({self._sized(name)})"
        else:
            yield f"{indent}{held} = {kind.value.format(v=held)}"
            yield f"{indent}{held} = length[len({held})] + {held}"


def local(column: str) -> str:
    """Return the local name that holds a column's value."""
    # No name of the schema ends so, so none hides a name that the Python uses itself.
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
