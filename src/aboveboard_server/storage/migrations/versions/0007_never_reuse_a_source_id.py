"""Have SQLite never give a source's id again: it did once the newest source was deleted.

The table is rebuilt with AUTOINCREMENT, within the one transaction of `migrate`, which then sets the next
id beyond all that rows hold. PostgreSQL's sequence never gave one twice.
"""

from __future__ import annotations

from alembic import op
from sqlalchemy import text

revision = "0007"
down_revision = "0006"

COLUMNS = text("SELECT name, type, \"notnull\", dflt_value FROM pragma_table_info('source') ORDER BY cid")
OTHERS = text(
    "SELECT sql FROM sqlite_schema WHERE tbl_name = 'source' AND type <> 'table' AND sql IS NOT NULL"
)


def upgrade() -> None:
    """Rebuild the table of sources on SQLite, with all its rows, columns, indexes and triggers."""
    connection = op.get_bind()
    if connection.dialect.name != "sqlite":
        return
    columns = connection.execute(COLUMNS).all()
    if not columns:
        # A new database: the table is made with what it needs.
        return
    others = connection.scalars(OTHERS).all()
    names = ", ".join(column.name for column in columns)
    parts = [_part(*column) for column in columns]
    # An operator's view may name the table; renaming would check it while there is none.
    connection.exec_driver_sql("PRAGMA legacy_alter_table = ON")
    connection.exec_driver_sql(f"CREATE TABLE source_0007 ({', '.join(parts)}, UNIQUE (fingerprint))")
    connection.exec_driver_sql(f"INSERT INTO source_0007 ({names}) SELECT {names} FROM source")
    connection.exec_driver_sql("DROP TABLE source")
    connection.exec_driver_sql("ALTER TABLE source_0007 RENAME TO source")
    connection.exec_driver_sql("PRAGMA legacy_alter_table = OFF")
    for statement in others:
        connection.exec_driver_sql(statement)


def _part(name: str, kind: str, required: int, default: str | None) -> str:
    if name == "source_id":
        return "source_id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT"
    return f"{name} {kind}{' NOT NULL' if required else ''}{'' if default is None else f' DEFAULT {default}'}"
