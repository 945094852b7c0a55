"""Nothing that a caller sends reaches the log, wherever it stands; every line there is one JSON object."""

from __future__ import annotations

import itertools
import json
import socket
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from grpc_health.v1 import health_pb2
from tests.support import raw_http2, spoilt
from tests.support.browser import eventually
from tests.support.clients import NOON, TIMEOUT, element, new_id, request, server_source
from tests.support.figures import figures
from tests.support.http_clients import EVENTS, PREFERENCE, PROTOBUF, STATUS, TEXT, call, exchange
from tests.support.server import ServerProcess

from aboveboard.admin.v1 import admin_service_pb2 as admin
from aboveboard.ingest.v1 import ingest_service_pb2 as ingest
from aboveboard_server.http_edge import testsigma
from aboveboard_server.schema import catalog

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
    from google.protobuf.message import Message

    from aboveboard_server.schema.catalog import Field

SCHEMA = catalog.default()
MARK = "CANARY"
UUID = "0195f3d8-7165-11ec-8d28-2641d35f62cd"
SERVICES: dict[str, ServiceDescriptor] = {
    "ingest_address": ingest.DESCRIPTOR.services_by_name["IngestService"],
    "admin_address": admin.DESCRIPTOR.services_by_name["AdminService"],
}
numbers = itertools.count()


def canary() -> str:
    """Return a text that nobody else sends, that would begin a line of its own and colour a terminal."""
    return f"{MARK}-{next(numbers)}\r\n\x1b[31m{MARK}\x1b[0m\n{{}}"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server that tells as much as it ever does; whatever was sent to it, its log is clean in the end."""
    process = ServerProcess(tmp_path_factory.mktemp("canaries"), "--log-level", "debug")
    process.start()
    yield process
    told = str(figures(process))
    assert process.stop() == 0
    log = process.log_file.read_bytes()
    for line in log.splitlines():
        assert isinstance(json.loads(line), dict)
    for trace in (MARK.encode(), b"\r", b"\x1b", b"Traceback"):
        assert trace not in log
    assert MARK not in told


def lines(server: ServerProcess, event: str) -> int:
    """Count the log's lines of one kind."""
    return sum(line["event"] == event for line in server.log())


def logged(server: ServerProcess, event: str, before: int, calls: int) -> bool:
    """Whether the log comes to have one line for each call: the answer may be there before its line."""
    eventually(lambda: lines(server, event) >= before + calls)
    return lines(server, event) == before + calls


def send(address: str, method: MethodDescriptor, data: bytes, metadata: list[tuple[str, Any]]) -> None:
    """Call a method with these bytes for a request, and go through whatever it answers."""
    name = f"/{method.containing_service.full_name}/{method.name}"
    with grpc.insecure_channel(address) as channel:
        make: Any = channel.stream_stream if method.client_streaming else channel.unary_stream
        sent: Any = iter([data]) if method.client_streaming else data
        try:
            for _ in make(name)(sent, timeout=TIMEOUT, metadata=metadata):
                pass
        except grpc.RpcError:
            # Refused or not: the log has one line of it.
            pass


@pytest.mark.parametrize("address", SERVICES)
def test_every_field_of_every_request_and_metadata(server: ServerProcess, address: str) -> None:
    """A canary in each text of each request, valid or not, and in the metadata beside it: one line a call."""
    before, calls = lines(server, "rpc"), 0
    for method in SERVICES[address].methods:
        for message in spoilt.messages(method.input_type, canary):
            # Let in, where a token opens the door, and not.
            for token in (server.token, MARK):
                for data in (message.SerializeToString(), b"\xff" + canary().encode()):
                    metadata = [
                        ("x-request-id", MARK),
                        ("authorization", f"Bearer {token}"),
                        ("grpc-trace-bin", canary().encode()),
                    ]
                    send(getattr(server, address), method, data, metadata)
                    calls += 1
    assert calls > 10
    assert logged(server, "rpc", before, calls)


def test_events_that_are_taken(server: ServerProcess) -> None:
    """Good events with canaries in all that they may hold leave no more than their number."""
    before = lines(server, "rpc")
    sent = list(spoilt.messages(ingest.PublishEventsRequest.DESCRIPTOR, canary))
    accepted = 0
    with grpc.insecure_channel(server.ingest_address) as channel:
        publish: Any = channel.unary_unary(
            "/aboveboard.ingest.v1.IngestService/PublishEvents",
            ingest.PublishEventsRequest.SerializeToString,
            ingest.PublishEventsResponse.FromString,
        )
        for message in sent:
            accepted += publish(made_good(message), timeout=TIMEOUT).accepted_count
    assert accepted > 10
    assert logged(server, "rpc", before, len(sent))


