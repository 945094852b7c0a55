"""Bytes as they come from a Testsigma server; the first one chooses among its routes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.contract.documents import TESTSIGMA
from tests.fuzz.oracle import published
from tests.fuzz.words import json_names
from tests.support.clients import request, server_source

from aboveboard_server.errors import ServiceError
from aboveboard_server.http_edge import strict_json
from aboveboard_server.http_edge.testsigma import CONSENT, SERVER_UUID, STATS
from aboveboard_server.http_edge.testsigma_documents import KEYS, event_reader, text_at, truth_at
from aboveboard_server.schema import catalog

if TYPE_CHECKING:
    from collections.abc import Iterator

READERS = [
    event_reader(catalog.default().event(name))
    for name in ("server_ping", *(f"{stat}_stat" for stat in STATS))
]


def run(data: bytes) -> None:
    """A document is read or refused; what is read is sorted."""
    read = READERS[data[0] % len(READERS)] if data else READERS[0]
    try:
        document = strict_json.loads(data[1:])
        if not isinstance(document, dict):
            return
        source = server_source(text_at(document, SERVER_UUID))
        envelope = read(document)
        truth_at(document, CONSENT)
    except ServiceError:
        return
    published(request(source, [envelope]))


def seeds() -> Iterator[bytes]:
    """Yield the documents of the page, each on every route."""
    for place in range(len(READERS)):
        yield from (bytes([place]) + document.text.encode() for document in TESTSIGMA)


def words() -> Iterator[str]:
    """Yield the keys and enum values of every document."""
    for event in catalog.default().events:
        yield from json_names(event.message)
    yield from (f'"{key}":' for key in (SERVER_UUID, CONSENT, *KEYS.values()))
    yield from ('"CREATE"', '"2022-01-10 12:16:28"', "1641816988000", "null", "false", "NaN")
