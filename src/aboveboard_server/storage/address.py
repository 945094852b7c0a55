"""Where a store is: the database URL, read."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from aboveboard_server.errors import StartupError


def sqlite_path(database: str) -> Path:
    """Return the file that a SQLite URL names; StartupError for any other URL."""
    url = database_url(database)
    if url.get_backend_name() != "sqlite":
        raise StartupError(f"--database: {url.get_backend_name()} is not supported yet; use sqlite:///FILE")
    if not url.database or url.database == ":memory:":
        raise StartupError("--database: a file is needed, as in sqlite:///aboveboard.db")
    return Path(url.database)


def database_url(database: str) -> URL:
    """Return the parsed URL; StartupError where it is none. Its password is never shown."""
    try:
        return make_url(database)
    except ArgumentError:
        raise StartupError("--database: not a database URL, as sqlite:///aboveboard.db is") from None
