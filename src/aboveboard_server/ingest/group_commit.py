"""Group commit: everything that is ready goes into one transaction.

While one commit is on its way to the disk the next group gathers, so a lone caller waits for nobody and
many callers share the cost of a sync. Commits run in a task of their own: a caller whose deadline passes
goes away without taking its neighbours' commit along.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import structlog

from aboveboard_server.errors import OverloadedError, ServiceError, ShuttingDownError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeAlias

    from aboveboard_server.storage.ports import CommitResult, EventBatch, EventStore

    Future: TypeAlias = asyncio.Future[CommitResult]

log = structlog.get_logger()

# Events in one transaction: a larger one gains nothing and makes everyone in it wait.
MAX_GROUP = 4_000
# Commits under way at once, and the events that must wait for another to be begun beside the first.
MAX_COMMITS = 2
SEND_AHEAD = 2_000
# Events waiting to be committed, beyond which new ones are refused: it bounds memory, and the wait.
MAX_PENDING = 64_000


class GroupCommitter:
    """Commits batches in groups, in the order in which they came."""

    def __init__(self, store: EventStore, max_group: int = MAX_GROUP, max_pending: int = MAX_PENDING) -> None:
        self._store = store
        self._max_group = max_group
        self._max_pending = max_pending
        self._waiting: list[tuple[EventBatch, Future]] = []
        # Events that were taken and have no result yet, and those of them that no commit has begun for.
        self._pending = self._waiting_events = 0
        self._commits = 0
        self._wake = asyncio.Event()
        self._closing = False
        # When the newest commit failed, as time.monotonic() tells it; None where it did not.
        self.failed_at: float | None = None
        self._task = asyncio.create_task(self._run(), name="group-commit")

    def submit(self, batch: EventBatch) -> Future:
        """Queue a batch; the future is done when it is durable.

        Raises OverloadedError where too much waits already, ShuttingDownError after `close` has begun.
        """
        if self._closing:
            raise ShuttingDownError
        if self._pending + len(batch) > self._max_pending:
            raise OverloadedError
        future: Future = asyncio.get_running_loop().create_future()
        self._waiting.append((batch, future))
        self._pending += len(batch)
        self._waiting_events += len(batch)
        self._wake.set()
        return future

    async def close(self) -> None:
        """Commit what waits, and stop."""
        self._closing = True
        self._wake.set()
        await self._task

    async def _run(self) -> None:
        # The loop holds its tasks weakly: one that nobody else holds may vanish.
        tasks: set[asyncio.Task[None]] = set()
        while self._waiting or self._commits or not self._closing:
            while self._waiting and self._may_begin():
                self._commits += 1
                task = asyncio.create_task(self._commit_group(self._take()))
                tasks.add(task)
                task.add_done_callback(tasks.discard)
            await self._wake.wait()
            self._wake.clear()

    def _may_begin(self) -> bool:
        """Whether to begin a commit beside those under way.

        One more is sent ahead where a whole group's worth waits, so that the store has no pause between two;
        a smaller one gains more by growing.
        """
        return not self._commits or (self._commits < MAX_COMMITS and self._waiting_events >= SEND_AHEAD)

    async def _commit_group(self, group: Sequence[tuple[EventBatch, Future]]) -> None:
        try:
            await self._commit(group)
        finally:
            self._commits -= 1
            self._pending -= sum(len(batch) for batch, _ in group)
            self._wake.set()

    def _take(self) -> list[tuple[EventBatch, Future]]:
        """Take the batches that wait, as many as fit a group, and one at least."""
        size = count = 0
        for batch, _ in self._waiting:
            size += len(batch)
            if size > self._max_group and count:
                break
            count += 1
        group, self._waiting = self._waiting[:count], self._waiting[count:]
        self._waiting_events -= sum(len(batch) for batch, _ in group)
        return group

    async def _commit(self, group: Sequence[tuple[EventBatch, Future]]) -> None:
        try:
            results = await self._store.commit([batch for batch, _ in group])
        except ServiceError as error:
            self.failed_at = time.monotonic()
            _fail(group, error)
        except Exception as error:  # noqa: BLE001  # whatever the driver raises must not stop the commits to come
            await self._commit_each(group, error)
        else:
            self.failed_at = None
            for (_, future), result in zip(group, results, strict=True):
                if not future.done():
                    future.set_result(result)

    async def _commit_each(self, group: Sequence[tuple[EventBatch, Future]], error: Exception) -> None:
        """One batch made the whole group fail: commit each alone, so that only the guilty one does."""
        if len(group) == 1:
            _fail(group, error)
            return
        log.warning("group_failed", batches=len(group), error=type(error).__name__)
        for member in group:
            await self._commit([member])


def _fail(group: Sequence[tuple[EventBatch, Future]], error: Exception) -> None:
    for _, future in group:
        if not future.done():
            future.set_exception(error)
            # Its caller may be gone: mark it as seen, or asyncio complains of an error nobody took.
            future.exception()
