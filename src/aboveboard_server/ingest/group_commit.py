"""Group commit: everything that is ready goes into one transaction.

While one commit is on its way to the disk the next group gathers, so a lone caller waits for nobody and
many callers share the cost of a sync. Commits run in a task of their own: a caller whose deadline passes
goes away without taking its neighbours' commit along.
"""

from __future__ import annotations

import asyncio
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
MAX_GROUP = 8_000
# Events waiting to be committed, beyond which new ones are refused: it bounds memory, and the wait.
MAX_PENDING = 64_000


class GroupCommitter:
    """Commits batches in groups, in the order in which they came."""

    def __init__(self, store: EventStore, max_group: int = MAX_GROUP, max_pending: int = MAX_PENDING) -> None:
        self._store = store
        self._max_group = max_group
        self._max_pending = max_pending
        self._waiting: list[tuple[EventBatch, Future]] = []
        self._pending = 0
        self._wake = asyncio.Event()
        self._closing = False
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
        self._wake.set()
        return future

    async def close(self) -> None:
        """Commit what waits, and stop."""
        self._closing = True
        self._wake.set()
        await self._task

    async def _run(self) -> None:
        while not (self._closing and not self._waiting):
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                group = self._take()
                await self._commit(group)
                self._pending -= sum(len(batch) for batch, _ in group)

    def _take(self) -> list[tuple[EventBatch, Future]]:
        """Take the batches that wait, as many as fit a group, and one at least."""
        size = count = 0
        for batch, _ in self._waiting:
            size += len(batch)
            if size > self._max_group and count:
                break
            count += 1
        group, self._waiting = self._waiting[:count], self._waiting[count:]
        return group

    async def _commit(self, group: Sequence[tuple[EventBatch, Future]]) -> None:
        try:
            results = await self._store.commit([batch for batch, _ in group])
        except ServiceError as error:
            _fail(group, error)
        except Exception as error:  # noqa: BLE001  # whatever the driver raises must not stop the commits to come
            await self._commit_each(group, error)
        else:
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
