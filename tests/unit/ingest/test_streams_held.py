"""What streams hold of requests that are not acknowledged is bounded."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from aboveboard.ingest.v1.ingest_service_pb2 import StreamEventsRequest
from aboveboard_server.errors import OverloadedError
from aboveboard_server.ingest import stream
from aboveboard_server.ingest.service import Outcome
from aboveboard_server.ingest.stream import MAX_BYTES, MAX_STREAM_BYTES, Streams, acknowledge

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aboveboard_server.ingest.service import IngestService


class Sent:
    """So many requests of so many bytes; `count` is how many were read."""

    def __init__(self, requests: int, size: int) -> None:
        self.size, self.count = size, 0
        self._requests = requests

    async def __aiter__(self) -> AsyncIterator[StreamEventsRequest]:
        while self.count < self._requests:
            self.count += 1
            await asyncio.sleep(0)
            yield StreamEventsRequest(sequence=self.count)


class Service:
    """Stores each request at once."""

    def begin(self, _: object, **_bound: bool) -> SimpleNamespace:
        """Return what is done already."""
        outcome = Outcome(1, [], enabled=True)
        return SimpleNamespace(is_held=False, done=True, outcome_by_now=lambda: outcome, tell=lambda *_: None)


SERVICE = cast("IngestService", Service())


async def test_a_stream_that_is_read_holds_nothing_at_its_end() -> None:
    """However much it sends: what is acknowledged counts no more."""
    streams, sent = Streams(60), Sent(100, MAX_BYTES // 10)
    acknowledged = [answer.acknowledged_through async for answer in acknowledge(sent, SERVICE, streams)]
    assert acknowledged[-1] == 100
    assert streams.held == 0


async def test_nothing_is_read_of_a_stream_whose_answers_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is cut off after a while, and holds nothing then."""
    monkeypatch.setattr(stream, "PATIENCE", 0.2)
    streams, sent = Streams(60), Sent(1_000, MAX_STREAM_BYTES // 10)
    held = []

    async def read_one() -> None:
        async for _ in acknowledge(sent, SERVICE, streams):
            try:
                await asyncio.sleep(60)
            finally:
                held.append(streams.held)

    reading = asyncio.create_task(read_one())
    await asyncio.wait([reading], timeout=30)
    assert reading.cancelled()
    assert MAX_STREAM_BYTES < held[0] <= 1.1 * MAX_STREAM_BYTES + 1
    assert sent.count < 20
    await asyncio.sleep(0)
    assert streams.held == 0


async def test_all_streams_together_are_bounded() -> None:
    """One that sends while others hold all there is room for ends as overloaded."""
    streams = Streams(60)
    streams.held = MAX_BYTES
    with pytest.raises(OverloadedError):
        _ = [answer async for answer in acknowledge(Sent(1, 1), SERVICE, streams)]
    assert streams.held == MAX_BYTES
