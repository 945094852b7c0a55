"""Looks after a running server: is it ready, how late is its event loop, how large has everything become."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import structlog

from aboveboard_server import metrics
from aboveboard_server.errors import StoreUnavailableError
from aboveboard_server.storage.work import waiting_deletions

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from aboveboard_server.background import Background, Loop
    from aboveboard_server.ingest.group_commit import GroupCommitter
    from aboveboard_server.ingest.readiness import Readiness
    from aboveboard_server.storage.ports import EventStore

log = structlog.get_logger()

# Seconds between two looks at the loop, the queue and a store that is not ready.
TICK = 1.0
# Seconds that a store counts as ready without a commit: without traffic, each look costs a sync.
IDLE = 5.0
# Seconds between two looks at the size of the database, for which PostgreSQL looks at each of its files, and
# at the deletions that wait.
STORE_INTERVAL = 60.0


class Monitor:
    """Tells `told` whether the server is ready each time that changes, and sets the figures of `metrics`.

    Does each of `minutely` once a minute, again where the store was away.
    """

    def __init__(
        self,
        store: EventStore,
        committer: GroupCommitter,
        readiness: Readiness,
        told: Sequence[Callable[[bool], Awaitable[None]]],
        minutely: Mapping[str, Callable[[], Awaitable[None]]],
    ) -> None:
        self._store = store
        self._committer = committer
        self._readiness = readiness
        self._told = told
        self._minutely = minutely
        self._loops: list[Loop] = []
        # What was counted of the processor's time so far.
        self._cpu_seconds = 0.0

    def start(self, background: Background) -> None:
        """Begin to look."""
        metrics.START_SECONDS.set(time.time())
        metrics.QUEUE_LIMIT_EVENTS.set(self._committer.max_pending)
        looks: dict[str, Callable[[], Awaitable[None]]] = {
            "process": self._look_at_process,
            "readiness": self._look_at_readiness,
        }
        minutely = {"size": self._look_at_size, "deletions": self._look_at_deletions, **self._minutely}
        looks |= {name: _each_interval(look) for name, look in minutely.items()}
        self._loops = [background.start(name, look) for name, look in looks.items()]

    async def stop(self) -> None:
        """Look no more."""
        for loop in self._loops:
            await loop.stop()

    async def _look_at_process(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            metrics.QUEUE_EVENTS.set(self._committer.pending)
            self._cpu_seconds = metrics.look_at_process(self._cpu_seconds)
            metrics.settle()
            due = loop.time() + TICK
            await asyncio.sleep(TICK)
            metrics.LOOP_LAG_SECONDS.observe(max(0.0, loop.time() - due))

    async def _look_at_readiness(self) -> None:
        was_ready = True
        while True:
            ready = await self._readiness.is_ready(IDLE)
            metrics.READY.set(ready)
            if ready is not was_ready:
                log.warning("ready" if ready else "not_ready")
                for tell in self._told:
                    await tell(ready)
            was_ready = ready
            await asyncio.sleep(TICK)

    async def _look_at_size(self) -> None:
        metrics.DATABASE_BYTES.set(await self._store.size())

    async def _look_at_deletions(self) -> None:
        waiting = await self._store.read(waiting_deletions.waiting)
        metrics.DELETIONS_WAITING.set(waiting.number)
        age = (datetime.now(UTC) - waiting.oldest).total_seconds() if waiting.oldest else 0.0
        metrics.DELETIONS_WAITING_SECONDS.set(max(0.0, age))


def _each_interval(look: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
    """Return a loop that looks again and again."""

    async def keep_looking() -> None:
        while True:
            try:
                await look()
            except StoreUnavailableError:
                await asyncio.sleep(TICK)
            else:
                await asyncio.sleep(STORE_INTERVAL)

    return keep_looking
