"""The clock as an administrator sees it, and accepts it."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import TYPE_CHECKING

import structlog

from aboveboard.admin.v1 import clock_pb2 as c
from aboveboard_server.privacy import arguments, times
from aboveboard_server.privacy.journal_lines import Tombstone
from aboveboard_server.storage.columns import to_micros
from aboveboard_server.storage.work import clock as clock_work
from aboveboard_server.storage.work import cut_offs as work
from aboveboard_server.storage.work.audit import Act

if TYPE_CHECKING:
    from datetime import datetime

    from aboveboard_server.privacy.clock_guard import ClockGuard, Judgement
    from aboveboard_server.privacy.journal_writer import JournalWriter
    from aboveboard_server.storage.ports import EventStore

log = structlog.get_logger()

# How far the accepted time may be from the server's clock.
TOLERANCE = timedelta(minutes=5)


class ClockAdmin:
    """What AdminService promises of the clock."""

    def __init__(self, store: EventStore, journal: JournalWriter, guard: ClockGuard) -> None:
        self._store = store
        self._journal = journal
        self._guard = guard

    async def get(self) -> c.Clock:
        """Return how the clock stands."""
        return await self._described(await self._guard.judge())

    async def accept(self, request: c.AcceptClockRequest, actor: str) -> c.AcceptClockResponse:
        """Take the server's clock for right, and set back to it what lies in its future."""
        accepted, reference = _time(request), arguments.reference(request.reference)
        now = self._guard.clock.now()
        if abs(now - accepted) > TOLERANCE:
            raise arguments.invalid("time", "more than 5 minutes from the server's clock: see GetClock")
        await self._tell_journal(now)
        act = Act(actor, "AcceptClock", reference=reference, details=now.isoformat(timespec="seconds"))
        _, rewritten = await self._store.work(work.accept_clock, now, act)
        log.warning("clock_accepted", now=now.isoformat(), rewritten_cut_offs=rewritten)
        described = await self._described(await self._guard.note())
        return c.AcceptClockResponse(clock=described, rewritten_cut_offs=rewritten)

    async def _tell_journal(self, now: datetime) -> None:
        """Have the journal tell of it first: what it does not know, a restored backup would bring back."""
        kept = (await self._store.read(clock_work.look)).kept
        acceptance = kept.acceptance + 1 if kept else 1
        at = to_micros(now)
        tombstones = [
            Tombstone(*found, cut_off_at=at, acceptance=acceptance)
            for found in await self._store.read(work.after, now)
        ]
        await self._journal.accepted(tombstones, now, acceptance)

    async def _described(self, judged: Judgement) -> c.Clock:
        future = await self._store.read(work.future, judged.now)
        suspicion = f"SUSPICION_{judged.suspicion or 'UNSPECIFIED'}"
        return c.Clock(
            server_time=times.timestamp(judged.now),
            database_time=times.timestamp(judged.database_time or judged.now),
            newest_time=times.timestamp(judged.kept.newest_at),
            is_synchronised=judged.is_synchronised,
            suspicion=c.Clock.Suspicion.Value(suspicion),
            suspect_since=times.timestamp(self._guard.suspect_since),
            future_cut_offs=future.cut_offs,
            future_rows=future.rows,
            waiting_deletions=future.waiting,
        )


def _time(request: c.AcceptClockRequest) -> datetime:
    if not request.HasField("time"):
        raise arguments.invalid("time", "required")
    try:
        return request.time.ToDatetime(UTC)
    except (ValueError, OverflowError):
        raise arguments.invalid("time", "not a time") from None
