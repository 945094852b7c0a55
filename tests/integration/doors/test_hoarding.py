"""What strangers send that a server would have to keep is bounded, whichever way they leave it unfinished."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Any, cast

import grpc
import pytest
from benchmarks.probe import MIB, process_tree
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tests.support.clients import (
    PUBLISH,
    STREAM,
    TIMEOUT,
    element,
    length_delimited,
    publish,
    refusal,
    request,
    server_source,
)
from tests.support.hoarding import MORE_HEADERS, Unread, connect, endless_headers
from tests.support.server import ServerProcess

from aboveboard.ingest.v1.ingest_service_pb2 import StreamEventsRequest
from aboveboard_server.grpc_api.interceptors import boundary
from aboveboard_server.grpc_api.server import Listener
from aboveboard_server.grpc_api.transport import SETTLED
from aboveboard_server.http_edge.protocol import MAX_PIPELINED
from aboveboard_server.terms import Terms

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from aboveboard_server.access.guard import Guard

# MiB that a server may hold more once it has dealt with what is sent here: allocators keep some.
SETTLING = 64


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server that the tests here share, with all loaded that one loads some time after its start."""
    process = ServerProcess(tmp_path_factory.mktemp("hoarding"), "--rate-per-address", "1000000")
    process.start()
    publish(process, server_source(), element())
    time.sleep(6)
    yield process
    process.kill()


@pytest.fixture
def growth(server: ServerProcess) -> Callable[[], float]:
    """Tells how many MiB the server holds more than before the test."""

    def now() -> float:
        return sum(process.rss_bytes for process in process_tree(server.pid)) / MIB

    before = now()
    return lambda: now() - before


