"""What is sent and stored: three event types mixed, as ready bytes and as ready rows.

Each template is a real event, serialized once and turned into its row once by `schema.rows`. Copies differ
in their id alone, which is put in its place in the bytes and in the row.
"""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aboveboard.event.v1.change_type_pb2 import CHANGE_TYPE_CREATE, CHANGE_TYPE_UPDATE
from aboveboard.event.v1.server_pb2 import ServerPing
from aboveboard.ingest.v1.ingest_service_pb2 import PublishEventsRequest
from aboveboard.schema.v1.annotations_pb2 import CATEGORY_INTERACTION, CATEGORY_TECHNICAL
from aboveboard.telemetry.v1.event_pb2 import EventEnvelope
from aboveboard.telemetry.v1.source_pb2 import Source
from aboveboard_server.schema import catalog as schema_catalog
from aboveboard_server.schema import rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from aboveboard_server.schema.rows import Row

TYPES = ("test_case_stat", "server_ping", "ping")
VARIANTS = 16
# Distinct sources that the load of one run comes from: servers and deployments by turns.
SOURCES = 64
SENTINEL = "00000000-0000-7000-8000-000000000000"


@dataclass(frozen=True, slots=True)
class Template:
    """One event without its id: its bytes within a request, and its row."""

    table: str
    bytes_before: bytes
    bytes_after: bytes
    row_before: Row
    row_after: Row


def templates() -> list[Template]:
    """Return the mix, the three types by turns."""
    return [_template(name, variant) for variant in range(VARIANTS) for name in TYPES]


def columns(table: str) -> tuple[str, ...]:
    """Return the columns of an event's stored row, those the store puts before it included."""
    catalog = schema_catalog.default()
    return ("source_id", "received_at", *rows.columns(catalog, catalog.event(table)))


def sources(count: int = SOURCES, first: int = 0) -> list[Source]:
    """Return that many distinct sources."""
    return [_source(number) for number in range(first, first + count)]


def company(number: int) -> str:
    """Return the identifier of the company that the source of that (odd) number belongs to."""
    return f"company-{number}"


def source_row(number: int, seen_at: int) -> dict[str, rows.Value]:
    """Return the `source` row of the source of that number, for a preload."""
    catalog = schema_catalog.default()
    source = _source(number)
    arm = source.WhichOneof("origin")
    origin = next(origin for origin in catalog.origins if origin.name == arm)
    values = rows.source_maker(catalog, origin)(getattr(source, origin.name))
    return {
        "fingerprint": hashlib.sha256(f"preload {number}".encode()).digest(),
        "origin": origin.name,
        "first_seen_at": seen_at,
        "last_seen_at": seen_at,
        **dict(zip(rows.source_columns(catalog), values, strict=True)),
    }


def request_heads() -> list[bytes]:
    """Return all of a request but its events, for each source. What is appended to it are its events."""
    heads = []
    for source in sources():
        head = PublishEventsRequest(source=source)
        head.sent_at.GetCurrentTime()
        heads.append(head.SerializeToString())
    return heads


def request(head: bytes, mix: Sequence[Template], ids: Sequence[str], offset: int = 0) -> bytes:
    """Return a request with an event for each id; the first is of the template at `offset`."""
    parts = [head]
    size = len(mix)
    for position, event_id in enumerate(ids, offset):
        template = mix[position % size]
        parts += (template.bytes_before, event_id.encode(), template.bytes_after)
    return b"".join(parts)


def stored_rows(mix: Sequence[Template], ids: Sequence[str], head: Row) -> Iterator[tuple[str, Row]]:
    """Yield table and row of an event for each id; `head` is its source's id and the time of receipt."""
    size = len(mix)
    for position, event_id in enumerate(ids):
        template = mix[position % size]
        yield template.table, (*head, *template.row_before, event_id, *template.row_after)


def _template(name: str, variant: int) -> Template:
    catalog = schema_catalog.default()
    envelope = _envelope(name, variant)
    data = PublishEventsRequest(events=[envelope]).SerializeToString()
    before, after = data.split(SENTINEL.encode())
    event = catalog.event(name)
    row = rows.row_maker(catalog, event)(envelope, 0)
    id_at = rows.columns(catalog, event).index("event_id")
    return Template(name, before, after, row[:id_at], row[id_at + 1 :])


def _envelope(name: str, variant: int) -> EventEnvelope:
    envelope = EventEnvelope(event_id=SENTINEL)
    envelope.occurred_at.FromMicroseconds(time.time_ns() // 1_000 - variant * 1_001)
    if name == "test_case_stat":
        envelope.test_case_stat.test_case_id = str(1_000 + variant)
        envelope.test_case_stat.change_type = CHANGE_TYPE_UPDATE if variant % 2 else CHANGE_TYPE_CREATE
    elif name == "server_ping":
        ping = envelope.server_ping
        ping.server_version, ping.server_os = "2.4.1", "LINUX"
        ping.trigger = ServerPing.TRIGGER_INTERVAL
        ping.last_up_time.GetCurrentTime()
    else:
        envelope.ping.event_name = "CallHandled"
        envelope.ping.payload["duration_ms"] = 1_520 + variant
        envelope.ping.category = CATEGORY_TECHNICAL if variant % 2 else CATEGORY_INTERACTION
    return envelope


def _source(number: int) -> Source:
    source = Source()
    if number % 2:
        source.deployment.solution = "Connects"
        source.deployment.company_id = company(number)
        source.deployment.company_name = f"Company {number}"
        source.deployment.deployment_id = f"deployment-{number}"
        source.deployment.user_id = f"user-{number}"
        source.deployment.version = "8.1.0"
    else:
        source.server.server_uuid = f"0195f3d8-7165-4000-8000-{number:012x}"
        source.server.solution = "Testsigma CE"
        source.server.version = "2.4.1"
    return source
