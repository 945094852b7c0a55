"""The promise of an acknowledgement, under SIGKILL of whatever may be killed: 100 times in all."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import pytest
from tests.support.kills import ON_SQLITE, Figures, campaign, kill_server
from tests.support.on_postgres import OnPostgres
from tests.support.server import ServerProcess

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.postgres import PostgresServer

pytestmark = [pytest.mark.fault(seconds=95), pytest.mark.timeout(700)]

EVENTS = 50_000
# The kills on SQLite are 60 in all, in parts that run beside one another.
PARTS = 2


@pytest.mark.parametrize("part", range(PARTS))
def test_nothing_acknowledged_is_lost_on_sqlite(tmp_path: Path, part: int) -> None:
    """Through 30 kills of server and writer under 8 clients, of 25,000 events 0 are lost, 0 doubled."""
    server = ServerProcess(tmp_path)
    seed = secrets.randbits(32)
    print(f"seed {seed}")  # noqa: T201  # shown where it fails
    try:
        kills = {"server": 15, "writer": 15}
        figures = campaign(server, kills, ON_SQLITE, events=EVENTS // PARTS, seed=seed)
    finally:
        server.kill()
    check(figures, kills, EVENTS // PARTS)


def test_nothing_acknowledged_is_lost_on_postgresql(tmp_path: Path, postgres: PostgresServer) -> None:
    """Through 40 kills of servers and PostgreSQL's own processes, of 50,000 events 0 are lost, 0 doubled."""
    url = postgres.new_database()
    server = OnPostgres(tmp_path, postgres, url, workers=2)
    seed = secrets.randbits(32)
    print(f"seed {seed}")  # noqa: T201  # shown where it fails
    try:
        kills = {"server": 10, "worker": 10, "backend": 20}
        victims = {
            "server": kill_server,
            "worker": OnPostgres.kill_worker,
            "backend": lambda _: postgres.kill_backend(url),
        }
        figures = campaign(server, kills, victims, events=EVENTS, seed=seed)
    finally:
        server.kill()
    check(figures, kills, EVENTS)


def check(figures: Figures, kills: dict[str, int], events: int) -> None:
    print(figures)  # noqa: T201  # `pytest -s -m fault` shows it
    assert figures.kills == kills
    assert figures.events >= events
    assert figures.retries >= sum(kills.values())
    assert (figures.lost, figures.doubled) == (0, 0)
