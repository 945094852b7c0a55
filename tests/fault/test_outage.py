"""PostgreSQL goes away for a minute under load, and comes back."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import grpc
import pytest
from tests.support.clients import TIMEOUT, element, request, server_source
from tests.support.on_postgres import OnPostgres

from aboveboard.ingest.v1.ingest_service_pb2_grpc import IngestServiceStub
from aboveboard_server.cli.errors import read_details

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.postgres import PostgresServer

SENDERS = 4
BATCH = 50
OUTAGE = 60.0
# Seconds in which the rate is taken, before the outage and once RECOVERY has passed after it.
WINDOW = 5.0
RECOVERY = 5.0

pytestmark = [pytest.mark.fault(seconds=90), pytest.mark.timeout(300)]


@dataclass
class Sender:
    """Sends batches until it may stop; each again, a moment later, until it is acknowledged."""

    address: str
    enough: threading.Event
    acknowledged: list[tuple[float, str]] = field(default_factory=list)
    refusals: list[tuple[grpc.StatusCode, float | None]] = field(default_factory=list)

    def run(self) -> None:
        """Send until there is enough."""
        source = server_source()
        with grpc.insecure_channel(self.address) as channel:
            stub = IngestServiceStub(channel)
            while not self.enough.is_set():
                batch = request(source, [element(str(n)) for n in range(BATCH)])
                while True:
                    try:
                        stub.PublishEvents(batch, timeout=TIMEOUT)
                    except grpc.RpcError as error:
                        if not isinstance(error, grpc.Call):
                            raise
                        self.refusals.append((error.code(), read_details(error).retry_seconds))
                        time.sleep(0.1)
                    else:
                        break
                now = time.monotonic()
                self.acknowledged += [(now, event.event_id) for event in batch.events]


def test_a_minute_without_postgresql_costs_a_minute(tmp_path: Path, postgres: PostgresServer) -> None:
    """UNAVAILABLE with RetryInfo meanwhile, process up, full rate 5 s after, nothing acknowledged lost."""
    folder = tmp_path / "server"
    folder.mkdir()
    server = OnPostgres(folder, postgres, postgres.new_database())
    server.start()
    pid = server.pid
    enough = threading.Event()
    senders = [Sender(server.ingest_address, enough) for _ in range(SENDERS)]
    with ThreadPoolExecutor(SENDERS) as pool:
        running = [pool.submit(sender.run) for sender in senders]
        try:
            time.sleep(2 * WINDOW)
            gone = time.monotonic()
            postgres.stop()
            time.sleep(OUTAGE)
        finally:
            postgres.start()
            back = time.monotonic()
            time.sleep(RECOVERY + WINDOW)
            enough.set()
        for future in running:
            future.result()
    refusals = {refusal for sender in senders for refusal in sender.refusals}
    times = sorted(at for sender in senders for at, _ in sender.acknowledged)
    before = sum(gone - WINDOW < at < gone for at in times)
    after = sum(back + RECOVERY < at < back + RECOVERY + WINDOW for at in times)
    first = next(at for at in times if at > back) - back
    print(f"{before} before, {after} after, the first {first:.1f} s after its return; {refusals}")  # noqa: T201  # shown by -s
    assert refusals == {(grpc.StatusCode.UNAVAILABLE, 2.0)}
    assert server.pid == pid
    # The rate of a shared machine wavers; that of one which still waits to try again is nothing.
    assert after > before / 4
    stored = {event_id for (event_id,) in server.query("SELECT event_id FROM element_stat")}
    assert stored == {event_id for sender in senders for _, event_id in sender.acknowledged}
    assert server.stop() == 0
