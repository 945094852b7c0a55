"""Brings a database to the schema of this version.

Alembic owns the hand-written tables. The generated ones follow the protobuf schema, whose compatibility
gate admits only additions: tables, columns and indexes that are missing are added, and nothing is altered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import alembic.command
import sqlalchemy
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.operations import Operations

from aboveboard_server.schema.tables import import_all
from aboveboard_server.storage import partitions
from aboveboard_server.storage.outdated import MIGRATIONS, missing, pending_revisions

if TYPE_CHECKING:
    from sqlalchemy import Connection


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
    done = [f"revision {revision}" for revision in pending_revisions(connection)]
    alembic.command.upgrade(alembic_config(connection), "head")
    operations = Operations(MigrationContext.configure(connection))
    for lacking in missing(connection):
        if isinstance(lacking, sqlalchemy.Table):
            lacking.create(connection)
            if connection.dialect.name == "postgresql" and partitions.is_partitioned(lacking):
                partitions.create_default(connection, lacking)
            done.append(f"table {lacking.name}")
        elif isinstance(lacking, sqlalchemy.Index):
            lacking.create(connection)
            done.append(f"index {lacking.name}")
        else:
            # Rows that are there have no value for it, however strictly new events are held to it.
            column = sqlalchemy.Column(lacking.name, lacking.type, nullable=True)
            operations.add_column(lacking.table.name, column)
            done.append(f"column {lacking.table.name}.{lacking.name}")
    connection.commit()
    return done
