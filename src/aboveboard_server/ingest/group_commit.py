"""Group commit: everything that is ready goes into one transaction.

While one commit is on its way to the disk the next group gathers, so a lone caller waits for nobody and
many callers share the cost of a sync. Commits run in a task of their own: a caller whose deadline passes
goes away without taking its neighbours' commit along.

Where many call, the next commit lingers for those that the last one answered: they are likely to call again,
and each further commit costs as much as several of its batches. It lingers on as long as that brings more of
them.
"""

from __future__ import annotations

import asyncio
import contextvars
import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import structlog

from aboveboard_server import metrics
from aboveboard_server.errors import (
    MonthBeingMadeError,
    OverloadedError,
    ServiceError,
    ShuttingDownError,
    StoreUnavailableError,
)
from aboveboard_server.storage.ports import CommitResult

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeAlias

    from aboveboard_server.storage.ports import EventBatch, EventStore

    Future: TypeAlias = asyncio.Future[CommitResult]
    _Member: TypeAlias = tuple[EventBatch, Future]

log = structlog.get_logger()

# Events in one transaction: a larger one gains nothing and makes everyone in it wait.
MAX_GROUP = 8_000
# Commits under way at once.
MAX_COMMITS = 2
# The least events that must wait for another to be begun beside the first.
LEAST_AHEAD = 2_000
# Callers up to whom none is waited for, the seconds that a commit lingers for more of them, and how often it
# does so again because that many came.
FEW_CALLERS = 4
LINGER = 0.005
MORE_LINGERS = 4
# Events waiting to be committed, beyond which new ones are refused: it bounds memory, and the wait.
MAX_PENDING = 64_000
# Bytes of them, as far as the store has packed them already.
MAX_PENDING_BYTES = 64 * 1024 * 1024
# What becomes of a request that has nothing to be stored.
NOTHING = CommitResult()


class _Ahead(NamedTuple):
    """How many events must wait for a commit to be begun beside another.

    A share of those that were taken and have no result yet, within bounds. In a larger group an event costs
    less; but callers who all wait for one commit fill no other meanwhile.
    """

    share: float
    most: int

    def enough(self, pending: int) -> int:
        """Return how many events that is of so many."""
        return min(max(round(pending * self.share), LEAST_AHEAD), self.most)


AHEAD = _Ahead(1 / 3, 4_000)
# No processor is free for what would be done meanwhile: what costs less is all that counts.
AHEAD_IN_A_CROWD = _Ahead(2 / 3, MAX_GROUP)


@dataclass(slots=True)
class _Waiting:
    """A request that waits for its commit, and what returns its batch when that begins."""

    size: int
    make: Callable[[], EventBatch | None]
    # What the store has packed of it already.
    packed_bytes: int
    future: Future