def made_good(message: Any) -> Message:
    """Return a request whose source and envelopes are as they must be; the canaries are in the rest."""
    source = message.source
    if source.HasField("server"):
        source.server.server_uuid = UUID
    message.ClearField("sent_at")
    # One that is no key is refused whole.
    message.ClearField("write_key")
    for origin in SCHEMA.origins:
        if source.HasField(origin.name):
            make_identifiers(getattr(source, origin.name), origin.fields)
    for event in message.events:
        for kind in SCHEMA.events:
            if event.HasField(kind.name):
                make_identifiers(getattr(event, kind.name), kind.fields)
        event.event_id = new_id()
        event.occurred_at.CopyFrom(NOON)
    return message  # type: ignore[no-any-return]  # made from a descriptor


def make_identifiers(message: Any, fields: Iterable[Field]) -> None:
    """Leave of the canaries in identifiers what an identifier may hold."""
    for field in fields:
        if field.is_identifier:
            setattr(message, field.name, "".join(filter(str.isprintable, getattr(message, field.name))))


def test_headers_that_no_library_sends(server: ServerProcess) -> None:
    """Paths and metadata with line breaks and escapes in them, on both gRPC listeners and over HTTP."""
    good = request(server_source(), [element()]).SerializeToString()
    evil = canary().encode()
    for address in (server.ingest_address, server.admin_address):
        for path in (evil, b"/" + evil, f"/{MARK}/{MARK}".encode()):
            raw_http2.call(address, path, good)
        for header in ((b"x-evil", evil), (evil, b"value"), (b"user-agent", evil), (b"te", evil)):
            raw_http2.call(address, b"/aboveboard.ingest.v1.IngestService/PublishEvents", good, [header])
        raw_http2.call(address, b"/grpc.health.v1.Health/Check", spoilt_health())
        host, port = address.rsplit(":", 1)
        with socket.create_connection((host, int(port)), timeout=TIMEOUT) as connection:
            connection.sendall(evil * 20)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65_536):
                pass
    for head in (
        b"GET /" + evil + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /%0d%0a" + MARK.encode() + b"?%1b" + MARK.encode() + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        MARK.encode() + b" / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: " + evil + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX-Evil: a\rb\x1b" + MARK.encode() + b"\r\n\r\n",
        evil * 100,
    ):
        exchange(server, head)


def spoilt_health() -> bytes:
    return health_pb2.HealthCheckRequest(service=canary()).SerializeToString()


def test_every_route(server: ServerProcess) -> None:
    """Canaries in bodies, good and broken, in headers, query, path and write key: one line a request."""
    before, calls = lines(server, "http"), 0
    quoted = f"%0D%0A%1b{MARK}"
    stats = [("POST", f"/api_public/stats/{name}") for name in testsigma.STATS]
    testsigma_routes = [
        ("PUT", f"/api_public/servers/{UUID}"),
        ("PUT", f"/api_public/servers/{quoted}"),
        *stats,
    ]
    routes = [
        *[("POST", path) for path in (EVENTS, STATUS, PREFERENCE)],
        *testsigma_routes,
        *[(method, f"/k/{quoted}{path}") for method, path in testsigma_routes],
        *[("GET", path) for path in ("/", "/sdk.js", "/healthz", "/readyz", "/metrics", "/v1/receipts/head")],
        ("GET", f"/{quoted}"),
        ("OPTIONS", EVENTS),
    ]
    document = {
        "serverUuid": UUID,
        "eventType": canary(),
        "source": {"server": {"serverUuid": UUID, "solution": canary()}},
        "writeKey": canary(),
        "events": [{canary(): canary()}, {"eventId": canary(), "ping": {"eventName": canary()}}],
    }
    bodies = (json.dumps(document), json.dumps({canary(): canary()}), json.dumps(canary()), canary())
    for method, path in routes:
        for body in bodies if method in {"POST", "PUT"} else [None]:
            for kind in (TEXT, "application/json", PROTOBUF, f"text/{MARK}"):
                call(
                    server,
                    method,
                    f"{path}?{quoted}={quoted}",
                    body,
                    kind,
                    User_Agent=MARK,
                    Cookie=f"{MARK}={MARK}",
                    Referer=f"http://{MARK}/",
                    Origin=f"http://{MARK}",
                    Authorization=f"Bearer {MARK}",
                )
                calls += 1
    assert logged(server, "http", before, calls)
