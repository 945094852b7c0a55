"""Tells whether a database is at the schema of this version. What brings it there is in `migrate`.

Every server asks at its start; so this does without Alembic, which would stay in its memory, and without the
generated tables.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import sqlalchemy

from aboveboard_server.errors import StartupError
from aboveboard_server.schema import catalog
from aboveboard_server.schema.shape import shapes
from aboveboard_server.storage import source_ids

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

MIGRATIONS = Path(__file__).with_name("migrations")


# What may be missing.
TABLE, COLUMN, INDEX = "table", "column", "index"


class Lack(NamedTuple):
    """A generated table that a database has not, or the column or index of one."""

    kind: str
    table: str
    name: str = ""

    def __str__(self) -> str:
        if self.kind == COLUMN:
            return f"{COLUMN} {self.table}.{self.name}"
        return f"{self.kind} {self.name or self.table}"


def outdated(connection: Connection) -> list[str]:
    """Return what `migrate` would do, a line each; empty where the database is up to date."""
    lacking = [f"revision {revision}" for revision in pending_revisions(connection)]
    lacking += [str(lack) for lack in missing(connection)]
    # Where nothing else is missing there is the table to look into.
    return lacking or ([source_ids.BEHIND] if source_ids.is_behind(connection) else [])


def is_empty(connection: Connection) -> bool:
    """Whether the database holds no table at all: a new one, to be made without being asked."""
    return not sqlalchemy.inspect(connection).get_table_names()


def revisions() -> list[str]:
    """Return every revision of the hand-written tables, in order: a file's name begins with its number."""
    return sorted(file.name.partition("_")[0] for file in (MIGRATIONS / "versions").glob("[0-9]*.py"))


def pending_revisions(connection: Connection) -> list[str]:
    """Return the revisions that a database lacks; StartupError where it has one that is not known."""
    current = None
    if sqlalchemy.inspect(connection).has_table("alembic_version"):
        current = connection.scalar(sqlalchemy.text("SELECT version_num FROM alembic_version"))
    known = revisions()
    if current is None:
        return known
    if current not in known:
        raise StartupError(
            f"the database is of a newer version of Aboveboard (revision {current}); install that version"
        )
    return known[known.index(current) + 1 :]


def missing(connection: Connection) -> Iterator[Lack]:
    """Yield what the database lacks of the generated tables."""
    inspector = sqlalchemy.inspect(connection)
    existing = set(inspector.get_table_names())
    for table, shape in shapes(catalog.default(), connection.dialect.name).items():
        if table not in existing:
            yield Lack(TABLE, table)
            continue
        columns = {column["name"] for column in inspector.get_columns(table)}
        yield from (Lack(COLUMN, table, name) for name in shape.columns if name not in columns)
        indexes = {index["name"] for index in inspector.get_indexes(table)}
        yield from (Lack(INDEX, table, name) for name in shape.indexes if name not in indexes)
