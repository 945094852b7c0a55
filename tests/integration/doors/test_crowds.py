"""More callers at once than there is room for, at doors that are made narrow."""

from __future__ import annotations

import asyncio
import http.client
import socket
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tests.support.clients import TIMEOUT, element, ingest, publish, request, server_source

from aboveboard_client.failure import CallFailed, read_failure
from aboveboard_server.grpc_api.interceptors import boundary
from aboveboard_server.http_edge import protocol

if TYPE_CHECKING:
    from tests.support.inside import Inside


def refusal(server: Inside) -> CallFailed:
    with ingest(server) as stub, pytest.raises(grpc.RpcError) as refused:
        stub.PublishEvents(request(server_source(), [element()]), timeout=TIMEOUT)
    return read_failure(refused.value)


def is_healthy(server: Inside) -> bool:
    with grpc.insecure_channel(server.ingest_address) as channel:
        health: Any = health_pb2_grpc.HealthStub(channel)  # its types lack Check
        answer = health.Check(health_pb2.HealthCheckRequest(), timeout=TIMEOUT)
    return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


@pytest.mark.parametrize("bound", ["MAX_CALLS", "MAX_BYTES"])
async def test_calls_beyond_the_bounds(inside: Inside, monkeypatch: pytest.MonkeyPatch, bound: str) -> None:
    """A call too many, by count or bytes, is OVERLOADED with a delay; health answers."""
    with monkeypatch.context() as narrow:
        narrow.setattr(boundary, bound, 0)
        for _ in range(3):
            failure = await asyncio.to_thread(refusal, inside)
            assert (failure.code, failure.reason) == ("RESOURCE_EXHAUSTED", "OVERLOADED")
            assert failure.retry_seconds == 1
        assert await asyncio.to_thread(is_healthy, inside)
    answer = await asyncio.to_thread(publish, inside, server_source(), element())
    assert answer.accepted_count == 1


def answers_while(server: Inside, idle: int) -> list[tuple[int, str]]:
    """Return how the page and a health check are answered while so many connections do nothing."""
    host, _, port = server.http_address.rpartition(":")
    with ExitStack() as stack:
        for _ in range(idle):
            stack.enter_context(socket.create_connection((host, int(port)), TIMEOUT))
        found = []
        for path in ("/sdk.js", "/healthz"):
            connection = http.client.HTTPConnection(server.http_address, timeout=TIMEOUT)
            connection.request("GET", path)
            answer = connection.getresponse()
            found.append((answer.status, answer.headers.get("connection", "")))
            connection.close()
        return found


async def test_connections_beyond_the_bound(inside: Inside, monkeypatch: pytest.MonkeyPatch) -> None:
    """One too many is answered 429 and closed, but for health; beyond twice as many it is cut off."""
    monkeypatch.setattr(protocol, "MAX_CONNECTIONS", 2)
    assert await asyncio.to_thread(answers_while, inside, 1) == [(200, ""), (200, "")]
    assert await asyncio.to_thread(answers_while, inside, 2) == [(429, "close"), (200, "close")]
    with pytest.raises(OSError):  # noqa: PT011  # the system's own, whichever way it is broken off
        await asyncio.to_thread(answers_while, inside, 5)
