"""Servers are stopped and started again, one after the other, while clients send."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from tests.support.on_postgres import OnPostgres
from tests.support.steady import BATCH, Sender

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.postgres import PostgresServer
    from tests.support.server import ServerProcess

SENDERS = 6
ROUNDS = 2
# Batches that must have come through between one restart and the next.
BETWEEN = 30

pytestmark = [pytest.mark.fault, pytest.mark.timeout(300)]


@contextmanager
def sending(addresses: list[str]) -> Iterator[list[Sender]]:
    """Have clients send, half of them with grpc's own retries, until what is inside is done."""
    senders = [Sender(addresses, by_grpc=number % 2 == 0) for number in range(SENDERS)]
    enough = threading.Event()
    with ThreadPoolExecutor(SENDERS) as pool:
        running = [pool.submit(sender.run, enough) for sender in senders]
        try:
            yield senders
        finally:
            enough.set()
        for sender in running:
            sender.result()


def await_batches(senders: list[Sender]) -> None:
    """Wait until some more batches are acknowledged."""

    def acknowledged() -> int:
        return sum(len(sender.acknowledged) for sender in senders)

    goal = acknowledged() + BETWEEN * BATCH
    while acknowledged() < goal and not any(sender.failures for sender in senders):
        time.sleep(0.05)


def restart(server: ServerProcess) -> None:
    """Stop a server as a deployment does, and start it at the same addresses."""
    addresses = server.ingest_address, server.admin_address, server.http_address
    assert server.stop() == 0
    server.start(*addresses)


def check(server: ServerProcess, senders: list[Sender]) -> None:
    """No call failed for good, and each acknowledged event is there once."""
    assert [failure for sender in senders for failure in sender.failures] == []
    stored = [row[0] for row in server.query("SELECT event_id FROM element_stat")]
    assert len(stored) == len(set(stored))
    acknowledged = {event_id for sender in senders for event_id in sender.acknowledged}
    assert set(stored) == acknowledged


def test_two_servers_on_one_database(tmp_path: Path, postgres: PostgresServer) -> None:
    """Each of two servers restarts again and again: no client sees a failure, nothing is lost or twice."""
    url = postgres.new_database()
    servers = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        servers.append(OnPostgres(tmp_path / name, postgres, url))
        servers[-1].start()
    try:
        with sending([server.ingest_address for server in servers]) as senders:
            for _ in range(ROUNDS):
                for server in servers:
                    await_batches(senders)
                    restart(server)
            await_batches(senders)
        check(servers[0], senders)
    finally:
        for server in servers:
            server.stop()


def test_one_server_with_its_file(server: ServerProcess) -> None:
    """A server on SQLite restarts: clients wait, and see no failure."""
    with sending([server.ingest_address]) as senders:
        for _ in range(ROUNDS):
            await_batches(senders)
            restart(server)
        await_batches(senders)
    check(server, senders)
    assert sum(sender.retries for sender in senders) > 0
