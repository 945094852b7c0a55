"""A server on each kind of store, under one name: what is promised of deletions holds on both."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support.on_postgres import OnPostgres
from tests.support.server import ServerProcess

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.postgres import PostgresServer


@pytest.fixture(params=["sqlite", "postgres"])
def anywhere(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ServerProcess]:
    """A server of its own, with an empty database."""
    folder = tmp_path / "server"
    folder.mkdir()
    process = ServerProcess(folder)
    if request.param == "postgres":
        server: PostgresServer = request.getfixturevalue("postgres")
        process = OnPostgres(folder, server, server.shared_database())
    process.start()
    yield process
    process.stop()
