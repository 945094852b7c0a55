"""Servers on either store, shared by tests that each send as sources of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support.on_postgres import OnPostgres
from tests.support.server import ServerProcess

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.postgres import PostgresServer


@pytest.fixture(scope="session", params=["sqlite", "postgres"])
def either_server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServerProcess]:
    """A server that tests share, none of which stops it."""
    folder = tmp_path_factory.mktemp("either") / "server"
    folder.mkdir()
    if request.param == "sqlite":
        process = ServerProcess(folder)
    else:
        postgres: PostgresServer = request.getfixturevalue("postgres")
        process = OnPostgres(folder, postgres, postgres.new_database())
    process.start()
    yield process
    process.kill()
