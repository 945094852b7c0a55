"""Says whether the server's clock is plausible: what cannot be undone asks it first.

Each process judges its own clock. What servers have kept of theirs stands in the database, where all of them
see it, and in the journal, which outlives the database.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from aboveboard.error.v1 import error_reason_pb2 as reasons
from aboveboard_server import metrics
from aboveboard_server.errors import ServiceError, StoreUnavailableError
from aboveboard_server.privacy.clock import BACKWARDS, BEHIND, Clock, judge
from aboveboard_server.storage.columns import from_micros
from aboveboard_server.storage.work import clock as work

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from aboveboard_server.background import Background, Loop
    from aboveboard_server.privacy.clock import Suspicion
    from aboveboard_server.privacy.journal_lines import ClockMark
    from aboveboard_server.privacy.journal_writer import JournalWriter
    from aboveboard_server.storage.ports import EventStore
    from aboveboard_server.storage.work.clock import Kept, Mark

log = structlog.get_logger()

# Seconds until the clock is compared with the time that has passed, and until it is judged and noted.
TICK = 1.0
KEEP = 60.0
# Seconds from the start until it is noted first: whoever sends comes first.
FIRST = 10.0
# Seconds that a clock may jump between two ticks without being judged at once.
JUMP = 60.0
# What is added to both ends of a span in which a clock is behind: it is known to the second, and its end is
# noted ahead, so that it is there where the server ends before it.
MARGIN = timedelta(seconds=2 * KEEP)
# How often the journal is told of the newest time.
MARK_EVERY = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a clock showed, and what was said of it; `suspicion` is None where it is plausible."""

    now: datetime
    kept: Kept
    database_time: datetime | None
    is_synchronised: bool
    suspicion: Suspicion | None
    # The newest time that this process has shown by the clock that is accepted, as it was seen each second.
    shown: datetime

    @property
    def is_behind(self) -> bool:
        """Whether the clock is suspect of being behind."""
        return self.suspicion in BACKWARDS

    @property
    def cut_off(self) -> datetime:
        """The cut-off of a deletion that begins now: the latest time that a server is known to have shown.

        A clock that is plausible may be behind others by an hour, and what came by theirs must not come back.
        """
        if self.suspicion:
            return self.now
        known = [self.now]
        if self.database_time:
            known.append(self.database_time - self.kept.database_ahead)
        # What lies further ahead was shown by a clock that was set right since: this one is not behind.
        newest = max(one for one in (self.kept.newest_at, self.shown, self.now) if one <= self.now + BEHIND)
        if newest > self.now:
            # It has gone on since it was noted.
            known.append(newest + MARGIN)
        return max(known)


