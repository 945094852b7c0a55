"""A retention run under SIGKILL at 30 random points."""

from __future__ import annotations

import random
import secrets
from typing import TYPE_CHECKING

import pytest
from tests.support.on_postgres import OnPostgres
from tests.support.retention_runs import check_end, fill, run_with_kills
from tests.support.server import ServerProcess

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.postgres import PostgresServer

pytestmark = [pytest.mark.fault(seconds=90), pytest.mark.timeout(700)]

KILLS = 30
ROWS = 20_000


@pytest.mark.parametrize("store", ["sqlite", "postgres"])
def test_a_run_ends_as_if_it_was_never_killed(tmp_path: Path, postgres: PostgresServer, store: str) -> None:
    """Resumed after each of 30 kills: what had expired is gone, counted once each, and nothing else is."""
    folder = tmp_path / "server"
    folder.mkdir()
    seed = secrets.randbits(32)
    print(f"seed {seed}")  # noqa: T201  # shown where it fails
    chance = random.Random(seed)
    server = ServerProcess(folder)
    url = f"sqlite:///{server.database}"
    if store == "postgres":
        url = postgres.new_database()
        server = OnPostgres(folder, postgres, url)
    try:
        expected = fill(url, ROWS)
        run_with_kills(server, [chance.randrange(sum(expected.values())) for _ in range(KILLS)])
        check_end(server, expected)
    finally:
        server.kill()
