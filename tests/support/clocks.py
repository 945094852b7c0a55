"""Clocks that a test sets, and the guard over one."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, cast

from aboveboard_server.background import Background
from aboveboard_server.privacy.clock import Clock
from aboveboard_server.privacy.clock_guard import ClockGuard
from aboveboard_server.storage.work.clock import Mark

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aboveboard_server.privacy.journal_writer import JournalWriter
    from aboveboard_server.storage.ports import EventStore


class SetClock(Clock):
    """The real clock, moved by as much as a test says; the kernel vouches for it where a test says so."""

    def __init__(self, moved: timedelta = timedelta(), *, is_synchronised: bool = False) -> None:
        self.moved = moved
        self.ran = 0.0
        self.synchronised = is_synchronised

    def now(self) -> datetime:
        """Return the time that it shows."""
        return super().now() + self.moved

    def running(self) -> float:
        """Return how long it ran, and what a test adds to that."""
        return super().running() + self.ran

    def is_synchronised(self) -> bool:
        """What a test has the kernel say."""
        return self.synchronised

    def run(self, time: timedelta) -> None:
        """Let time pass, for the clock and for the process."""
        self.moved += time
        self.ran += time.total_seconds()


class Marks:
    """A journal that keeps nothing but clock marks, in memory."""

    def __init__(self, marks: Iterable[Mark] = ()) -> None:
        self.marks = list(marks)

    async def clock_mark(self, at: datetime, acceptance: int = 0) -> None:
        """Keep one."""
        self.marks.append(Mark(acceptance, at))


def guard_of(store: EventStore, clock: Clock | None = None, marks: Marks | None = None) -> ClockGuard:
    """Return a guard of a store, which has not started; of the real clock where none is given."""
    return ClockGuard(store, cast("JournalWriter", marks or Marks()), Background(), clock)


class NoGuard:
    """A clock guard that takes every clock for right: what it forbids is tried elsewhere."""

    suspicion = None
    clock = Clock()

    async def start(self, marks: object) -> None:
        """Take in what the journal tells of time."""


NO_GUARD = cast("ClockGuard", NoGuard())
