"""Scheduled jobs: each runs once in its interval, on one of however many servers share the database."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

import structlog

from aboveboard_server import metrics
from aboveboard_server.errors import StoreUnavailableError, UnknownTableError
from aboveboard_server.storage.unknown_tables import ADVICE
from aboveboard_server.storage.work import jobs as work

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from aboveboard_server.background import Background, Loop
    from aboveboard_server.privacy.clock import Suspicion
    from aboveboard_server.privacy.clock_guard import ClockGuard
    from aboveboard_server.storage.ports import EventStore

log = structlog.get_logger()

DAILY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be done again and again. `run` goes on where a run before it was cut off.

    `run` is given the time, by a clock that is plausible. It may be cancelled at any await, and run anew by
    any server.
    """

    name: str
    run: Callable[[datetime], Awaitable[object]]
    interval: timedelta = DAILY


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds from the start to the first look, between two looks, and until a job that failed is retried."""

    first: float = 30.0
    look: float = 60.0
    retry: float = 600.0


class Schedule:
    """Runs jobs when they are due. When each last ended well stands in the store, for every server.

    Jobs remove, publish or end things by the time: none runs while the server's clock is suspect.
    """

    def __init__(
        self,
        store: EventStore,
        guard: ClockGuard,
        jobs: Sequence[Job],
        background: Background,
        pace: Pace | None = None,
    ) -> None:
        self._store = store
        self._guard = guard
        # The jobs that were told of as skipped since the clock was plausible last.
        self._skipped: set[str] = set()
        self._jobs = jobs
        self._pace = pace or Pace()
        self._background = background
        self._loops: list[Loop] = []

    def start(self) -> None:
        """Begin to look whether a job is due."""
        self._loops = [
            self._background.start(job.name, partial(self._keep, job), self._pace.retry) for job in self._jobs
        ]

    async def stop(self) -> None:
        """Cut off what runs, between two transactions, and return when it has ended."""
        for loop in self._loops:
            await loop.stop()

    async def _keep(self, job: Job) -> None:
        pause = self._pace.first
        while True:
            await asyncio.sleep(pause)
            pause = self._pace.look if await self._look(job) else self._pace.retry

    async def _look(self, job: Job) -> bool:
        """Run a job if it is due and nobody else is at it; return False where it cannot be done now."""
        try:
            if await self._due_at(job):
                async with self._store.alone(job.name) as held:
                    # Asked again: another server may have done it a moment ago.
                    if held and (now := await self._due_at(job)):
                        await job.run(now)
                        await self._store.work(work.finish, job.name, self._guard.clock.now())
                        log.info("job_done", job=job.name)
        except StoreUnavailableError:
            log.warning("job_put_off", job=job.name)
            return False
        except UnknownTableError as error:
            log.error("job_stopped", job=job.name, unknown_tables=error.tables, advice=ADVICE)  # noqa: TRY400  # known
            metrics.ERASURE_STOPPED.labels(job.name).set(1)
            return False
        metrics.ERASURE_STOPPED.labels(job.name).set(0)
        return True

    async def _due_at(self, job: Job) -> datetime | None:
        """Return the time where a job is due and the clock plausible, else None."""
        finished_at = await self._store.read(work.finished_at, job.name)
        since = None if finished_at is None else self._guard.clock.now() - finished_at
        # An end that is yet to come was written by a clock that has been set back.
        if since is not None and timedelta() <= since < job.interval:
            return None
        found = await self._guard.judge()
        if found.suspicion:
            self._skip(job, found.suspicion)
            return None
        self._skipped.clear()
        return found.now

    def _skip(self, job: Job, suspicion: Suspicion) -> None:
        metrics.JOBS_SKIPPED.labels(job.name).inc()
        if job.name not in self._skipped:
            self._skipped.add(job.name)
            log.error("job_skipped", job=job.name, reason=f"the clock is suspect: {suspicion}")
