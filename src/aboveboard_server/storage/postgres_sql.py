"""The statements that the PostgreSQL store runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aboveboard_server.storage.forbidden import changes_since
from aboveboard_server.storage.ports import QUARANTINE

if TYPE_CHECKING:
    from aboveboard_server.storage.postgres_copy import TableCopy

# Shared by every transaction that stores, exclusive to one that changes what may be stored.
INGEST_LOCK = 0x61626F76_0002

# In a statement of its own: the next one sees all that whoever had the lock has committed.
SHARED = f"SELECT pg_advisory_xact_lock_shared({INGEST_LOCK})"
EXCLUSIVE = f"SELECT pg_advisory_xact_lock({INGEST_LOCK})"
EPOCH = "SELECT epoch, incarnation FROM ingest_epoch"


def begin(epoch: int, incarnation: int) -> str:
    """Begin to store, as long as the epoch is the one that is known, and has not gone back meanwhile.

    A division by zero (22012) says that it is not, and keeps everything behind it in the script from
    happening, without a round trip to look.
    """
    return f"BEGIN;{SHARED};{same_epoch(str(epoch), str(incarnation))}"


def same_epoch(epoch: str, incarnation: str) -> str:
    """Fail where the epoch is another, or the same number after a fall, or missing; see `begin`."""
    return f"SELECT 1 / count(*) FROM ingest_epoch WHERE epoch = {epoch} AND incarnation = {incarnation}"


def staged(copy: TableCopy) -> str:
    """Copy into a table of this session's own, and from there whatever is not held yet; return its keys."""
    columns = ", ".join(copy.columns)
    key = " || ".join(f"{send}({name})" for name, send in zip(copy.key, _key_senders(copy), strict=True))
    return (
        f"CREATE TEMP TABLE IF NOT EXISTS staged_{copy.name} ON COMMIT DELETE ROWS"
        f" AS SELECT {columns} FROM {copy.name} WITH NO DATA;"
        f"COPY staged_{copy.name} ({columns}) FROM STDIN (FORMAT binary);"
        # In the order of the keys: two transactions that take locks in one order cannot block each other.
        f"INSERT INTO {copy.name} ({columns}) SELECT {columns} FROM staged_{copy.name}"
        f" ORDER BY {', '.join(copy.key)} ON CONFLICT DO NOTHING RETURNING encode({key}, 'hex')"
    )


def _key_senders(copy: TableCopy) -> list[str]:
    """Return the functions that make of each key column the bytes that COPY sends of it."""
    return ["uuid_send" if size == 16 else "int4send" for size in copy.key_sizes]  # noqa: PLR2004  # a UUID's


# A word in the write-ahead log that nobody reads, synced as every commit is.
PROBE = "SELECT pg_logical_emit_message(true, 'aboveboard', '')"
SIZE = "SELECT pg_database_size(current_database())"

PIN_KEYS = "INSERT INTO key_fingerprint (name, fingerprint) VALUES (%s, %s) ON CONFLICT DO NOTHING"
PINNED_KEYS = "SELECT name, fingerprint FROM key_fingerprint"

# Of these, the sources that no deletion is removing.
LIVING_SOURCES = "SELECT source_id FROM source WHERE source_id = ANY(%s) AND deletion_id IS NULL"
TAKE_QUARANTINED = (
    f"DELETE FROM {QUARANTINE} WHERE quarantined_event_id = ANY(%s) RETURNING quarantined_event_id"
)


def micros(expression: str) -> str:
    """Read a time or an interval as whole microseconds; PostgreSQL's extract is exact."""
    return f"(extract(epoch FROM {expression}) * 1000000)::bigint"


FORBIDDEN = changes_since("%s", micros("cut_off_at"))


def quarantined(where: str, order: str, extra: list[str]) -> str:
    """Read quarantined events with their sources, in a plain row each."""
    columns = [
        "quarantined_event_id",
        "event_field_number",
        "event_id::text",
        micros("received_at"),
        "reason",
        "length(envelope)",
        micros("occurred_at_corrected - occurred_at"),
        *extra,
    ]
    return (
        f"SELECT {', '.join(columns)} FROM {QUARANTINE} JOIN source USING (source_id)"
        f" WHERE {where} AND deletion_id IS NULL ORDER BY quarantined_event_id {order} LIMIT %s"
    )
