"""Good requests of every event and every kind of source, to begin with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.contract.filled import fill
from tests.support.clients import deployment_source, element, request, server_source, unknown_arm

from aboveboard.telemetry.v1.event_pb2 import EventEnvelope
from aboveboard_server.schema import catalog

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aboveboard.ingest.v1.ingest_service_pb2 import PublishEventsRequest

# The same in every run.
EVENT_ID = "0190a3f2-7c1e-7d3a-9b52-3f6f2f1c8a10"
SERVER_UUID = "6fdd9a1c-5f0a-4e3c-8d43-0a2f4c9b7e11"


def requests() -> Iterator[PublishEventsRequest]:
    """Yield a request of one event for each kind, and one of several."""
    sources = server_source(SERVER_UUID), deployment_source("c", user_id="u", version="4.1.10")
    for turn, event in enumerate(catalog.default().events):
        envelope = element(event_id=EVENT_ID)
        envelope.ClearField("element_stat")
        getattr(envelope, event.name).CopyFrom(fill(event.message))
        yield request(sources[turn % 2], [envelope])
    events = [element(event_id=EVENT_ID, sequence=7), unknown_arm(900, event_id=EVENT_ID), EventEnvelope()]
    yield request(sources[1], events)
