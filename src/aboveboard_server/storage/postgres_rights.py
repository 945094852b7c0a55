"""The rights that a server's statements need of its role, besides those on tables and to make partitions."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import text

if TYPE_CHECKING:
    from sqlalchemy import Connection

# Events that came before are told from new ones in a temporary table. A sequence of a table that the role may
# not write to is of no use to it either: of tables, doctor tells.
_LACKING = text("""
SELECT format('TEMPORARY on the database %I', current_database()),
       format('GRANT TEMPORARY ON DATABASE %I TO %I', current_database(), current_user)
 WHERE NOT has_database_privilege(current_database(), 'TEMPORARY')
UNION ALL
SELECT format('USAGE on the sequence %I', s.relname),
       format('GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO %I', current_user)
  FROM pg_class s
  JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = s.oid AND d.deptype = 'a'
  JOIN pg_class t ON d.refclassid = 'pg_class'::regclass AND d.refobjid = t.oid
 WHERE s.relnamespace = 'public'::regnamespace
   AND has_table_privilege(t.oid, 'INSERT')
   -- Conditions come in any order, and this function refuses what is no sequence.
   AND CASE WHEN s.relkind = 'S' THEN NOT has_sequence_privilege(s.oid, 'USAGE') END
""")


class Lacking(NamedTuple):
    """A right that the role lacks, and the statement that grants it."""

    right: str
    grant: str


def lacking(connection: Connection) -> list[Lacking]:
    """Return the rights that the role of a connection lacks."""
    found = [Lacking(*row) for row in connection.execute(_LACKING)]
    connection.rollback()
    return found
