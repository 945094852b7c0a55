"""Makes a SQLite file ready: a new one gets its tables, an outdated one is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy
from sqlalchemy.exc import DatabaseError

from aboveboard_server.errors import StartupError
from aboveboard_server.storage.migrate import is_empty, migrate, outdated

if TYPE_CHECKING:
    from pathlib import Path


def prepare_sqlite(path: Path) -> None:
    """Create the tables of a new file; StartupError for an outdated one, with the command that helps."""
    engine = sqlalchemy.create_engine(f"sqlite:///{path}", poolclass=sqlalchemy.pool.NullPool)
    try:
        with engine.connect() as connection:
            if is_empty(connection):
                migrate(connection)
            elif missing := outdated(connection):
                raise StartupError(
                    f"{path} lacks {missing[0]}{' and more' if len(missing) > 1 else ''}; "
                    f"run: aboveboard migrate --database sqlite:///{path}"
                )
    except DatabaseError as error:
        raise StartupError(f"cannot open {path}: {error.orig}") from error


def migrate_sqlite(path: Path) -> list[str]:
    """Bring a file to this version's schema, and return what was done; the caller owns the file."""
    engine = sqlalchemy.create_engine(f"sqlite:///{path}", poolclass=sqlalchemy.pool.NullPool)
    try:
        with engine.connect() as connection:
            return migrate(connection)
    except DatabaseError as error:
        raise StartupError(f"cannot open {path}: {error.orig}") from error
