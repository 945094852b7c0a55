"""Names that SQL keeps for itself: fields and events become columns and tables, whose names nobody quotes."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from sqlalchemy.dialects.postgresql.base import PGIdentifierPreparer


def is_word_of_sql(name: str) -> bool:
    """Return whether PostgreSQL or SQLite takes a name of letters, digits and underscores for no column's."""
    if name in PGIdentifierPreparer.reserved_words:
        return True
    # Of SQLite's words most may be names as well; which, it knows best.
    with closing(sqlite3.connect(":memory:")) as database:
        try:
            database.execute(f"CREATE TABLE t ({name} TEXT)")
        except sqlite3.OperationalError:
            return True
    return False
