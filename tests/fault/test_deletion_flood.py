"""Ten thousand deletions that sources have begun, and an administrator's among them."""

from __future__ import annotations

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from tests.integration.store.test_erasure_queue import FLOOD, FLOODED
from tests.support.clients import TIMEOUT, deployment_source, element, ingest, publish, request, server_source
from tests.support.deletions import company, counts, create, finished
from tests.support.server import ServerProcess

if TYPE_CHECKING:
    from pathlib import Path

# The most requests of each sender.
REQUESTS = 20_000
UNFINISHED = "SELECT count(*) FROM deletion WHERE receipt_sequence IS NULL"


def flooded(folder: Path, state: str) -> ServerProcess:
    """Return a server, started, to which something of a company was sent, and whose queue is full."""
    server = ServerProcess(folder)
    server.start()
    publish(server, deployment_source("acme"), *[element() for _ in range(1_000)])
    server.stop()
    with closing(sqlite3.connect(server.database)) as database, database:
        database.execute(FLOODED["sqlite"].format(flood=FLOOD, state=state))
    server.start()
    return server


@pytest.mark.fault(seconds=60)
@pytest.mark.parametrize("state", ["RUNNING", "ERASED", "SCRUBBED"])
def test_a_drain_ends_in_time(tmp_path: Path, state: str) -> None:
    """SIGTERM, whatever is left to be done of 10,000: exit 0 within 20 s, and the rest stays to be done."""
    server = flooded(tmp_path, state)
    assert server.query(UNFINISHED)[0][0] > 0
    # It waits for no longer than 25 s.
    assert server.stop() == 0
    left = server.query(UNFINISHED)[0][0]
    assert left > 0
    server.start()
    finished(server, create(server, company("acme"), scrub_now=True))
    server.stop()
    server.check_integrity()


@pytest.mark.fault(seconds=120)
def test_an_administrators_deletion_is_through_while_others_publish(tmp_path: Path) -> None:
    """It has its receipt while thousands wait, and what was published meanwhile is stored."""
    server = flooded(tmp_path, "RUNNING")
    off = threading.Event()

    def send() -> int:
        accepted = 0
        with ingest(server) as stub:
            for _ in range(REQUESTS):
                if off.is_set():
                    break
                sent = request(server_source(), [element() for _ in range(5)])
                accepted += stub.PublishEvents(sent, timeout=TIMEOUT).accepted_count
        return accepted

    with ThreadPoolExecutor(2) as pool:
        senders = [pool.submit(send) for _ in range(2)]
        done = finished(server, create(server, company("acme"), scrub_now=True))
        left = server.query(UNFINISHED)[0][0]
        off.set()
        accepted = sum(sender.result() for sender in senders)
    assert counts(done)["element_stat"] == 1_000
    assert left > FLOOD / 2
    assert accepted > 0
    assert server.query("SELECT count(*) FROM element_stat") == [(accepted,)]
    assert server.stop() == 0
