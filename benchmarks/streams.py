"""One StreamEvents call under load: a window of requests under way, acknowledged cumulatively."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING

from aboveboard.ingest.v1.ingest_service_pb2 import StreamEventsResponse
from benchmarks.pools import WrongAnswerError

if TYPE_CHECKING:
    from benchmarks.http2 import Connection
    from benchmarks.meter import Meter
    from benchmarks.pools import Expected


class Stream:
    """Sends its share of requests, numbered from 1, never more than `window` without an answer."""

    def __init__(
        self, connection: Connection, requests: list[bytes], expected: Expected, window: int
    ) -> None:
        self._connection = connection
        self._call = connection.call()
        self._requests = iter(requests)
        self._expected = expected
        self._window = window
        self._begun: deque[float] = deque()
        self._sent = 0
        self._acknowledged = 0
        self._finished = False

    def send(self, meter: Meter) -> None:
        """Send as many as the window takes, and nothing more once all is sent or the time is over."""
        while not self._finished and len(self._begun) < self._window:
            data = None if meter.over else next(self._requests, None)
            if data is None:
                self._finished = True
                self._connection.finish(self._call)
                return
            self._begun.append(time.perf_counter())
            self._sent += 1
            self._connection.send(self._call, data, last=False)

    def take(self, message: bytes, meter: Meter) -> None:
        """Check one answer, count what it acknowledges, and send as much anew."""
        response = StreamEventsResponse.FromString(message)
        count = response.acknowledged_through - self._acknowledged
        if not 0 < count <= self._sent - self._acknowledged:
            raise WrongAnswerError(f"acknowledged through {response.acknowledged_through} of {self._sent}")
        verdicts = [verdict.verdict for verdict in response.verdicts]
        self._expected.check(response.accepted_count, verdicts, count)
        self._acknowledged = response.acknowledged_through
        for _ in range(count):
            meter.answered(self._begun.popleft(), self._expected.batch)
        self.send(meter)

    def ended(self) -> None:
        """Check that all that was sent is acknowledged."""
        if self._acknowledged != self._sent or not self._finished:
            raise WrongAnswerError(f"{self._acknowledged} of {self._sent} requests of a stream acknowledged")
