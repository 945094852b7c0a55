"""Clocks of clients: what they said is kept, and what it means by the server's clock stands beside it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from tests.support.clients import NOON, TIMEOUT, element, ingest, ping, request, server_source, unknown_arm

if TYPE_CHECKING:
    from tests.support.server import ServerProcess

NOON_MICROS = 1_783_944_000_000_000
MICROS = 1_000_000
QUERY = "SELECT occurred_at, occurred_at_corrected, received_at FROM {} WHERE event_id = ?"


@pytest.mark.parametrize("behind", [0, 90, 3_600, 400 * 86_400, -90, -400 * 86_400])
def test_a_clock_that_is_off_is_corrected(shared_server: ServerProcess, behind: int) -> None:
    """occurred_at is stored as sent; occurred_at_corrected is moved by received_at minus sent_at, exactly."""
    sent_at = Timestamp()
    sent_at.FromNanoseconds(time.time_ns() - behind * 1_000_000_000)
    occurred_at = Timestamp(seconds=sent_at.seconds - 60, nanos=123_456_789)
    events = {
        "element_stat": element(occurred_at=occurred_at),
        "ping": ping(occurred_at=occurred_at),
        "quarantined_event": unknown_arm(1000, occurred_at=occurred_at),
    }
    sent = request(server_source(), events.values())
    sent.sent_at.CopyFrom(sent_at)
    before = time.time_ns() // 1_000
    with ingest(shared_server) as stub:
        stub.PublishEvents(sent, timeout=TIMEOUT)
    after = time.time_ns() // 1_000
    for table, event in events.items():
        ((occurred, corrected, received),) = shared_server.query(QUERY.format(table), event.event_id)
        assert occurred == occurred_at.seconds * MICROS + 123_456
        assert before <= received <= after
        assert corrected - occurred == received - (sent_at.seconds * MICROS + sent_at.nanos // 1_000)


def test_without_a_clock_nothing_is_corrected(shared_server: ServerProcess) -> None:
    """A client that does not say what its clock shows is taken at its word."""
    event = element(occurred_at=NOON)
    with ingest(shared_server) as stub:
        stub.PublishEvents(request(server_source(), [event]), timeout=TIMEOUT)
    ((occurred, corrected, _),) = shared_server.query(QUERY.format("element_stat"), event.event_id)
    assert occurred == corrected == NOON_MICROS
