"""Run by Alembic: migrates the hand-written tables over the connection that `storage.migrate` made."""

from __future__ import annotations

from typing import Any

from alembic import context
from sqlalchemy import text
from sqlmodel import SQLModel

from aboveboard_server.schema.tables import import_all
from aboveboard_server.storage import tables  # noqa: F401  # its import makes the tables known
from aboveboard_server.storage.partitions import PARTITIONS

import_all()
connection = context.config.attributes["connection"]
partitions = set(connection.scalars(text(PARTITIONS))) if connection.dialect.name == "postgresql" else set()


def is_hand_written(item: Any, _name: str | None, kind: str, _reflected: bool, _compared: Any) -> bool:  # noqa: FBT001  # Alembic's call
    """Whether Alembic owns a table: the generated ones follow the schema instead, see `storage.migrate`."""
    table = item if kind == "table" else item.table
    if table.name in partitions:
        return False
    known = SQLModel.metadata.tables.get(table.name)
    return known is None or not known.info.get("generated", False)


context.configure(
    connection=connection,
    target_metadata=SQLModel.metadata,
    include_object=is_hand_written,
    # SQLite alters tables by copying them.
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
