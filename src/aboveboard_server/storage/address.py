"""Where a store is: the database URL, read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from aboveboard_server.errors import StartupError

# A host that is gone without a word must not hold anyone up; the database's URL may say otherwise.
CONNECTION = {
    "connect_timeout": 3,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
    # Of several hosts, the one that is no standby; whether a session may write, our settings say.
    "target_session_attrs": "primary",
    "client_encoding": "UTF8",
    "application_name": "aboveboard",
}


def database_url(database: str) -> URL:
    """Return the parsed URL of a SQLite or PostgreSQL database; StartupError where it is none.

    Its password is never shown.
    """
    try:
        url = make_url(database)
    except (ArgumentError, ValueError):
        raise StartupError("--database: not a database URL, as sqlite:///aboveboard.db is") from None
    if url.get_backend_name() not in {"sqlite", "postgresql"}:
        kind = url.get_backend_name()
        raise StartupError(
            f"--database: {kind} is not supported; use sqlite:///FILE or postgresql+psycopg://"
        )
    if url.drivername in {"sqlite", "postgresql+psycopg"}:
        return url
    raise StartupError(f"--database: {url.drivername} is not supported; use sqlite or postgresql+psycopg")


def is_postgres(url: URL) -> bool:
    """Whether the URL names a PostgreSQL database."""
    return url.get_backend_name() == "postgresql"


def sqlite_path(url: URL) -> Path:
    """Return the file that a SQLite URL names; StartupError where it names none."""
    if not url.database or url.database == ":memory:":
        raise StartupError("--database: a file is needed, as in sqlite:///aboveboard.db")
    return Path(url.database)


def libpq_parameters(url: URL) -> dict[str, Any]:
    """Return how psycopg connects to what a PostgreSQL URL names, hosts and ports of several included."""
    _, parameters = url.get_dialect()().create_connect_args(url)
    return {**CONNECTION, **parameters}


def without_password(url: URL) -> str:
    """Return the URL as it may be shown."""
    secret = [name for name in url.query if "password" in name.lower()]
    return url.difference_update_query(secret).render_as_string(hide_password=True)
