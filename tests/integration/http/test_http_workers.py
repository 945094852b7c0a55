"""With several workers HTTP is one address too, on a database that they share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support.http_clients import EVENTS, call, element_json, post, request_json, server_json
from tests.support.server import ServerProcess

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.postgres import PostgresServer

UUID = "0195f3d8-7165-11ec-8d28-2641d35f62cd"


@pytest.fixture
def workers(tmp_path: Path, postgres_url: str) -> Iterator[ServerProcess]:
    """Two workers on PostgreSQL."""
    process = ServerProcess(tmp_path, "--database", postgres_url, "--workers", "2")
    process.start()
    yield process
    process.kill()


def test_every_worker_takes_requests(
    workers: ServerProcess, postgres: PostgresServer, postgres_url: str
) -> None:
    """Requests on connections of their own reach both workers, and are all stored; each id once."""
    documents = [request_json(server_json(UUID), element_json()) for _ in range(40)]
    # Twice, since the second worker may begin to listen after the first.
    for expected in (1, 0):
        counts = {post(workers, EVENTS, document).published.accepted_count for document in documents}
        assert counts == {expected}
    assert postgres.query(postgres_url, "SELECT count(*) FROM element_stat") == [(40,)]
    assert call(workers, "GET", "/readyz").status == 200


def test_a_port_that_is_taken_is_noticed(workers: ServerProcess, tmp_path: Path, postgres_url: str) -> None:
    """Several workers share the port with each other, not with another server."""
    folder = tmp_path / "other"
    folder.mkdir()
    other = ServerProcess(folder, "--database", postgres_url, "--workers", "2")
    with pytest.raises(AssertionError, match=f"cannot listen on {workers.http_address}"):
        other.start(http_bind=workers.http_address)
