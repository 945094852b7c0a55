"""Where a store is: the database URL, read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from aboveboard_server.errors import StartupError

MAX_PORT = 65_535
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
    if url.drivername not in {"sqlite", "postgresql+psycopg"}:
        raise StartupError(f"--database: {url.drivername} is not supported; use sqlite or postgresql+psycopg")
    if is_postgres(url):
        _check_postgres(url)
    return url


def _check_postgres(url: URL) -> None:
    """Raise StartupError where libpq would not take what the URL says, whoever listens there."""
    # Late: a server on SQLite starts sooner without a driver that it never needs.
    try:
        import psycopg  # noqa: PLC0415
    except ImportError:
        raise StartupError(
            "--database: PostgreSQL needs the driver psycopg, which is not installed"
        ) from None
    try:
        parameters = libpq_parameters(url)
        psycopg.conninfo.make_conninfo("", **parameters)
        for host in str(parameters.get("host", "")).split(","):
            # As it will be where the name is looked up; a folder of sockets is none.
            if not host.startswith(("/", "@")):
                host.encode("idna")
        taken = not any("\0" in str(value) for value in parameters.values())
    except (psycopg.Error, SQLAlchemyError, ValueError, TypeError):
        taken = False
    if not taken or (url.port is not None and not 0 < url.port <= MAX_PORT):
        raise StartupError("--database: a part of the PostgreSQL URL is none that libpq takes")


def is_postgres(url: URL) -> bool:
    """Whether the URL names a PostgreSQL database."""
    return url.get_backend_name() == "postgresql"


def sqlite_path(url: URL) -> Path:
    """Return the file that a SQLite URL names; StartupError where it names none."""
    if not url.database or url.database == ":memory:" or url.host:
        raise StartupError("--database: a file is needed, as in sqlite:///aboveboard.db")
    path = Path(url.database)
    try:
        is_folder = path.is_dir()
    except (OSError, ValueError):
        raise StartupError("--database: no file can have this name here") from None
    if is_folder or not path.name:
        raise StartupError("--database: a file is needed, and this is a folder")
    return path


def libpq_parameters(url: URL) -> dict[str, Any]:
    """Return how psycopg connects to what a PostgreSQL URL names, hosts and ports of several included."""
    _, parameters = url.get_dialect()().create_connect_args(url)
    return {**CONNECTION, **parameters}


def without_password(url: URL) -> str:
    """Return the URL as it may be shown."""
    secret = [name for name in url.query if "password" in name.lower()]
    return url.difference_update_query(secret).render_as_string(hide_password=True)
