"""Whether processors are crowded: how long this thread waits for one when it could run.

Linux alone tells, by a thread's schedstat; elsewhere it counts as not crowded.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

# What the kernel tells a thread of itself: nanoseconds that it ran, nanoseconds that it waited for a
# processor, and how often it ran.
SCHEDSTAT = Path("/proc/thread-self/schedstat")
# Seconds from one look to the next, which takes some 10 µs, and what a look before counts of the one after.
BETWEEN = 0.1
FADING = 0.75
# Waiting as a share of the time that the thread could have run. A server that has its processors to itself
# comes to less than 0.1, two workers and their PostgreSQL on two processors to 0.25 and more.
CROWDED = 0.15


class Crowding:
    """What was known of one thread at the last look; to be asked by that thread alone."""

    def __init__(self, schedstat: Path = SCHEDSTAT, clock: Callable[[], float] = time.monotonic) -> None:
        self._schedstat = schedstat
        self._clock = clock
        self._next_look = -1.0
        self._before: tuple[int, int] | None = None
        # Nanoseconds, those of long ago faded.
        self._ran = self._waited = 0.0

    def crowded(self) -> bool:
        """Return whether processors are crowded."""
        now = self._clock()
        if now >= self._next_look:
            self._next_look = now + BETWEEN
            self._look()
        return self._waited > CROWDED * (self._ran + self._waited)

    def _look(self) -> None:
        try:
            ran, waited, _ = map(int, self._schedstat.read_text(encoding="ascii").split())
        except (OSError, ValueError):
            self._before, self._ran, self._waited = None, 0.0, 0.0
            return
        if self._before is not None:
            ran_before, waited_before = self._before
            self._ran = FADING * self._ran + ran - ran_before
            self._waited = FADING * self._waited + waited - waited_before
        self._before = ran, waited