class GroupCommitter:
    """Commits batches in groups, in the order in which they came.

    `crowded` tells whether processors are; it is asked at each commit's end.
    """

    def __init__(
        self,
        store: EventStore,
        max_group: int = MAX_GROUP,
        max_pending: int = MAX_PENDING,
        crowded: Callable[[], bool] = lambda: False,
    ) -> None:
        self._store = store
        self._crowded = crowded
        self._max_group = max_group
        self._max_pending = max_pending
        self._waiting: list[_Waiting] = []
        # Events that were taken and have no result yet, and those of them that no commit has begun for.
        self._pending = self._waiting_events = self._packed_bytes = 0
        # The loop holds its tasks weakly: one that nobody else holds may vanish.
        self._commits: set[asyncio.Task[None]] = set()
        # Callers that were there when the last commit ended: those it answered, and those that waited.
        self._callers = 0
        # Events that must wait for a commit to be begun without waiting for more of them.
        self._ahead = LEAST_AHEAD
        # Whether a commit is begun that has not taken what waits yet.
        self._taking = False
        self._linger: asyncio.Handle | None = None
        # How often the next commit has lingered, and how many waited when it did so last.
        self._lingered = self._waited_then = 0
        # Commits belong to no caller, and log nothing of one.
        self._context = contextvars.copy_context()
        self._closing = False
        # Whether a batch was refused since a commit has last made room: the next would be refused as well.
        self.full = False
        # When a commit last went well, and when the newest failed, as time.monotonic() tells it; None where
        # it did not.
        self.committed_at = -math.inf
        self.failed_at: float | None = None

    def submit(self, batch: EventBatch) -> Future:
        """Queue a batch; the future is done when it is durable.

        Raises OverloadedError where too much waits already, ShuttingDownError after `close` has begun.
        """
        self._admit(batch.size)
        self._store.prepare(batch)
        return self._queue(batch.size, lambda: batch, batch.packed_bytes)

    def submit_later(self, size: int, make: Callable[[], EventBatch | None]) -> Future:
        """Queue `size` events, of which `make` makes a batch when their commit begins; see `submit`.

        Where it returns None, there is nothing to be stored.
        """
        self._admit(size)
        return self._queue(size, make, 0)

    @property
    def pending(self) -> int:
        """Events that were taken and have no result yet."""
        return self._pending

    @property
    def max_pending(self) -> int:
        """Events beyond which a batch is refused."""
        return self._max_pending

    async def close(self) -> None:
        """Commit what waits, and stop."""
        self._closing = True
        while self._waiting or self._commits:
            self._consider()
            await asyncio.sleep(0)
            if self._commits:
                await asyncio.wait(self._commits)

    def _admit(self, size: int) -> None:
        if self._closing:
            raise ShuttingDownError
        if self._pending + size > self._max_pending or self._packed_bytes > MAX_PENDING_BYTES:
            self.full = bool(self._waiting or self._commits)
            raise OverloadedError

    def _queue(self, size: int, make: Callable[[], EventBatch | None], packed_bytes: int) -> Future:
        future: Future = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(size, make, packed_bytes, future))
        self._pending += size
        self._packed_bytes += packed_bytes
        self._waiting_events += size
        self._consider()
        return future

    def _consider(self) -> None:
        """See to it that what waits is committed: now, after a while, or by the end of a commit under way."""
        if self._taking or not self._waiting or not self._may_begin():
            return
        if self._complete():
            self._begin()
        elif self._linger is None:
            self._linger = self._later()

    def _may_begin(self) -> bool:
        """Whether to begin a commit beside those under way.

        One more is sent ahead where enough waits, so that the store has no pause between two; a smaller one
        gains more by growing.
        """
        return not self._commits or (len(self._commits) < MAX_COMMITS and self._waiting_events >= self._ahead)

    def _complete(self) -> bool:
        """Whether nobody else is to be waited for."""
        return (
            self._callers <= FEW_CALLERS
            or len(self._waiting) >= self._callers
            or self._waiting_events >= min(self._max_group, self._ahead)
            or self._closing
        )

    def _linger_on(self) -> None:
        """Begin a commit, or linger once more where the last time was worth it."""
        more = len(self._waiting) - self._waited_then
        if more < FEW_CALLERS or self._lingered == MORE_LINGERS:
            self._begin()
            return
        self._lingered += 1
        self._waited_then = len(self._waiting)
        self._linger = self._later()

    def _later(self) -> asyncio.Handle:
        return asyncio.get_running_loop().call_later(LINGER, self._linger_on, context=self._context)

    def _begin(self) -> None:
        if self._linger is not None:
            self._linger.cancel()
            self._linger = None
        self._lingered = self._waited_then = 0
        self._taking = True
        # Its first step comes in the loop's next turn: whoever else is ready in this one comes along.
        task = asyncio.create_task(self._commit_group(), context=self._context.copy())
        self._commits.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._commits.discard(task)
        self._consider()

    async def _commit_group(self) -> None:
        self._taking = False
        group = self._take()
        # More may wait than fit a group.
        self._consider()
        try:
            await self._commit(_made(group))
        finally:
            ahead = AHEAD_IN_A_CROWD if self._crowded() else AHEAD
            self._ahead = ahead.enough(self._pending)
            self._pending -= sum(waiting.size for waiting in group)
            self._packed_bytes -= sum(waiting.packed_bytes for waiting in group)
            self._callers = len(group) + len(self._waiting)
            self.full = False
            for waiting in group:
                if not waiting.future.done():
                    # This task was ended, or the store broke its promise: nobody is to wait for ever.
                    _refuse(waiting.future, StoreUnavailableError())

    def _take(self) -> list[_Waiting]:
        """Take the requests that wait, as many as fit a group, and one at least."""
        size = count = 0
        for waiting in self._waiting:
            size += waiting.size
            if size > self._max_group and count:
                break
            count += 1
        group, self._waiting = self._waiting[:count], self._waiting[count:]
        self._waiting_events -= sum(waiting.size for waiting in group)
        return group

    async def _commit(self, group: Sequence[_Member]) -> None:
        if not group:
            return
        began_at = time.monotonic()
        try:
            results = await self._store.commit([batch for batch, _ in group])
        except MonthBeingMadeError as error:
            # The store is well. What is of no such month is stored.
            if len(group) == 1:
                _fail(group, error)
            else:
                await self._commit_each(group)
        except ServiceError as error:
            self.failed_at = time.monotonic()
            metrics.COMMITS_FAILED.inc()
            _fail(group, error)
        except Exception as error:  # noqa: BLE001  # whatever the driver raises must not stop the commits to come
            metrics.COMMITS_FAILED.inc()
            if len(group) == 1:
                _fail(group, error)
            else:
                log.warning("group_failed", batches=len(group), error=type(error).__name__)
                await self._commit_each(group)
        else:
            self.failed_at = None
            self.committed_at = time.monotonic()
            metrics.COMMIT_SECONDS.observe(self.committed_at - began_at)
            for (_, future), result in zip(group, results, strict=True):
                if not future.done():
                    future.set_result(result)

    async def _commit_each(self, group: Sequence[_Member]) -> None:
        """One batch made the whole group fail: commit each alone, so that only the guilty one does."""
        for member in group:
            await self._commit([member])


def _made(group: Sequence[_Waiting]) -> list[_Member]:
    """Return each request's batch; who has nothing to store, or fails, is answered at once."""
    made: list[_Member] = []
    for waiting in group:
        future = waiting.future
        try:
            batch = waiting.make()
        except Exception as error:  # noqa: BLE001  # one request's own, and told to it alone
            _refuse(future, error)
            continue
        if batch is not None:
            made.append((batch, future))
        elif not future.done():
            future.set_result(NOTHING)
    return made


def _fail(group: Sequence[_Member], error: Exception) -> None:
    for _, future in group:
        _refuse(future, error)


def _refuse(future: Future, error: Exception) -> None:
    if not future.done():
        future.set_exception(error)
        # Its caller may be gone: mark it as seen, or asyncio complains of an error nobody took.
        future.exception()
