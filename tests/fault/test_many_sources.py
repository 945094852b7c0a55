"""More sources than any cache holds, each with the longest fields and from an address of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from benchmarks.http2 import Connection, literal
from benchmarks.probe import MIB, process_tree
from tests.support.clients import PUBLISH, element
from tests.support.clients import request as publishing
from tests.support.longest import longest_source
from tests.support.on_postgres import server_on

from aboveboard.ingest.v1.ingest_service_pb2 import GetCollectionStatusRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.support.postgres import PostgresServer
    from tests.support.server import ServerProcess

STATUS = "/aboveboard.ingest.v1.IngestService/GetCollectionStatus"
ASKED, PUBLISHED = 100_000, 40_000
# Calls under way, and those after which the server's memory is looked at.
IN_FLIGHT, LOOK = 32, 5_000
MAX_MIB = 512
# Each call is a proxy's, which speaks for a customer with a network of his own.
PROXY = ("--trusted-proxy", "127.0.0.0/8")

pytestmark = [pytest.mark.fault(seconds=100), pytest.mark.timeout(900)]


@pytest.fixture(params=["sqlite", "postgres"])
def server(
    request: pytest.FixtureRequest, tmp_path: Path, postgres: PostgresServer
) -> Iterator[ServerProcess]:
    process = server_on(request.param, tmp_path, postgres, more=PROXY)
    process.start()
    yield process
    process.kill()


def most_memory(server: ServerProcess, method: str, message: Callable[[int], bytes], calls: int) -> float:
    """Make calls, all of which must go well; return the most that the server's processes held, in MiB."""
    connection = Connection(server.ingest_address, method)
    begun = ended = 0
    most = 0.0
    while ended < calls:
        while begun < calls and begun - ended < IN_FLIGHT:
            address = f"2001:db8:{begun >> 16:x}:{begun & 0xFFFF:x}::1"
            connection.send(
                connection.call(literal(b"x-forwarded-for", address.encode())), message(begun), last=True
            )
            begun += 1
        connection.flush()
        before = ended
        ended += sum(arrived.message is None for arrived in connection.receive())
        if before // LOOK < ended // LOOK:
            most = max(most, sum(process.rss_bytes for process in process_tree(server.pid)) / MIB)
    connection.close()
    return most


def test_more_sources_than_any_cache_holds(server: ServerProcess) -> None:
    """Through GetCollectionStatus and PublishEvents: server and writer hold less than is promised."""

    def asking(number: int) -> bytes:
        return GetCollectionStatusRequest(source=longest_source(number, wide=True)).SerializeToString()

    def sending(number: int) -> bytes:
        return publishing(longest_source(number, wide=True), [element()]).SerializeToString()

    asked = most_memory(server, STATUS, asking, ASKED)
    published = most_memory(server, PUBLISH, sending, PUBLISHED)
    print(f"{asked=:.0f} MiB, {published=:.0f} MiB")  # noqa: T201  # what a failure is to be judged by
    assert max(asked, published) < MAX_MIB
