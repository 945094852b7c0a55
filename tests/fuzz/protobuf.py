"""Bytes as they come to PublishEvents and StreamEvents, whole or to be salvaged."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from tests.fuzz.oracle import published
from tests.fuzz.requests import requests

from aboveboard.ingest.v1.ingest_service_pb2 import PublishEventsRequest, StreamEventsRequest
from aboveboard_server.errors import ServiceError
from aboveboard_server.ingest import decoding, salvage

if TYPE_CHECKING:
    from collections.abc import Iterator


def run(data: bytes) -> None:
    """A message is read or refused, alike whether it is salvaged or not; what is read is sorted."""
    try:
        request = decoding.parse(PublishEventsRequest, data)
    except ServiceError:
        pass
    else:
        published(request)
        if salvage.MALFORMED not in request.events:
            assert salvage.publish_request(data) == request
    with suppress(ServiceError):
        published(decoding.parse(StreamEventsRequest, data).publish)


def seeds() -> Iterator[bytes]:
    """Yield good requests of every event, and one with a text that is not UTF-8."""
    made = [request.SerializeToString() for request in requests()]
    yield from made
    yield from (
        StreamEventsRequest(sequence=1, publish=request).SerializeToString() for request in requests()
    )
    yield made[-1].replace(b"4.1.10", b"4.1.1\xff")
    yield made[0].replace(b"0190a3f2", b"0190a3f\xff")


def words() -> Iterator[str]:
    """Yield what texts may be told apart by."""
    yield from ("CREATE", "Linux", "\0", "0190a3f2-7c1e-7d3a-9b52-3f6f2f1c8a10", "4.1.10")
