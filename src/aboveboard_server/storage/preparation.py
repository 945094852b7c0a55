"""Makes a database ready to serve from: a new file gets its tables, what is outdated is refused.

A PostgreSQL database is somebody's: it is changed only by `aboveboard migrate`, never by serving from it.
"""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import sqlalchemy
from sqlalchemy.exc import DatabaseError

from aboveboard_server.errors import StartupError
from aboveboard_server.storage import postgres_rights
from aboveboard_server.storage.address import libpq_parameters, without_password
from aboveboard_server.storage.outdated import is_empty, outdated, pending_revisions
from aboveboard_server.storage.unknown_tables import refuse_to_start

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import psycopg
    from sqlalchemy import URL, Connection

# Statements that change the schema of a large database, or read all of it, take as long as they take.
NO_LIMIT = 0

# The schema of a table that every version has made, where it is not ours.
_ELSEWHERE = (
    "SELECT nspname FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace"
    " WHERE relname = 'ingest_epoch' AND relkind = 'r' AND nspname <> 'public' ORDER BY nspname LIMIT 1"
)


def prepare_sqlite(path: Path) -> None:
    """Create the tables of a new file; StartupError for an outdated one, with the command that helps."""
    with suppress(OSError):
        # Nobody else's to read; what SQLite puts beside it gets the same mode. It tells itself what is wrong.
        os.close(os.open(path, os.O_CREAT | os.O_CLOEXEC, 0o600))
    engine = sqlalchemy.create_engine(f"sqlite:///{path}", poolclass=sqlalchemy.pool.NullPool)
    try:
        with engine.connect() as connection:
            if is_empty(connection):
                _migrate(connection)
            elif missing := _missing(connection):
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
            return _migrate(connection)
    except DatabaseError as error:
        raise StartupError(f"cannot open {path}: {error.orig}") from error


def prepare_postgres(url: URL) -> None:
    """Refuse an empty or outdated database with StartupError, which names the command that helps."""
    with postgres_connection(url, checked=True) as connection:
        _refuse_another_schema(connection)
        missing = ["every table"] if is_empty(connection) else _missing(connection)
        if missing:
            raise StartupError(
                f"the database lacks {missing[0]}{' and more' if len(missing) > 1 else ''}; "
                f"run: aboveboard migrate --database '{without_password(url)}'"
            )
        if lacking := postgres_rights.lacking(connection):
            raise StartupError(f"the server's role lacks {lacking[0].right}; run: {lacking[0].grant}")


def migrate_postgres(url: URL) -> list[str]:
    """Bring a database to this version's schema, and return what was done."""
    with postgres_connection(url, checked=True) as connection:
        _refuse_another_schema(connection)
        return _migrate(connection)


def _refuse_another_schema(connection: Connection) -> None:
    """Raise StartupError where an earlier version has made its tables in another schema than public.

    It went by the search path of its role. A second set of tables would leave the first one unseen by every
    deletion.
    """
    if not is_empty(connection):
        return
    elsewhere = connection.scalar(sqlalchemy.text(_ELSEWHERE))
    connection.rollback()
    if elsewhere is not None:
        raise StartupError(
            f"the tables of this database are in the schema {elsewhere}, and this version looks in public: "
            f'move each of them, as by ALTER TABLE "{elsewhere}".source SET SCHEMA public'
        )


@contextmanager
def postgres_connection(
    url: URL, *, checked: bool = False, opened: Callable[[psycopg.Connection[Any]], None] | None = None
) -> Iterator[Connection]:
    """Lend a connection whose statements have no time limit; StartupError where the database fails.

    With `checked` the engine is looked at before. `opened` is given the driver's own connection.
    """
    # Late: SQLite needs no driver of PostgreSQL.
    from aboveboard_server.storage.postgres_connect import connect  # noqa: PLC0415
    from aboveboard_server.storage.postgres_engine import check_engine  # noqa: PLC0415

    parameters = libpq_parameters(url)

    def connected() -> psycopg.Connection[Any]:
        if checked:
            check_engine(parameters)
        connection = connect(parameters, NO_LIMIT)
        if opened is not None:
            opened(connection)
        return connection

    engine = sqlalchemy.create_engine(
        "postgresql+psycopg://", poolclass=sqlalchemy.pool.NullPool, creator=connected
    )
    try:
        with engine.connect() as connection:
            yield connection
    except DatabaseError as error:
        raise StartupError(f"cannot use the database: {first_line(error)}") from error


def first_line(error: DatabaseError) -> str:
    """Return what a driver says in its first line; what follows may name the statement and its values."""
    return (str(error.orig).strip().splitlines() or [type(error.orig).__name__])[0]


def _missing(connection: Connection) -> list[str]:
    """Return what the database lacks; StartupError where `migrate` would refuse it too."""
    # A newer version's number says more than the name of a table of its.
    pending_revisions(connection)
    refuse_to_start(connection)
    return outdated(connection)


def _migrate(connection: Connection) -> list[str]:
    # Late: Alembic would take 8 MiB in every server that has nothing to migrate.
    from aboveboard_server.storage.migrate import migrate  # noqa: PLC0415

    return migrate(connection)
