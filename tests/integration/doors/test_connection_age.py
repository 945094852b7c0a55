"""Connections end when they have grown old, and callers who behave do not notice."""

from __future__ import annotations

import http.client
import itertools
import ssl
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import grpc
from tests.integration.doors.conftest import AGE
from tests.support.clients import TIMEOUT, element, held, request, server_source
from tests.support.hosts import QUICK

from aboveboard.event.v1.change_type_pb2 import CHANGE_TYPE_CREATE
from aboveboard.event.v1.test_asset_pb2 import ElementStat
from aboveboard.ingest.v1.ingest_service_pb2 import StreamEventsRequest
from aboveboard.ingest.v1.ingest_service_pb2_grpc import IngestServiceStub
from aboveboard.telemetry.v1.source_pb2 import ServerSource
from aboveboard_client import Client

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.integration.doors.conftest import Secured

    from aboveboard.telemetry.v1.event_pb2 import EventEnvelope
    from aboveboard.telemetry.v1.source_pb2 import Source

# Seconds between two requests, and enough of them to outlive a connection, whose end is scattered by a tenth.
PAUSE = 0.1
REQUESTS = round(AGE * 1.5 / PAUSE)


def by_calls(secured: Secured) -> int:
    """Call again and again on one channel; return how often it had to connect anew."""
    lost = []

    def notice(state: grpc.ChannelConnectivity) -> None:
        if state is grpc.ChannelConnectivity.IDLE:
            lost.append(state)

    with secured.channel(secured.server.ingest_address) as channel:
        stub = IngestServiceStub(channel)
        stub.PublishEvents(request(server_source(), [element()]), timeout=TIMEOUT)
        channel.subscribe(notice)
        for _ in range(REQUESTS):
            stub.PublishEvents(request(server_source(), [element()]), timeout=TIMEOUT)
            time.sleep(PAUSE)
    return len(lost)


def by_streams(secured: Secured) -> int:
    """Send on a stream until it ends, the rest on further ones; return how many there were."""
    source = server_source()
    events = [element(str(number)) for number in range(REQUESTS)]
    streams = acknowledged = 0
    with secured.channel(secured.server.ingest_address) as channel:
        while acknowledged < len(events):
            streams += 1
            for answer in IngestServiceStub(channel).StreamEvents(
                paced(source, events, acknowledged), timeout=TIMEOUT
            ):
                acknowledged = answer.acknowledged_through
    assert held(secured.server, source) == {"element_stat": REQUESTS}
    return streams


def paced(source: Source, events: list[EventEnvelope], acknowledged: int) -> Iterator[StreamEventsRequest]:
    for number in itertools.islice(itertools.count(), acknowledged, len(events)):
        yield StreamEventsRequest(sequence=number + 1, publish=request(source, [events[number]]))
        time.sleep(PAUSE)


def by_http(secured: Secured) -> int:
    """Ask again and again; return how often the connection was not kept."""
    context = ssl.create_default_context(cadata=secured.authority.pem.decode())
    connection = http.client.HTTPSConnection(secured.server.http_address, timeout=TIMEOUT, context=context)
    closed = 0
    for _ in range(REQUESTS):
        connection.request("GET", "/healthz")
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (200, b"ok\n")
        closed += answer.headers.get("connection") == "close"
        time.sleep(PAUSE)
    connection.close()
    return closed


def by_sdk(secured: Secured, directory: Path) -> int:
    """Record and flush again and again; return how many events were delivered."""
    source = ServerSource(server_uuid=str(uuid.uuid4()), solution="host")
    with Client(
        secured.server.ingest_address,
        source,
        directory=directory,
        heartbeat=False,
        tls=True,
        root_certificates=secured.authority.pem,
        timing=QUICK,
    ) as client:
        for _ in range(REQUESTS):
            assert client.record(ElementStat(element_id="1", change_type=CHANGE_TYPE_CREATE))
            assert client.flush(TIMEOUT)
            time.sleep(PAUSE)
        return client.stats().accepted


def test_callers_who_behave_do_not_notice(secured: Secured, tmp_path: Path) -> None:
    """Calls, streams, HTTP and the SDK go on past a connection's age, on new ones, without a failure."""
    with ThreadPoolExecutor(4) as pool:
        calls = pool.submit(by_calls, secured)
        streams = pool.submit(by_streams, secured)
        asked = pool.submit(by_http, secured)
        delivered = pool.submit(by_sdk, secured, tmp_path)
    assert calls.result() >= 1
    assert streams.result() >= 2
    assert asked.result() >= 1
    assert delivered.result() == REQUESTS
