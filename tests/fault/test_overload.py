"""Ten times as many callers as the server can serve, for half a minute."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any
from urllib.request import urlopen

import grpc
import pytest
from benchmarks.probe import MIB, process_tree
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tests.support.admin import admin
from tests.support.clients import TIMEOUT
from tests.support.on_postgres import OnPostgres
from tests.support.overload import Load, Run
from tests.support.server import ServerProcess

from aboveboard.admin.v1.audit_pb2 import ListAuditEntriesRequest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.postgres import PostgresServer

# Callers that keep a server as busy as it can be, and the seconds for which that is measured.
ENOUGH = 100
# Connections that they share: a client keeps back what is beyond 100 calls on one.
CHANNELS = 40
MEASURED = 10.0
OVERLOAD = 30.0
MAX_MIB = 512

pytestmark = [pytest.mark.fault, pytest.mark.timeout(300)]


@pytest.fixture(params=["sqlite", "postgres"])
def loaded(
    request: pytest.FixtureRequest, tmp_path: Path, postgres: PostgresServer
) -> Iterator[ServerProcess]:
    if request.param == "sqlite":
        server = ServerProcess(tmp_path)
    else:
        (tmp_path / "one").mkdir()
        server = OnPostgres(tmp_path / "one", postgres, postgres.new_database())
    server.start()
    yield server
    server.stop()


def memory_mib(server: ServerProcess) -> float:
    """Return what the server's processes hold; what they share counts for each."""
    return sum(process.rss_bytes for process in process_tree(server.pid)) / MIB


def look_at(server: ServerProcess) -> None:
    """Ask for health at every door, and for something of an administrator's; each must be answered."""
    for address in (server.ingest_address, server.admin_address):
        with grpc.insecure_channel(address) as channel:
            health: Any = health_pb2_grpc.HealthStub(channel)  # its types lack Check
            answer = health.Check(health_pb2.HealthCheckRequest(), timeout=TIMEOUT)
        assert answer.status == health_pb2.HealthCheckResponse.SERVING
    for path in ("healthz", "readyz"):
        assert urlopen(f"http://{server.http_address}/{path}", timeout=TIMEOUT).status == 200
    with admin(server) as stub:
        stub.ListAuditEntries(ListAuditEntriesRequest(), timeout=TIMEOUT)


def spent(server: ServerProcess) -> float:
    """Return the seconds of processor time that the server has used."""
    return sum(process.cpu_seconds for process in process_tree(server.pid))


def test_ten_times_the_callers(loaded: ServerProcess) -> None:
    """Memory is bounded, events are stored at no less than 80 % of the best rate, refusals come sooner than
    acceptances and say when to try again, and health and administrators are answered.

    The rate is by the server's own processor time, since the machine may be busy with other things; by the
    clock it is held to half, lest the server idles.
    """
    enough = Load(loaded.ingest_address, ENOUGH, MEASURED, channels=CHANNELS)
    before = spent(loaded)
    peak = Run(enough).told()
    between = spent(loaded)
    overload = Run(Load(loaded.ingest_address, 10 * ENOUGH, OVERLOAD, channels=CHANNELS))
    most_memory, looks = 0.0, 0
    while overload.poll() is None:
        most_memory = max(most_memory, memory_mib(loaded))
        look_at(loaded)
        looks += 1
        time.sleep(0.5)
    told = overload.told()
    best, held = peak["events"] / (between - before), told["events"] / (spent(loaded) - between)
    print(f"\n{peak=}\n{told=}\n{best=:.0f} {held=:.0f} {most_memory=:.0f} MiB, {looks=}")  # noqa: T201
    assert held >= 0.8 * best
    assert told["events"] / OVERLOAD >= 0.5 * peak["events"] / MEASURED
    assert most_memory <= MAX_MIB
    assert set(told["refusals"]) == {"RESOURCE_EXHAUSTED OVERLOADED"}
    assert told["median_refused"] < told["median_accepted"]
    assert looks > 3
