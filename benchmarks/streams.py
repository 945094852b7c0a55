"""One StreamEvents call under load: a window of requests under way, acknowledged cumulatively."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from typing import TYPE_CHECKING, Any

from benchmarks.pools import WrongAnswerError

if TYPE_CHECKING:
    from aboveboard.ingest.v1.ingest_service_pb2 import StreamEventsResponse
    from benchmarks.meter import Meter
    from benchmarks.pools import Expected


class Stream:
    """Sends its share of requests, numbered from 1, never more than `window` without an answer."""

    def __init__(self, method: Any, requests: list[bytes], expected: Expected, window: int) -> None:
        self._call = method()
        self._requests = requests
        self._expected = expected
        self._window = asyncio.Semaphore(window)
        self._begun: deque[float] = deque()
        self._sent = 0
        self._acknowledged = 0

    async def run(self, meter: Meter) -> None:
        """Send until all is sent or the time is over, and read until all that was sent is acknowledged."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._write(meter))
            tasks.create_task(self._read(meter))

    async def _write(self, meter: Meter) -> None:
        for data in self._requests:
            await self._window.acquire()
            if meter.over:
                break
            self._begun.append(time.perf_counter())
            self._sent += 1
            await self._call.write(data)
        await self._call.done_writing()

    async def _read(self, meter: Meter) -> None:
        async for response in self._call:
            for _ in range(self._take(response)):
                meter.answered(self._begun.popleft(), self._expected.batch)
                self._window.release()
        if self._acknowledged != self._sent:
            raise WrongAnswerError(f"{self._acknowledged} of {self._sent} requests of a stream acknowledged")

    def _take(self, response: StreamEventsResponse) -> int:
        """Check one answer, and return how many requests it acknowledges."""
        count = response.acknowledged_through - self._acknowledged
        if not 0 < count <= self._sent - self._acknowledged:
            raise WrongAnswerError(f"acknowledged through {response.acknowledged_through} of {self._sent}")
        verdicts = [verdict.verdict for verdict in response.verdicts]
        self._expected.check(response.accepted_count, verdicts, count)
        self._acknowledged = response.acknowledged_through
        return count
