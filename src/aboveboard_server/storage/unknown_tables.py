"""Tables of events that another version of the schema has made: this one cannot erase their rows.

A table is one of them where it has the column `source_id`, through which every event belongs to a Subject,
and this schema does not know it. Views, and tables of an operator's own without that column, are none. On
PostgreSQL only the schema that the service's own tables are made in counts; a partition counts as its table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from aboveboard_server.errors import StartupError, UnknownTableError
from aboveboard_server.schema import catalog
from aboveboard_server.schema.shape import SOURCE
from aboveboard_server.storage.ports import QUARANTINE

if TYPE_CHECKING:
    from sqlalchemy import Connection

# A virtual table has no page of its own; its columns cannot be read without its module.
_ON_SQLITE = text(
    "SELECT t.name FROM sqlite_schema AS t WHERE t.type = 'table' AND t.rootpage > 0"
    " AND EXISTS (SELECT 1 FROM pragma_table_info(t.name) WHERE lower(name) = 'source_id') ORDER BY t.name"
)
_ON_POSTGRESQL = text(
    "SELECT c.relname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace"
    " WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p') AND NOT c.relispartition"
    " AND EXISTS (SELECT 1 FROM pg_attribute AS a"
    "             WHERE a.attrelid = c.oid AND a.attname = 'source_id' AND NOT a.attisdropped)"
    " ORDER BY c.relname"
)


def known_tables() -> frozenset[str]:
    """Return the names of the tables that this schema reaches through `source_id`, `source` among them."""
    return frozenset({SOURCE, QUARANTINE, *(event.name for event in catalog.default().events)})


def tables_of_sources(connection: Connection) -> list[str]:
    """Return the names of all tables with a `source_id`, in order."""
    statement = _ON_POSTGRESQL if connection.dialect.name == "postgresql" else _ON_SQLITE
    return list(connection.scalars(statement))


def unknown_tables(connection: Connection) -> list[str]:
    """Return the names of the tables that this schema does not know, in order."""
    known = known_tables()
    return [name for name in tables_of_sources(connection) if name not in known]


def refuse_to_start(connection: Connection) -> None:
    """Raise StartupError naming the tables that this schema does not know, where there are any."""
    if unknown := unknown_tables(connection):
        raise StartupError(f"{described(unknown)}: {ADVICE}")


def refuse_to_erase(connection: Connection) -> None:
    """Raise UnknownTableError naming the tables that this schema does not know, where there are any."""
    if unknown := unknown_tables(connection):
        raise UnknownTableError(tuple(unknown))


ADVICE = "install the version whose schema has it; or, if its events are not wanted, drop it and start again"


def described(unknown: list[str]) -> str:
    """Return what is wrong, in words."""
    more = f" and {len(unknown) - 1} more" if unknown[1:] else ""
    return f"the database has a table of events that this schema does not know, {unknown[0]}{more}"
