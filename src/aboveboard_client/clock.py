"""What time events are given, whatever the machine's clock does."""

from __future__ import annotations

from time import time_ns

NANOSECONDS = 1_000_000_000
# The years that the service stores; what lies outside it would reject.
EARLIEST = 946_684_800 * NANOSECONDS  # 2000-01-01
LATEST = 4_102_444_799 * NANOSECONDS  # 2099-12-31


class Clock:
    """The wall clock in ns since 1970, held within the years 2000 to 2100. Waiting goes by monotonic time."""

    def __init__(self) -> None:
        self._ahead_by = 0
        self._started = time_ns() // NANOSECONDS
        # Whether an event of ours has counted as erased though it was new.
        self._is_behind = False

    def now(self) -> int:
        """Return the time for `occurred_at` and `sent_at`; by one clock, so that their distance holds."""
        return min(max(time_ns() + self._ahead_by, EARLIEST), LATEST)

    def learn(self, server_time: int, erased_before: int) -> None:
        """Go by the server's clock where ours is so far behind that new events would count as erased.

        Both in ns since 1970; `erased_before` is 0 where nothing was erased, or where the service does not
        say. Otherwise our own clock stays: the server corrects by `sent_at`.
        """
        self._ahead_by = max(server_time - time_ns(), 0) if self._is_behind else 0
        if erased_before and time_ns() <= erased_before:
            self._ahead_by = max(server_time - time_ns(), erased_before + NANOSECONDS - time_ns())

    def erased(self, occurred_at: int) -> None:
        """Take note that an event of that time, in s since 1970, was refused as one of an erased subject.

        One that is from before we began may be older than the erasure; any other says that our clock is
        behind, or that the service refuses what occurs in the hour of the erasure.
        """
        if occurred_at >= self._started:
            self._is_behind = True
