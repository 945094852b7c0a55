"""Ten times as many callers as the server can serve, for half a minute."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.request import urlopen

import grpc
import pytest
from benchmarks.probe import MIB, process_tree
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tests.support.admin import admin
from tests.support.clients import TIMEOUT
from tests.support.on_postgres import server_on
from tests.support.overload import Load, Run

from aboveboard.admin.v1.audit_pb2 import ListAuditEntriesRequest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.postgres import PostgresServer
    from tests.support.server import ServerProcess

# Callers that keep a server as busy as it can be, and the seconds for which that is measured.
ENOUGH = 100
# Connections that they share: a client keeps back what is beyond 100 calls on one.
CHANNELS = 40
MEASURED = 10.0
OVERLOAD = 30.0
# Events of a call: enough that the calls of ten times the callers take longer than one may wait.
BATCH = 200
MAX_MIB = 512

pytestmark = [pytest.mark.fault(seconds=60), pytest.mark.timeout(300)]


@pytest.fixture(params=["sqlite", "postgres"])
def loaded(
    request: pytest.FixtureRequest, tmp_path: Path, postgres: PostgresServer
) -> Iterator[ServerProcess]:
    server = server_on(request.param, tmp_path, postgres)
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


def spent(*pids: int) -> float:
    """Return the seconds of processor time that processes, and all that they started, have used."""
    return sum(process.cpu_seconds for pid in pids for process in process_tree(pid))


@dataclass
class Seen:
    """What a load was told, and what it took: events per second of the processor, and the server's memory."""

    told: dict[str, Any]
    rate: float
    most_memory: float
    looks: int


def under(server: ServerProcess, postgres: PostgresServer, load: Load) -> Seen:
    """Load a server, and look at it meanwhile."""
    before, most_memory, looks = spent(server.pid, postgres.pid), 0.0, 0
    run = Run(load)
    while run.poll() is None:
        most_memory = max(most_memory, memory_mib(server))
        look_at(server)
        looks += 1
        time.sleep(0.5)
    told = run.told()
    rate = told["events"] / (spent(server.pid, postgres.pid) - before)
    seen = Seen(told, rate, most_memory, looks)
    print(seen)  # noqa: T201  # what a failure is to be judged by
    return seen


def test_ten_times_the_callers(loaded: ServerProcess, postgres: PostgresServer) -> None:
    """Memory is bounded, events are stored at no less than 80 % of the best rate, refusals say when to try
    again and come in less than half of the time that queueing would take, and health and administrators are
    answered.

    The rate is by the processor time of server and database, since the machine may be busy with other things;
    by the clock it is held to half, lest the server idles. The best is measured before and after, since each
    event costs more in a larger database.
    """
    enough, overload = (
        Load(loaded.ingest_address, callers, seconds, BATCH, CHANNELS)
        for callers, seconds in ((ENOUGH, MEASURED), (10 * ENOUGH, OVERLOAD))
    )
    before, held, after = (under(loaded, postgres, load) for load in (enough, overload, enough))
    best = (before.rate + after.rate) / 2
    assert held.rate >= 0.8 * best
    assert held.told["events"] / OVERLOAD >= 0.5 * before.told["events"] / MEASURED
    assert held.most_memory <= MAX_MIB
    assert set(held.told["refusals"]) == {"RESOURCE_EXHAUSTED OVERLOADED"}
    assert held.told["median_refused"] < 0.5 * 10 * before.told["median_accepted"]
    assert held.looks > 3
