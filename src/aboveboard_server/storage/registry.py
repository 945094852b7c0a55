"""Who was seen: the `source` row of a batch, and the company, deployment or server it belongs to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aboveboard_server.byte_cache import MIB, ByteCache, declare

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Hashable

    from aboveboard_server.schema.rows import Value
    from aboveboard_server.storage.ports import SourceRecord

# A source's last-seen time is written again only when it is older than this, in µs: a busy source would
# otherwise cost an update with every commit.
LAST_SEEN_RESOLUTION = 60_000_000
# Sources held in memory with the ids of their rows: some 80,000 on SQLite. On PostgreSQL their companies and
# deployments as well, of which some 40,000 of the usual size and 10,000 of the largest are held.
BOUND = declare("sources, companies and deployments seen of late", 32 * MIB)

# The registry tables of each origin, and the columns that are filled from the source: the key's first.
REGISTRY: dict[str, dict[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "server": {"server": (("server_uuid",), ())},
    "deployment": {
        "company": (("company_id",), ("company_name",)),
        "deployment": (("company_id", "deployment_id"), ("deployment_name",)),
    },
}


class SeenCache:
    """What was seen of late, by a key, with its row's id: what needs no write now.

    What a transaction learns counts within it, and is kept once it was committed.
    """

    def __init__(self) -> None:
        self._known: ByteCache[Hashable, tuple[int, int]] = ByteCache(BOUND)
        self._uncommitted: dict[Hashable, tuple[int, int]] = {}

    def row_id(self, key: Hashable, received_at: int) -> int | None:
        """Return the id of a row that need not be touched at `received_at`, None where it must be."""
        known = self._uncommitted.get(key) or self._known[key]
        return known[0] if known is not None and received_at - known[1] < LAST_SEEN_RESOLUTION else None

    def learn(self, key: Hashable, row_id: int, received_at: int) -> None:
        """Take in what this transaction has written."""
        self._uncommitted[key] = (row_id, received_at)

    def keep_committed(self) -> None:
        """Remember what the transaction learned: it was committed."""
        for key, seen in self._uncommitted.items():
            self._known.remember(key, seen)
        self._uncommitted.clear()

    def forget_uncommitted(self) -> None:
        """Forget what the transaction learned: it was rolled back."""
        self._uncommitted.clear()

    def forget(self) -> None:
        """Forget everything: someone else may have removed rows."""
        self._known.forget_all()
        self._uncommitted.clear()


class SourceRegistry:
    """Gives the integer id of a source, and creates or touches its rows when that is due.

    Lives inside the writer and its transactions: what a rolled-back transaction learned is forgotten.
    """

    def __init__(self, db: sqlite3.Connection, source_columns: tuple[str, ...]) -> None:
        self._db = db
        self._columns = source_columns
        self._seen = SeenCache()
        self.keep_committed = self._seen.keep_committed
        self.forget_uncommitted = self._seen.forget_uncommitted
        self.forget = self._seen.forget
        names = ("fingerprint", "origin", "first_seen_at", "last_seen_at", *source_columns)
        self._upsert_source = (
            f"INSERT INTO source ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"
            f"{on_conflict('source', ('fingerprint',), (), 'max')} RETURNING source_id"
        )
        self._upserts = {
            origin: [
                (_upsert(table, *columns), [*columns[0], *columns[1]]) for table, columns in tables.items()
            ]
            for origin, tables in REGISTRY.items()
        }

    def source_id(self, source: SourceRecord, received_at: int) -> int:
        """Return the id of the source's row, made or touched at `received_at` (µs since 1970)."""
        key = source.fingerprint
        known = self._seen.row_id(key, received_at)
        if known is not None:
            return known
        row = self._db.execute(
            self._upsert_source, (key, source.origin, received_at, received_at, *source.values)
        ).fetchone()
        values: dict[str, Value] = dict(zip(self._columns, source.values, strict=True))
        for statement, names in self._upserts[source.origin]:
            self._db.execute(statement, (received_at, received_at, *[values[name] for name in names]))
        self._seen.learn(key, row[0], received_at)
        return int(row[0])


def on_conflict(table: str, keys: tuple[str, ...], others: tuple[str, ...], latest: str) -> str:
    """Return what an INSERT does to a row that is there; `latest` is the dialect's greatest of two."""
    # A name that is left out does not wipe out the one that is known.
    updates = [f"{name} = coalesce(excluded.{name}, {table}.{name})" for name in others]
    updates.append(f"last_seen_at = {latest}({table}.last_seen_at, excluded.last_seen_at)")
    return f" ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {', '.join(updates)}"


def _upsert(table: str, keys: tuple[str, ...], others: tuple[str, ...]) -> str:
    names = ("first_seen_at", "last_seen_at", *keys, *others)
    return (
        f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"
        f"{on_conflict(table, keys, others, 'max')}"
    )
