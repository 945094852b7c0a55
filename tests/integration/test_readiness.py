"""Readiness tells whether a commit would go through, without traffic too, and comes back by itself."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tests.support.browser import eventually
from tests.support.clients import TIMEOUT, element, publish, refusal, server_source
from tests.support.figures import figures
from tests.support.http_clients import call
from tests.support.on_postgres import OnPostgres

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.support.postgres import PostgresServer
    from tests.support.server import ServerProcess

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


def health(address: str) -> int:
    """Ask a gRPC listener how it is."""
    with grpc.insecure_channel(address) as channel:
        stub: Any = health_pb2_grpc.HealthStub(channel)  # its types lack Check
        return int(stub.Check(health_pb2.HealthCheckRequest(), timeout=TIMEOUT).status)


def told(server: ServerProcess) -> set[tuple[int, int, int, float]]:
    """Return what the server says of itself at each place where it can be asked."""
    return {
        (
            call(server, "GET", "/readyz").status,
            health(server.ingest_address),
            health(server.admin_address),
            figures(server)["aboveboard_ready",],
        )
    }


def is_ready(server: ServerProcess) -> bool:
    return told(server) == {(200, SERVING, SERVING, 1)}


def is_not_ready(server: ServerProcess) -> bool:
    return told(server) == {(503, NOT_SERVING, NOT_SERVING, 0)}


def goes_away_and_comes_back(
    server: ServerProcess, take_away: Callable[[], object], bring_back: Callable[[], object]
) -> bool:
    """Whether every place tells that the store is gone, and that it is back."""
    eventually(lambda: is_ready(server))
    take_away()
    try:
        eventually(lambda: is_not_ready(server))
        assert (
            refusal(lambda: publish(server, server_source(), element())).code is grpc.StatusCode.UNAVAILABLE
        )
        # Asked again and again, it stays so.
        assert all(is_not_ready(server) for _ in range(5))
        assert call(server, "GET", "/healthz").status == 200
    finally:
        bring_back()
    eventually(lambda: is_ready(server))
    return publish(server, server_source(), element()).accepted_count == 1


def test_a_file_that_cannot_be_written(server: ServerProcess) -> None:
    """A SQLite file that another program has locked, without one event sent: not ready, until it lets go."""
    with closing(sqlite3.connect(server.database, isolation_level=None)) as other:
        assert goes_away_and_comes_back(
            server, lambda: other.execute("BEGIN IMMEDIATE"), lambda: other.execute("ROLLBACK")
        )
    lines = [line["event"] for line in server.log() if line["event"] in {"ready", "not_ready"}]
    assert (lines[0], lines[-1]) == ("not_ready", "ready")


@pytest.fixture
def on_postgres(tmp_path: Path, postgres: PostgresServer) -> Iterator[OnPostgres]:
    folder = tmp_path / "server"
    folder.mkdir()
    server = OnPostgres(folder, postgres, postgres.new_database())
    server.start()
    yield server
    server.stop()


def test_a_postgresql_that_is_stopped(on_postgres: OnPostgres, postgres: PostgresServer) -> None:
    """While PostgreSQL is away: not ready, until it is back."""
    assert goes_away_and_comes_back(on_postgres, postgres.stop, postgres.start)


def test_a_postgresql_in_recovery(on_postgres: OnPostgres, postgres: PostgresServer) -> None:
    """A standby answers queries and takes no commit: not ready, until it is promoted."""
    assert goes_away_and_comes_back(on_postgres, postgres.become_standby, postgres.promote)
