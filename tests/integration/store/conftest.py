"""Every store there is, under one name: what the port promises, each of them must keep."""

from __future__ import annotations

import sqlite3
import uuid
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.server import new_database

from aboveboard_server import bootstrap

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from tests.support.postgres import PostgresServer

    from aboveboard_server.storage.ports import EventStore


@dataclass(frozen=True)
class Backend:
    """A database, and how to look into it past the store. UUIDs are read as text."""

    name: str
    url: str
    query: Callable[..., list[tuple[Any, ...]]]
    # Changes the database behind the store's back, which must be idle.
    execute: Callable[[str], None]

    def micros(self, column: str) -> str:
        """Return the expression that reads a time as microseconds since 1970."""
        if self.name == "sqlite":
            return column
        return f"(extract(epoch FROM {column}) * 1000000)::bigint"

    def ids(self, table: str) -> list[str]:
        """Return the ids of a table's events in order."""
        return [found for (found,) in self.query(f"SELECT event_id FROM {table} ORDER BY event_id")]

    def count(self, table: str) -> int:
        """Count a table's rows."""
        return int(self.query(f"SELECT count(*) FROM {table}")[0][0])


def sqlite_backend(path: Path) -> Backend:
    def query(statement: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as database:
            return database.execute(statement).fetchall()

    def execute(statement: str) -> None:
        with closing(sqlite3.connect(path)) as database, database:
            database.execute(statement)

    return Backend("sqlite", f"sqlite:///{path}", query, execute)


def postgres_backend(server: PostgresServer, url: str) -> Backend:
    def query(statement: str) -> list[tuple[Any, ...]]:
        return [
            tuple(str(value) if isinstance(value, uuid.UUID) else value for value in found)
            for found in server.query(url, statement)
        ]

    def execute(statement: str) -> None:
        server.query(url, f"{statement} RETURNING 1")

    return Backend("postgres", url, query, execute)


@pytest.fixture(params=["sqlite", "postgres"])
def backend(request: pytest.FixtureRequest, tmp_path: Path) -> Backend:
    if request.param == "sqlite":
        (tmp_path / "aboveboard.db").write_bytes(new_database(token=""))
        return sqlite_backend(tmp_path / "aboveboard.db")
    server: PostgresServer = request.getfixturevalue("postgres")
    return postgres_backend(server, server.shared_database())


@pytest.fixture
def postgres_store(postgres: PostgresServer) -> Backend:
    """PostgreSQL alone, for what only it has."""
    return postgres_backend(postgres, postgres.shared_database())


@pytest.fixture
async def store(backend: Backend) -> AsyncIterator[EventStore]:
    opened = await bootstrap.open_store(backend.url)
    yield opened
    await opened.close()
