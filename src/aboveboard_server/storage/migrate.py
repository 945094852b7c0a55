"""Brings a database to the schema of this version, and tells whether it is there already.

Alembic owns the hand-written tables. The generated ones follow the protobuf schema, whose compatibility
gate admits only additions: tables, columns and indexes that are missing are added, and nothing is altered.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import alembic.command
import sqlalchemy
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from alembic.script.revision import RevisionError
from sqlmodel import SQLModel

from aboveboard_server.errors import StartupError
from aboveboard_server.schema.tables import import_all
from aboveboard_server.storage import partitions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Column, Connection, Index, Table

MIGRATIONS = Path(__file__).with_name("migrations")


def alembic_config(connection: Connection) -> Config:
    """Return Alembic's configuration, bound to a connection."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config


def migrate(connection: Connection) -> list[str]:
    """Add what is missing, and return a line for each thing that was done. Idempotent."""
    if connection.dialect.name != "postgresql":
        return _add_missing(connection)
    with partitions.only_one(connection, wait=True):
        return _add_missing(connection) + partitions.create_missing(connection)


def _add_missing(connection: Connection) -> list[str]:
    import_all()
    done = [f"revision {revision}" for revision in _pending_revisions(connection)]
    alembic.command.upgrade(alembic_config(connection), "head")
    operations = Operations(MigrationContext.configure(connection))
    for missing in _missing(connection):
        if isinstance(missing, sqlalchemy.Table):
            missing.create(connection)
            if connection.dialect.name == "postgresql" and partitions.is_partitioned(missing):
                partitions.create_default(connection, missing)
            done.append(f"table {missing.name}")
        elif isinstance(missing, sqlalchemy.Index):
            missing.create(connection)
            done.append(f"index {missing.name}")
        else:
            # Rows that are there have no value for it, however strictly new events are held to it.
            column = sqlalchemy.Column(missing.name, missing.type, nullable=True)
            operations.add_column(missing.table.name, column)
            done.append(f"column {missing.table.name}.{missing.name}")
    connection.commit()
    return done


def outdated(connection: Connection) -> list[str]:
    """Return what `migrate` would do, a line each; empty where the database is up to date."""
    import_all()
    revisions = [f"revision {revision}" for revision in _pending_revisions(connection)]
    return revisions + [f"{type(missing).__name__.lower()} {missing}" for missing in _missing(connection)]


def is_empty(connection: Connection) -> bool:
    """Whether the database holds no table at all: a new one, to be made without being asked."""
    return not sqlalchemy.inspect(connection).get_table_names()


def _pending_revisions(connection: Connection) -> list[str]:
    script = ScriptDirectory(str(MIGRATIONS))
    current = MigrationContext.configure(connection).get_current_revision()
    try:
        return [revision.revision for revision in script.iterate_revisions("head", current)][::-1]
    except RevisionError:
        raise StartupError(
            f"the database is of a newer version of Aboveboard (revision {current}); install that version"
        ) from None


def _missing(connection: Connection) -> Iterator[Table | Column[object] | Index]:
    inspector = sqlalchemy.inspect(connection)
    dialect = connection.dialect.name
    existing = set(inspector.get_table_names())
    for table in SQLModel.metadata.sorted_tables:
        if not table.info.get("generated", False):
            continue
        if table.name not in existing:
            yield table
            continue
        columns = {column["name"] for column in inspector.get_columns(table.name)}
        yield from (column for column in table.columns if column.name not in columns)
        indexes = {index["name"] for index in inspector.get_indexes(table.name)}
        yield from (
            index
            for index in sorted(table.indexes, key=str)
            if index.name not in indexes and index.info.get("dialect", dialect) == dialect
        )
