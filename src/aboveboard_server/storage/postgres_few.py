"""A few rows in one transaction, by prepared statements that are all sent at once.

COPY waits to be let in, and is planned anew each time: a lone caller would wait for both. Prepared statements
take the very bytes that COPY takes.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from aboveboard_server.storage import postgres_sql as sql
from aboveboard_server.storage import postgres_wire as wire

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from psycopg.pq.abc import PGconn

    from aboveboard_server.storage.postgres_copy import TableCopy

# Rows up to which this costs less than COPY.
FEW = 12

_SIZE = struct.Struct(">i")
_BIGINT = struct.Struct(">q")


class FewRows:
    """Knows what the connection has prepared; `forget` when it is a new one."""

    def __init__(self, copies: Mapping[str, TableCopy]) -> None:
        self._statements = {
            "shared": sql.SHARED,
            # Nothing at all: what comes behind it came with the commit.
            "end": "",
            "same_epoch": sql.same_epoch("$1::bigint", "$2::bigint"),
            **{_insert(table): copy.insert for table, copy in copies.items()},
        }
        self._prepared: set[str] = set()

    def forget(self) -> None:
        """Forget what was prepared: the connection is a new one."""
        self._prepared.clear()

    async def store(
        self, connection: PGconn, moment: tuple[int, int], rows: Sequence[tuple[str, bytes]]
    ) -> None:
        """Insert encoded rows, each with its table, in their order, and commit.

        `moment` is the epoch and its incarnation, see `postgres_sql.begin`.
        """
        steps: list[wire.Step] = [
            ("shared", []),
            ("same_epoch", [_BIGINT.pack(number) for number in moment]),
            *((_insert(table), _values(row)) for table, row in rows),
            ("end", []),
        ]
        for name in {name for name, _ in steps} - self._prepared:
            await wire.prepare(connection, name, self._statements[name])
            self._prepared.add(name)
        await wire.run_prepared(connection, steps)


def _insert(table: str) -> str:
    return f"insert_{table}"


def _values(row: bytes) -> list[bytes | None]:
    """Return the values of a row that was encoded for COPY: how many there are, then each with its length."""
    values: list[bytes | None] = []
    add, size_at, at, end = values.append, _SIZE.unpack_from, 2, len(row)
    while at < end:
        (size,) = size_at(row, at)
        at += _SIZE.size
        if size < 0:
            add(None)
        else:
            add(row[at : at + size])
            at += size
    return values
