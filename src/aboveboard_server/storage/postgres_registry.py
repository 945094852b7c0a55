"""The source and registry rows on PostgreSQL: those of a whole commit in one statement for each table.

Rows are written table by table and in the order of their keys, as every other server does it: two that
write the same rows wait for each other, and never in a circle.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aboveboard_server.storage.columns import from_micros, postgresql_type
from aboveboard_server.storage.registry import REGISTRY, SeenCache, on_conflict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import MetaData, Table

    from aboveboard_server.schema.rows import Row
    from aboveboard_server.storage.ports import EventBatch, SourceRecord
    from aboveboard_server.storage.postgres_link import Connection

SEEN = ("first_seen_at", "last_seen_at")


class PostgresRegistry:
    """Gives the integer ids of sources, and creates or touches their rows when that is due."""

    def __init__(self, metadata: MetaData, source_columns: tuple[str, ...]) -> None:
        self.seen = SeenCache()
        self._columns = source_columns
        self._source_names = ("fingerprint", "origin", *SEEN, *source_columns)
        source = metadata.tables["source"]
        self._upsert_source = (
            _insert(source, self._source_names, ("fingerprint",), ()) + " RETURNING fingerprint, source_id"
        )
        self._registry = {
            table: (keys, others, _insert(metadata.tables[table], (*SEEN, *keys, *others), keys, others))
            for tables in REGISTRY.values()
            for table, (keys, others) in sorted(tables.items())
        }

    def due(self, batches: Iterable[EventBatch]) -> list[EventBatch]:
        """Return a batch of each source whose rows must be made or touched."""
        found = {batch.source.fingerprint: batch for batch in batches if self.known_id(batch) is None}
        return [found[fingerprint] for fingerprint in sorted(found)]

    def known_id(self, batch: EventBatch) -> int | None:
        """Return the id of a batch's source, None where its rows are due."""
        return self.seen.row_id(batch.source.fingerprint, batch.received_at)

    def source_id(self, batch: EventBatch) -> int:
        """Return the id of a batch's source, whose rows are not due."""
        found = self.known_id(batch)
        if found is None:
            raise LookupError("the source's rows were not touched first")
        return found

    async def touch(self, connection: Connection, due: Sequence[EventBatch]) -> None:
        """Create or touch the rows of what is `due`, within the transaction that is open."""
        rows: list[Row] = [
            (batch.source.fingerprint, batch.source.origin, *_seen(batch.received_at), *batch.source.values)
            for batch in due
        ]
        received_at = {batch.source.fingerprint: batch.received_at for batch in due}
        cursor = await connection.execute(self._upsert_source, _by_column(rows))
        for fingerprint, source_id in await cursor.fetchall():
            self.seen.learn(fingerprint, source_id, received_at[fingerprint])
        for table, (keys, others, statement) in self._registry.items():
            touched = self._touched(table, (*keys, *others), len(keys), due)
            if touched:
                await connection.execute(statement, _by_column(touched))

    def _touched(self, table: str, names: tuple[str, ...], keys: int, due: Sequence[EventBatch]) -> list[Row]:
        """Return the rows of one registry table, one for each key in the keys' order."""
        found: dict[Row, tuple[int, Row]] = {}
        for batch in due:
            if table not in REGISTRY[batch.source.origin]:
                continue
            values = self._values(batch.source, names)
            if self.seen.row_id((table, values), batch.received_at) is not None:
                continue
            key = values[:keys]
            seen, others = found.get(key, (0, ()))
            # A name that one source leaves out does not wipe out what another says.
            merged = tuple(
                new or old for new, old in zip(values[keys:], others or values[keys:], strict=True)
            )
            found[key] = (max(seen, batch.received_at), merged)
            self.seen.learn((table, values), 0, batch.received_at)
        return [(*_seen(at), *key, *others) for key, (at, others) in sorted(found.items())]

    def _values(self, source: SourceRecord, names: Sequence[str]) -> Row:
        values: Mapping[str, Any] = dict(zip(self._columns, source.values, strict=True))
        return tuple(values[name] for name in names)


def _insert(table: Table, names: Sequence[str], keys: tuple[str, ...], others: tuple[str, ...]) -> str:
    """Return the statement that inserts or touches rows, given as one array for each column."""
    types = [postgresql_type(table.columns[name].type) for name in names]
    arrays = ", ".join(f"%s::{name}[]" for name in types)
    return (
        f"INSERT INTO {table.name} ({', '.join(names)}) SELECT * FROM unnest({arrays})"
        f"{on_conflict(table.name, keys, others, 'greatest')}"
    )


def _seen(received_at: int) -> tuple[Any, Any]:
    moment = from_micros(received_at)
    return moment, moment


def _by_column(rows: Sequence[Row]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]
