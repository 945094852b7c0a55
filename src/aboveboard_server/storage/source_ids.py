"""The ids of sources: none is given twice, or rows that a deleted subject left would be another's.

SQLite's AUTOINCREMENT and PostgreSQL's sequence keep the last id, whatever is deleted. A database whose rows
were copied into it without them, such as by logical replication, is behind; `migrate` advances it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from aboveboard_server.schema.shape import SOURCE
from aboveboard_server.storage.unknown_tables import known_tables, tables_of_sources

if TYPE_CHECKING:
    from sqlalchemy import Connection

BEHIND = "a number for new sources beyond those that are there"

# NULL where this role may not know: then it may not make sources either.
_LAST_ON_POSTGRESQL = text(
    "SELECT CASE WHEN has_sequence_privilege(name, 'USAGE, SELECT')"
    " THEN coalesce(pg_sequence_last_value(name::regclass), 0) END"
    f" FROM pg_get_serial_sequence('{SOURCE}', 'source_id') AS name"
)
_LAST_ON_SQLITE = text(f"SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = '{SOURCE}'")
# Neither goes back behind an id that was given meanwhile, or that was kept free.
_ADVANCE_ON_POSTGRESQL = text(
    f"SELECT setval(pg_get_serial_sequence('{SOURCE}', 'source_id'),"
    f" greatest(:largest, nextval(pg_get_serial_sequence('{SOURCE}', 'source_id'))))"
)
_ADVANCE_ON_SQLITE = (
    text(f"DELETE FROM sqlite_sequence WHERE name = '{SOURCE}'"),
    text(f"INSERT INTO sqlite_sequence (name, seq) VALUES ('{SOURCE}', :largest)"),
)


def is_behind(connection: Connection) -> bool:
    """Return whether the next source could get an id that a row holds already; `source` exists."""
    # The rows first: an id that is given meanwhile is remembered before its row is there.
    largest = _largest(connection)
    last = _LAST_ON_POSTGRESQL if connection.dialect.name == "postgresql" else _LAST_ON_SQLITE
    remembered = connection.scalar(last)
    return remembered is not None and remembered < largest


def advance(connection: Connection) -> list[str]:
    """Have no id given again that a row holds; return a line where that took anything."""
    if not is_behind(connection):
        return []
    if connection.dialect.name == "postgresql":
        # No source is made meanwhile.
        connection.execute(text(f"LOCK TABLE {SOURCE} IN SHARE ROW EXCLUSIVE MODE"))
        connection.execute(_ADVANCE_ON_POSTGRESQL, {"largest": _largest(connection)})
    else:
        forget, remember = _ADVANCE_ON_SQLITE
        connection.execute(forget)
        connection.execute(remember, {"largest": _largest(connection)})
    return [BEHIND]


def _largest(connection: Connection) -> int:
    """Return the largest id that any row holds, its source gone or not; 0 where there is none."""
    known = known_tables()
    names = [name for name in tables_of_sources(connection) if name in known]
    each = " UNION ALL ".join(f"SELECT max(source_id) AS id FROM {name}" for name in names)
    return connection.scalar(text(f"SELECT coalesce(max(id), 0) FROM ({each}) AS found")) or 0