@pytest.mark.parametrize("listener", ["ingest", "admin"])
def test_headers_without_end(server: ServerProcess, growth: Callable[[], float], listener: str) -> None:
    """256 MiB of CONTINUATION frames over four connections: nothing of them is kept."""
    address = getattr(server, f"{listener}_address")

    def flood(connection: Any) -> None:
        with suppress(ConnectionError):
            for _ in range(4 * MIB // len(MORE_HEADERS) * 16):
                connection.sendall(MORE_HEADERS)

    with ExitStack() as stack, ThreadPoolExecutor(4) as threads:
        connections = [
            stack.enter_context(endless_headers(address, PUBLISH.encode(), settled=True)) for _ in range(4)
        ]
        list(threads.map(flood, connections))
        assert growth() < SETTLING
    publish(server, server_source(), element())


def test_who_never_acknowledges_the_settings_is_cut_off(shared_server: ServerProcess) -> None:
    """Until a client has, grpc takes headers of 16 MiB: it has so many seconds."""
    with endless_headers(shared_server.ingest_address, PUBLISH.encode(), settled=False) as connection:
        connection.settimeout(SETTLED + TIMEOUT)
        with suppress(ConnectionResetError):
            while connection.recv(65_536):
                pass


def test_answers_that_nobody_reads(server: ServerProcess, growth: Callable[[], float]) -> None:
    """A stream is held back once its unacknowledged requests take 4 MiB; 200 of them would take 800."""
    source = server_source()
    filling = length_delimited(900, bytes(3_900_000))
    unread = Unread(server.ingest_address, STREAM.encode())
    taken = 0
    for sequence in range(1, 201):
        sent = request(source, [element()]).SerializeToString() + filling
        message = StreamEventsRequest(sequence=sequence).SerializeToString() + length_delimited(2, sent)
        if not unread.send(message, patience=2):
            break
        taken += 1
    # Some wait in grpc, and it takes some answers before it notices that nobody does.
    assert 0 < taken < 40
    assert growth() < 2 * SETTLING
    unread.close()
    publish(server, source, element())


def test_requests_that_do_not_wait_for_answers(server: ServerProcess, growth: Callable[[], float]) -> None:
    """HTTP's pipelining is cut off beyond a few: 256 KiB of requests, all read at once, took 31 MiB."""
    first = b"POST /v1/events HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\n12345678"
    behind = b"GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n"
    with ExitStack() as stack:
        connections = [stack.enter_context(connect(server.http_address)) for _ in range(8)]
        for connection in connections:
            connection.sendall(first)
            connection.sendall(b"9" + behind * (256 * 1024 // len(behind)))
        for connection in connections:
            with suppress(ConnectionResetError):
                while connection.recv(65_536):
                    pass
        assert growth() < SETTLING
        few = stack.enter_context(connect(server.http_address))
        few.sendall(behind * MAX_PIPELINED)
        answered = b""
        while answered.count(b"HTTP/1.1 200 ") < MAX_PIPELINED:
            answered += few.recv(65_536)


@pytest.mark.fault
@pytest.mark.parametrize("door", ["unary", "stream"])
@pytest.mark.parametrize(
    ("sent", "reason"),
    [(b"\xff" * (7 * MIB), "REQUEST_TOO_LARGE"), (b"\xff" * (3 * MIB), "MALFORMED_REQUEST")],
    ids=["too large", "malformed"],
)
def test_refused_requests(
    server: ServerProcess, growth: Callable[[], float], sent: bytes, reason: str, door: str
) -> None:
    """What was refused is let go of with the answer, however seldom Python looks for circles."""
    with grpc.insecure_channel(server.ingest_address) as channel:
        call: Any = channel.unary_unary(PUBLISH, None, None)
        stream: Any = channel.stream_stream(STREAM, None, None)

        def send() -> object:
            if door == "unary":
                return call(sent, timeout=TIMEOUT)
            return list(stream(iter([sent]), timeout=TIMEOUT))

        for _ in range(100):
            assert refusal(send).details.reason == reason
    assert growth() < SETTLING + 4 * len(sent) / MIB


def test_health_checks_hold_up_nobody(shared_server: ServerProcess) -> None:
    """A service's name may be so long; who watches ten of 4 MiB fills the room of all other requests."""
    long = health_pb2.HealthCheckRequest(service="x" * 4_000_000)
    with grpc.insecure_channel(shared_server.ingest_address) as channel:
        health: Any = health_pb2_grpc.HealthStub(channel)  # its types lack its methods
        checked = refusal(lambda: health.Check(long, timeout=TIMEOUT))
        watched = refusal(lambda: next(health.Watch(long, timeout=TIMEOUT)))
        assert checked.details.reason == watched.details.reason == "REQUEST_TOO_LARGE"
        watching = health.Watch(health_pb2.HealthCheckRequest(), timeout=TIMEOUT)
        assert next(watching).status == health_pb2.HealthCheckResponse.SERVING
        assert publish(shared_server, server_source(), element()).accepted_count == 1
        watching.cancel()


async def test_streams_that_watch_health_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """One too many is refused; when one ends there is room for another, and checks are answered meanwhile."""
    monkeypatch.setattr(boundary, "MAX_WATCHERS", 2)
    # Health asks for no key.
    outer = boundary.Boundary(cast("Guard", None))
    listener = Listener(Terms("127.0.0.1:0", None, 60, reuse_port=False), "test.Service", outer, None)
    address = await listener.start()
    asked = health_pb2.HealthCheckRequest()
    async with grpc.aio.insecure_channel(address) as channel:
        health: Any = health_pb2_grpc.HealthStub(channel)  # as above
        watching = [health.Watch(asked, timeout=TIMEOUT) for _ in range(2)]
        assert [(await one.read()).status for one in watching] == [health_pb2.HealthCheckResponse.SERVING] * 2
        assert await health.Watch(asked, timeout=TIMEOUT).code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert (await health.Check(asked, timeout=TIMEOUT)).status == health_pb2.HealthCheckResponse.SERVING
        watching[0].cancel()
        while await (again := health.Watch(asked, timeout=TIMEOUT)).read() is grpc.aio.EOF:
            assert await again.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    await listener.stop(0)
