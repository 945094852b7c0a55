"""What an operator may set: parsed once, then frozen."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from aboveboard_server.errors import StartupError

MAX_NOTICE_BYTES = 500
DEFAULT_DATABASE = "sqlite:///aboveboard.db"


@dataclass(frozen=True, slots=True)
class Settings:
    """How to serve. StartupError where a value cannot be meant."""

    database: str = DEFAULT_DATABASE
    key_dir: Path = Path("aboveboard-keys")
    grpc_bind: str = "127.0.0.1:50051"
    admin_bind: str = "127.0.0.1:50052"
    ping_interval_hours: int = 12
    notice: str = ""
    log_level: str = "info"

    def __post_init__(self) -> None:
        for flag, bind in (("--grpc-bind", self.grpc_bind), ("--admin-bind", self.admin_bind)):
            host, _, port = bind.rpartition(":")
            if not host or not port.isdecimal():
                raise StartupError(f"{flag}: {bind!r} is not HOST:PORT")
        if self.ping_interval_hours < 1:
            raise StartupError("--ping-interval-hours: must be at least 1")
        if len(self.notice.encode()) > MAX_NOTICE_BYTES:
            raise StartupError(f"--notice: over {MAX_NOTICE_BYTES} bytes")


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
