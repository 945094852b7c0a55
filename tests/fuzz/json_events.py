"""Bytes as they come to POST /v1/events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.protobuf.json_format import MessageToJson
from tests.fuzz.oracle import published
from tests.fuzz.requests import requests
from tests.fuzz.words import json_names

from aboveboard.ingest.v1.ingest_service_pb2 import PublishEventsRequest
from aboveboard_server.errors import ServiceError
from aboveboard_server.http_edge.events import from_json

if TYPE_CHECKING:
    from collections.abc import Iterator


def run(data: bytes) -> None:
    """A request is read or refused; what is read is sorted, and an event that was not has its verdict."""
    try:
        request, broken = from_json(data)
    except ServiceError:
        return
    assert set(broken) <= set(range(len(request.events)))
    assert type(request).FromString(request.SerializeToString()) == request
    published(request)


def seeds() -> Iterator[bytes]:
    """Yield good documents of every event."""
    return (MessageToJson(request, indent=None).encode() for request in requests())


def words() -> Iterator[str]:
    """Yield every key and enum value, and what else JSON and we know by name."""
    yield from json_names(PublishEventsRequest.DESCRIPTOR)
    yield from (
        "null",
        "true",
        "NaN",
        "1e400",
        '"Infinity"',
        '"2026-07-13T12:00:00Z"',
        '"\\ud800"',
        '"\\u0000"',
    )
