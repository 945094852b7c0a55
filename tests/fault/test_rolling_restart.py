"""Servers are stopped and started again, one after the other, while clients send."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support.on_postgres import OnPostgres
from tests.support.steady import await_batches, check_all, restart, sending

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.postgres import PostgresServer
    from tests.support.server import ServerProcess

SENDERS = 6
ROUNDS = 2

pytestmark = [pytest.mark.fault(seconds=30), pytest.mark.timeout(300)]


def test_two_servers_on_one_database(tmp_path: Path, postgres: PostgresServer) -> None:
    """Each of two servers restarts again and again: no client sees a failure, nothing is lost or twice."""
    url = postgres.new_database()
    servers = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        servers.append(OnPostgres(tmp_path / name, postgres, url))
        servers[-1].start()
    try:
        with sending([server.ingest_address for server in servers], SENDERS) as senders:
            for _ in range(ROUNDS):
                for server in servers:
                    await_batches(senders)
                    restart(server)
            await_batches(senders)
        check_all(servers[0], senders)
    finally:
        for server in servers:
            server.stop()


def test_one_server_with_its_file(server: ServerProcess) -> None:
    """A server on SQLite restarts: clients wait, and see no failure."""
    with sending([server.ingest_address], SENDERS) as senders:
        for _ in range(ROUNDS):
            await_batches(senders)
            restart(server)
        await_batches(senders)
    check_all(server, senders)
    assert sum(sender.retries for sender in senders) > 0
