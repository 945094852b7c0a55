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
from aboveboard_server.storage import partitions, source_ids
from aboveboard_server.storage.outdated import INDEX, MIGRATIONS, TABLE, missing, pending_revisions
from aboveboard_server.storage.unknown_tables import refuse_to_start

if TYPE_CHECKING:
    from sqlalchemy import Connection


def alembic_config(connection: Connection) -> Config:
    """Return Alembic's configuration, bound to a connection."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config


def migrate(connection: Connection) -> list[str]:
    """Add what is missing, and return a line for each thing that was done. Idempotent.

    In one transaction but for partitions: a database that it could not finish is as it was.
    """
    if connection.dialect.name != "postgresql":
        # The driver itself begins one only at the first row that is changed, after tables have been.
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        return _add_missing(connection)
    with partitions.only_one(connection, wait=True):
        return _add_missing(connection) + partitions.create_missing(connection)


def _add_missing(connection: Connection) -> list[str]:
    tables = import_all().tables
    done = [f"revision {revision}" for revision in pending_revisions(connection)]
    refuse_to_start(connection)
    alembic.command.upgrade(alembic_config(connection), "head")
    operations = Operations(MigrationContext.configure(connection))
    for lack in missing(connection):
        table = tables[lack.table]
        if lack.kind == TABLE:
            table.create(connection)
            if connection.dialect.name == "postgresql" and partitions.is_partitioned(table):
                partitions.create_default(connection, table)
        elif lack.kind == INDEX:
            next(index for index in table.indexes if index.name == lack.name).create(connection)
        else:
            # Rows that are there have no value for it, however strictly new events are held to it.
            column = sqlalchemy.Column(lack.name, table.columns[lack.name].type, nullable=True)
            operations.add_column(lack.table, column)
        done.append(str(lack))
    done += source_ids.advance(connection)
    connection.commit()
    return done
