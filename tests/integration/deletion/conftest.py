"""A server on each kind of store, under one name: what is promised of deletions holds on both."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support.on_postgres import OnPostgres
from tests.support.server import ServerProcess

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.postgres import PostgresServer


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def anywhere(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServerProcess]:
    """A server that the tests of a file share, each with subjects of its own."""
    folder = tmp_path_factory.mktemp("deletion") / "server"
    folder.mkdir()
    process = ServerProcess(folder)
    if request.param == "postgres":
        server: PostgresServer = request.getfixturevalue("postgres")
        process = OnPostgres(folder, server, server.new_database())
    process.start()
    yield process
    process.kill()
