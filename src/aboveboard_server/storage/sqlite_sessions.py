"""SQLModel sessions over SQLite connections that somebody else opened, and closes."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import sqlalchemy
from sqlalchemy.pool import StaticPool
from sqlmodel import Session

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator


class _Lent:
    """A connection whose transactions its borrower can neither commit nor roll back."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def commit(self) -> None:
        """Leave it to the owner."""

    def rollback(self) -> None:
        """Leave it to the owner."""


class Sessions:
    """Lends sessions over one connection, whose transactions are its owner's to begin and to end."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._engine = sqlalchemy.create_engine(
            "sqlite://", creator=lambda: _Lent(connection), poolclass=StaticPool
        )

    @contextmanager
    def session(self) -> Iterator[Session]:
        """Lend a session."""
        with self._engine.connect() as connection, Session(connection) as session:
            yield session
