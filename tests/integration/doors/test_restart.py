"""One restart under load; `make fault` has many, and several servers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.steady import await_batches, check_all, restart, sending

if TYPE_CHECKING:
    from tests.support.server import ServerProcess


def test_clients_that_try_again_see_no_failure(server: ServerProcess) -> None:
    """By their own retries or grpc's they wait for the server; nothing is lost, nothing stored twice."""
    with sending([server.ingest_address], 2) as senders:
        await_batches(senders)
        restart(server)
        await_batches(senders)
    check_all(server, senders)
