"""Faults of the log that last, on a disk that fills and with several processes."""

from __future__ import annotations

import os
import signal
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
from tests.support.clients import deployment_source, element, held, ingest, publish, request, server_source
from tests.support.deletions import company, delete
from tests.support.figures import figures
from tests.support.log_faults import FAULTS, Unheard
from tests.support.server import ServerProcess
from tests.support.small_disk import fill, free, small_disk

from aboveboard_server.log_lines import MOST_LINES

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.log_faults import Fault
    from tests.support.postgres import PostgresServer

pytestmark = [pytest.mark.fault(seconds=60), pytest.mark.timeout(600)]

DROPPED = "aboveboard_log_lines_dropped_total"
# Seconds that the disk of the log is full.
FULL_SECONDS = 8.0


def test_a_full_log_disk_for_eight_seconds(tmp_path: Path) -> None:
    """Events and deletions go through; the log goes on when there is room, and every line of it is whole."""
    folder = tmp_path / "server"
    folder.mkdir()
    server = ServerProcess(folder)
    source = server_source()
    with small_disk(tmp_path / "disk", 1) as disk:
        server.log_file = disk / "server.log"
        server.start()
        try:
            publish(server, deployment_source("leaving"), element())
            fill(disk)
            sent, until = 0, time.monotonic() + FULL_SECONDS
            while time.monotonic() < until:
                assert publish(server, source, element()).accepted_count == 1
                sent += 1
            assert delete(server, company("leaving")).HasField("receipt")
            assert figures(server)[DROPPED, "failed"] > 0
            free(disk)
            publish(server, source, element())
            assert held(server, source)["element_stat"] == sent + 1
            assert delete(server, company("leaving")).HasField("receipt")
        finally:
            code = server.stop()
        assert code == 0
        assert [line["event"] for line in server.log()][-2:] == ["draining", "stopped"]


def test_a_reader_that_stalls_for_longer_than_the_queue(tmp_path: Path) -> None:
    """Lines are dropped and counted once the queue is full; no call waits, and SIGTERM drains."""
    server, source = Unheard(tmp_path), server_source()
    calls = MOST_LINES + 500
    with ExitStack() as stack:
        server.start_with(FAULTS["stalled"], stack)
        with ingest(server) as stub:
            for _ in range(calls // 50):
                under_way = [
                    stub.PublishEvents.future(request(source, [element()]), timeout=60) for _ in range(50)
                ]
                assert all(call.result().accepted_count == 1 for call in under_way)
        assert figures(server)[DROPPED, "full"] > 0
        assert held(server, source)["element_stat"] == calls // 50 * 50
        assert server.stop() == 0


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGHUP], ids=lambda how: how.name)
def test_workers_and_their_supervisor(
    tmp_path: Path, postgres: PostgresServer, fault: Fault, how: signal.Signals
) -> None:
    """They serve, one that is killed is started again, and all drain, with exit code 0."""
    server = Unheard(tmp_path, "--workers", "2", database_url=postgres.new_database())
    source = server_source()
    with ExitStack() as stack:
        server.start_with(fault, stack)
        before = server.children()
        for _ in range(100):
            assert publish(server, source, element()).accepted_count == 1
        os.kill(before[0], signal.SIGKILL)
        deadline = time.monotonic() + 60
        while len(server.children()) < 2 or before[0] in server.children():
            assert time.monotonic() < deadline, "a killed worker is not started again"
            time.sleep(0.05)
        assert server.end(how) == 0
