"""Counts answers and takes the time, and looks at who uses the machine meanwhile."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from typing import TYPE_CHECKING, Any

from benchmarks.probe import MIB, percentile, process_tree, proportional_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.jobs import LoadSpec, Result
    from benchmarks.probe import Usage

# Seconds between two looks at the server's memory.
SAMPLE_EVERY = 0.5


class Meter:
    """Measures one run, from `running()` to its end."""

    def __init__(self, spec: LoadSpec) -> None:
        self._pid = spec.server_pid
        self._limit = spec.seconds
        self._events = 0
        self._latencies: list[float] = []
        self._begun = self._ended = 0.0
        self._own_cpu = 0.0
        self._before: list[Usage] = []
        self._after: list[Usage] = []
        self._memory: list[float] = []
        self._proportional: list[float] = []
        # The kernel counts for milliseconds to tell: only where memory is what is measured.
        self._splits_shared = spec.lazy

    @property
    def over(self) -> bool:
        """Whether the time is over: what is under way is still awaited, and nothing more is sent."""
        return time.perf_counter() - self._begun > self._limit

    def answered(self, begun: float, events: int) -> None:
        """Count a request that was sent at `begun` and is answered now."""
        self._events += events
        self._latencies.append((time.perf_counter() - begun) * 1000)

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Take the time of what is inside."""
        over = threading.Event()
        sampler = threading.Thread(target=self._sample, args=(over,))
        sampler.start()
        try:
            self._before = process_tree(self._pid)
            own = _own_cpu()
            self._begun = time.perf_counter()
            yield
            self._ended = time.perf_counter()
            self._own_cpu = _own_cpu() - own
            self._after = process_tree(self._pid)
        finally:
            over.set()
            sampler.join()

    def result(self) -> Result:
        """Return what was measured."""
        seconds = self._ended - self._begun
        return {
            "events": self._events,
            "seconds": seconds,
            "events_per_second": self._events / seconds,
            "p50_ms": percentile(self._latencies, 0.5),
            "p99_ms": percentile(self._latencies, 0.99),
            "generator_cpu": self._own_cpu / seconds,
            "server": [self._share(usage, seconds) for usage in self._after],
            "server_rss_mib": sum(usage.rss_bytes for usage in self._after) / MIB,
            "memory_mib": self._memory,
            "proportional_mib": self._proportional,
        }

    def _share(self, usage: Usage, seconds: float) -> dict[str, Any]:
        before = {known.pid: known.cpu_seconds for known in self._before}
        taken = usage.cpu_seconds - before.get(usage.pid, 0.0)
        return {"name": usage.name, "cpu": taken / seconds, "rss_mib": usage.rss_bytes / MIB}

    def _sample(self, over: threading.Event) -> None:
        while not over.wait(SAMPLE_EVERY):
            tree = process_tree(self._pid)
            self._memory.append(sum(usage.rss_bytes for usage in tree) / MIB)
            if self._splits_shared:
                self._proportional.append(proportional_bytes(usage.pid for usage in tree) / MIB)


def _own_cpu() -> float:
    times = os.times()
    return times.user + times.system