class ClockGuard:
    """Judges a clock, and notes how long this server runs and what its clock shows while it is plausible."""

    def __init__(
        self,
        store: EventStore,
        journal: JournalWriter,
        background: Background,
        clock: Clock | None = None,
    ) -> None:
        self._store = store
        self._background = background
        self._journal = journal
        self.clock = clock or Clock()
        self._suspicion: Suspicion | None = None
        self._suspect_since: datetime | None = None
        # The clock at the last tick, and when it was noted last: both with how long this process ran by then.
        self._ticked: tuple[datetime, float] = (self.clock.now(), self.clock.running())
        self._noted_at = self.clock.running()
        # The newest time that was shown while the clock was plausible, and by which acceptance.
        self._shown = work.Mark(-1, self._ticked[0])
        self._due_after = FIRST
        self._start = work.Start(None, None)
        # The total of all servers as this one has seen it last.
        self._seen = timedelta()
        self._marked: Mark | None = None
        self._loop: Loop | None = None
        self._told: list[Callable[[], None]] = []

    @property
    def suspicion(self) -> Suspicion | None:
        """Why the clock was suspect when it was judged last, None where it was plausible."""
        return self._suspicion

    @property
    def suspect_since(self) -> datetime | None:
        """Since when this process holds its clock for suspect, None where it does not."""
        return self._suspect_since

    def when_plausible(self, told: Callable[[], None]) -> None:
        """Call `told` each time that the clock is plausible again."""
        self._told.append(told)

    async def start(self, marks: Iterable[ClockMark]) -> None:
        """Judge the clock, and go on until closed; StoreUnavailableError where it cannot begin.

        `marks` are the journal's. To be called before anything is written: where nothing is kept, what is
        written says what time it was. Where nothing is wrong it writes nothing itself: a server starts
        sooner.
        """
        found = [work.Mark(one.acceptance, from_micros(one.at)) for one in marks]
        self._marked = max(found, default=None)
        newest = None
        if (await self._store.read(work.look)).kept is None:
            newest = await self._store.read(work.newest_written)
        self._start = work.Start(newest, self._marked)
        done = await self.judge()
        self._seen = done.kept.total
        if done.suspicion:
            await self.note()
        elif newest is None:
            # Nothing else tells the time: from here on it is held against this.
            self._start = work.Start(done.now, self._marked)
        if self._loop is None:
            # Called again where the database went back.
            self._loop = self._background.start("clock", self._keep_up)

    async def close(self) -> None:
        """Stop."""
        if self._loop is not None:
            await self._loop.stop()

    async def judge(self) -> Judgement:
        """Judge the clock as it is now."""
        found, database_time = await self._store.read(work.look)
        now = self.clock.now()
        kept = work.begun(self._start, found, now)
        is_synchronised = self.clock.is_synchronised()
        suspicion = judge(now, kept, database_time=database_time, is_synchronised=is_synchronised)
        if not suspicion:
            self._show(now, kept.acceptance)
        done = Judgement(now, kept, database_time, is_synchronised, suspicion, self._shown.at)
        was_behind = self._suspicion in BACKWARDS
        self._became(done)
        if done.is_behind and not was_behind:
            await self._note_span(done)
        return done

    async def not_behind(self) -> datetime:
        """Return the time; ServiceError where the clock is behind, so that nobody can consent to it."""
        judged = await self.judge()
        if judged.is_behind:
            text = f"the server's clock is suspect ({judged.suspicion}): see GetClock and AcceptClock"
            raise ServiceError(reasons.ERROR_REASON_CLOCK_SUSPECT, text)
        return judged.now

    async def note(self) -> Judgement:
        """Judge the clock, and note what is to be kept of it."""
        done = await self.judge()
        running = self.clock.running()
        if done.is_behind:
            await self._note_span(done)
        elapsed = timedelta(seconds=running - self._noted_at)
        now = None if done.suspicion else done.now
        kept = await self._store.work(work.keep, self._start, now, elapsed, self._seen)
        self._noted_at, self._due_after = running, KEEP
        if kept is not None:
            self._seen = kept.total
            if now is not None:
                await self._mark(kept)
        return done

    async def _note_span(self, done: Judgement) -> None:
        """Note that the clock is behind, and may have been since the last tick."""
        since = timedelta(seconds=self.clock.running() - self._ticked[1])
        span = work.Period(done.now - since - MARGIN, done.now + MARGIN)
        await self._store.work(work.add_period, span)

    async def _mark(self, kept: Kept) -> None:
        """Have the journal tell of the newest time, where it has not for long."""
        mark = work.Mark(kept.acceptance, kept.newest_at)
        told = self._marked
        if told and told.acceptance == mark.acceptance and mark.at - told.at < MARK_EVERY:
            return
        await self._journal.clock_mark(mark.at, mark.acceptance)
        self._marked = mark

    def _show(self, now: datetime, acceptance: int) -> None:
        if acceptance != self._shown.acceptance or now > self._shown.at:
            self._shown = work.Mark(acceptance, now)

    async def _keep_up(self) -> None:
        while True:
            await asyncio.sleep(TICK)
            # Where it is away the store has said why. How long this server runs is noted when it is back.
            with contextlib.suppress(StoreUnavailableError):
                await self._tick()

    async def _tick(self) -> None:
        now, running = self.clock.now(), self.clock.running()
        before, ran_before = self._ticked
        expected = before + timedelta(seconds=running - ran_before)
        has_jumped = abs((now - expected).total_seconds()) > JUMP
        if has_jumped or running - self._noted_at >= self._due_after:
            await self.note()
        elif self._suspicion:
            # It may be right again by a jump that no tick has seen.
            await self.judge()
        else:
            self._show(now, self._shown.acceptance)
        # Where that failed it is tried again, and what has passed since is still to be noted.
        self._ticked = (now, running)

    def _became(self, done: Judgement) -> None:
        before, self._suspicion = self._suspicion, done.suspicion
        metrics.CLOCK_SUSPECT.set(done.suspicion is not None)
        if done.suspicion == before:
            return
        if done.suspicion is None:
            self._suspect_since = None
            log.warning("clock_plausible", now=done.now.isoformat())
            for told in self._told:
                told()
            return
        self._suspect_since = self._suspect_since or done.now
        log.error(
            "clock_suspect",
            reason=done.suspicion,
            now=done.now.isoformat(),
            newest=done.kept.newest_at.isoformat(),
            swept=done.kept.swept_at.isoformat(),
            database=done.database_time.isoformat() if done.database_time else None,
            synchronised=done.is_synchronised,
        )
