"""Addresses of callers are kept nowhere: not in the database, the log, the client's files or the metrics."""

from __future__ import annotations

import http.client
import ipaddress
import json
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from tests.support import raw_http2
from tests.support.clients import (
    PUBLISH,
    TIMEOUT,
    deployment_source,
    element,
    held,
    ping,
    request,
    server_source,
    unknown_arm,
)
from tests.support.hosts import QUICK
from tests.support.http_clients import EVENTS, JSON, element_json, request_json, server_json
from tests.support.server import ServerProcess

from aboveboard.event.v1.change_type_pb2 import CHANGE_TYPE_CREATE
from aboveboard.event.v1.test_asset_pb2 import ElementStat
from aboveboard.ingest.v1.ingest_service_pb2 import PublishEventsResponse
from aboveboard.telemetry.v1.source_pb2 import ServerSource
from aboveboard_client import Client

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

UUID = "0195f3d8-7165-11ec-8d28-2641d35f62cd"
# One that this machine calls from, and those that proxies name.
OWN = "127.0.0.77"
FORWARDED = ("203.0.113.77", "2001:db8:77::1234")
HEADERS = [
    ("x-forwarded-for", ", ".join(FORWARDED)),
    ("forwarded", f'for={FORWARDED[0]};by="[{FORWARDED[1]}]"'),
    *[
        (name, address)
        for name in ("x-real-ip", "true-client-ip", "cf-connecting-ip")
        for address in FORWARDED
    ],
]
LISTENERS = {"IPv4": ("127.0.0.1", OWN), "IPv6": ("[::1]", "::1")}


def forms(address: str) -> list[bytes]:
    """Return what an address looks like: as text, as a number, and packed in either order of bytes."""
    parsed = ipaddress.ip_address(address)
    texts = {address, parsed.exploded, str(int(parsed)), parsed.packed.hex(), str(parsed.packed)}
    return [*(text.encode() for text in texts), parsed.packed, parsed.packed[::-1]]


@pytest.fixture(params=LISTENERS, scope="module")
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServerProcess]:
    """A server on IPv4 or on IPv6 that tells as much as it ever does."""
    host, _ = LISTENERS[request.param]
    process = ServerProcess(tmp_path_factory.mktemp(request.param), "--log-level", "debug")
    process.start(*[f"{host}:0"] * 3)
    yield process
    process.kill()


def test_no_address_is_kept(server: ServerProcess) -> None:
    """Whatever a caller's address is, and whatever its proxies say: no form of it in anything that stays."""
    host = server.ingest_address.rpartition(":")[0]
    own = dict(LISTENERS.values())[host]
    taken = send_all(server, own)
    assert taken == held(server)["element_stat"] + held(server)["ping"] + held(server)["quarantined_event"]
    address, port = server.http_address.rsplit(":", 1)
    with closing(http.client.HTTPConnection(address.strip("[]"), int(port), TIMEOUT, (own, 0))) as connection:
        connection.request("GET", "/metrics", headers=dict(HEADERS))
        figures = connection.getresponse().read()
    files = {path.name: path.read_bytes() for path in server.folder.rglob("*") if path.is_file()}
    assert {"aboveboard.db", "aboveboard.db-wal", "server.log", "journal"} <= files.keys()
    # Where it listens is its own affair.
    log = files.pop("server.log")
    kept = {**files, "log": b"\n".join(line for line in log.splitlines() if b'"serving"' not in line)}
    for one in (own, *FORWARDED):
        # That of IPv6 is zeros but for one bit, and so is much of a database: only its text is looked for.
        looked_for = [b"::1"] if one == "::1" else forms(one)
        for name, data in {**kept, "figures": figures}.items():
            assert not [form for form in looked_for if form in data], (one, name)


def send_all(server: ServerProcess, own: str) -> int:
    """Send good and bad events from an address through both doors; return how many rows that makes."""
    events = [element(), ping(payload={"a": 1}), unknown_arm(900), element(event_id="no UUID")]
    rows = 0
    for source in (server_source(), deployment_source("company")):
        headers = [(name.encode(), value.encode()) for name, value in HEADERS]
        data = request(source, events).SerializeToString()
        answer = raw_http2.call(server.ingest_address, PUBLISH.encode(), data, headers, own)
        rows += PublishEventsResponse.FromString(answer).accepted_count + 1
        raw_http2.call(server.ingest_address, PUBLISH.encode(), b"broken", headers, own)
        raw_http2.call(server.admin_address, PUBLISH.encode(), data, headers, own)
        events = [element(), ping(payload={"a": 2}), unknown_arm(901)]
    host, port = server.http_address.rsplit(":", 1)
    for path, document in (
        (EVENTS, request_json(server_json(UUID), element_json())),
        (EVENTS, "broken"),
        ("/api_public/stats/element", {"serverUuid": UUID, "elementId": 1, "eventType": "CREATE"}),
    ):
        with closing(
            http.client.HTTPConnection(host.strip("[]"), int(port), TIMEOUT, (own, 0))
        ) as connection:
            connection.request("POST", path, json.dumps(document), {"Content-Type": JSON, **dict(HEADERS)})
            rows += connection.getresponse().status < 300
    return rows


def test_the_client_keeps_no_address(server: ServerProcess, tmp_path: Path) -> None:
    """Neither the Python SDK's spool nor its log of what was sent holds where it is or sends to."""
    source = ServerSource(server_uuid=UUID, solution="host")
    client = Client(server.ingest_address, source, directory=tmp_path, heartbeat=False, timing=QUICK)
    for number in range(3):
        assert client.record(ElementStat(element_id=str(number), change_type=CHANGE_TYPE_CREATE))
    spooled = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert any(spooled)
    client.close(10)
    kept = b"".join(spooled + [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()])
    for one in ("127.0.0.1", OWN, "[::1]", *FORWARDED):
        assert one.encode() not in kept
