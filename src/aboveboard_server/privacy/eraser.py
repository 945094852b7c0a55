"""Carries deletions out in the background: erases, scrubs, signs the receipts.

Administrators' deletions come first, then the oldest. The worker goes by turns that are bounded, however many
deletions wait: a drain waits for one of them. All that it must know stands in the store, so that it goes on
where it stopped, whatever stopped it; of several servers on one database whichever comes first does the next
chunk.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import structlog

from aboveboard_server import metrics
from aboveboard_server.background import failed
from aboveboard_server.errors import StoreUnavailableError, UnknownTableError
from aboveboard_server.storage.unknown_tables import ADVICE
from aboveboard_server.storage.work import erasure_queue as work

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aboveboard_server.background import Background
    from aboveboard_server.privacy.receipt_chain import ReceiptChain
    from aboveboard_server.storage.ports import EventStore

log = structlog.get_logger()
JOB = "eraser"

# Rows that one transaction removes: on SQLite nothing else is stored meanwhile.
CHUNK = 500
# Seconds between the beginnings of two chunks: most of the time is for those who send, even where each row
# lies on a page of its own and a chunk takes ten times as long as where they lie together.
PACE_SECONDS = 0.1
# Seconds between two looks at what another server may have begun, or at whether it is quiet.
POLL_SECONDS = 1.0
# Seconds until scrubbing is tried again that somebody's reading has kept from being whole.
RETRY_SECONDS = 30.0
# Seconds between two scrubs of which only sources are the cause: each rewrites the whole file.
ANONYMOUS_INTERVAL = 3_600.0


@dataclass(frozen=True, slots=True)
class ScrubPolicy:
    """When to scrub: after so many seconds without an event, and so long after the erasure at the latest."""

    quiet_seconds: float = 10.0
    within: timedelta = timedelta(hours=24)


class Eraser:
    """Runs until it is closed.

    `cut_off_next` cuts off a deletion that waits for a plausible clock, and returns whether there was one.
    """

    def __init__(
        self,
        store: EventStore,
        chain: ReceiptChain,
        policy: ScrubPolicy,
        cut_off_next: Callable[[], Awaitable[bool]],
        background: Background,
    ) -> None:
        self._store = store
        self._cut_off_next = cut_off_next
        self._chain = chain
        self._policy = policy
        self._wake = asyncio.Event()
        self._closing = False
        self._scrub_not_before = 0.0
        self._log_unknown_not_before = 0.0
        self._scrubbed_at = -ANONYMOUS_INTERVAL
        self._loop = background.start(JOB, self._run)

    def wake(self) -> None:
        """Look at once at what there is to do."""
        self._wake.set()

    async def close(self) -> None:
        """Let the chunk under way end, and stop; the rest is for the next start."""
        self._closing = True
        self._wake.set()
        await self._loop.join()

    async def _run(self) -> None:
        while not self._closing:
            self._wake.clear()
            if await self._attempt():
                continue
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), POLL_SECONDS)

    async def _attempt(self) -> bool:
        """Do the next thing; return whether there may be more at once."""
        try:
            return await self._next()
        except StoreUnavailableError:
            # The store has said why; it may pass.
            return False
        except UnknownTableError as error:
            # Another version's, made since this server started. The deletions wait: none would be whole.
            metrics.ERASURE_STOPPED.labels(JOB).set(1)
            if time.monotonic() >= self._log_unknown_not_before:
                log.error("deletions_stopped", unknown_tables=error.tables, advice=ADVICE)  # noqa: TRY400  # no fault
                self._log_unknown_not_before = time.monotonic() + RETRY_SECONDS
            return False

    async def _next(self) -> bool:
        """Take one turn: a chunk of rows, some receipts, a scrub where one is due."""
        has_cut_off = await self._cut_off()
        if not await self._store.read(work.is_anything_unfinished):
            metrics.ERASURE_STOPPED.labels(JOB).set(0)
            return has_cut_off
        batch = await self._store.read(work.running)
        more = bool(batch.deletion_ids) and await self._erase(batch)
        # Before a scrub, which a full disk may keep from being done for long.
        more = await self._sign() or more
        # What sources have begun never keeps an administrator's deletion from its scrub.
        if self._store.scrubs and batch.is_anonymous:
            more = await self._scrub() or more
        if more:
            metrics.ERASURE_STOPPED.labels(JOB).set(0)
        return more or has_cut_off

    async def _cut_off(self) -> bool:
        """Cut off a deletion that waits for that; one that cannot be cut off holds up none of the others."""
        try:
            return await self._cut_off_next()
        except StoreUnavailableError:
            return False
        except Exception as error:  # noqa: BLE001  # whatever it is, it is tried again
            failed(JOB, error)
            return False

    async def _erase(self, batch: work.Batch) -> bool:
        begun = time.monotonic()
        done = await self._store.work(work.carry_on, batch.deletion_ids, CHUNK)
        if done is None:
            return False
        if done and not await self._store.work(work.erased, done, datetime.now(UTC)):
            return False
        for deletion_id in done:
            log.info("deletion_erased", deletion_id=deletion_id)
        if len(done) < len(batch.deletion_ids):
            await asyncio.sleep(begun + PACE_SECONDS - time.monotonic())
        return True

    async def _scrub(self) -> bool:
        if time.monotonic() < self._scrub_not_before:
            return False
        due = self._due(await self._store.read(work.unscrubbed))
        if due is None:
            return False
        if not await self._store.scrub(quiet_seconds=due):
            self._scrub_not_before = time.monotonic() + POLL_SECONDS
            if due == 0:
                log.warning("scrubbing_delayed", reason="the database is being read")
                self._scrub_not_before = time.monotonic() + RETRY_SECONDS
            return False
        self._scrubbed_at = time.monotonic()
        # On a store that scrubs this worker alone says that something is erased, and not meanwhile.
        await self._store.work(work.scrubbed, datetime.now(UTC))
        return True

    def _due(self, waiting: work.Unscrubbed) -> float | None:
        """Return how long no event may have come for what waits to be scrubbed now; None where it may wait.

        What sources alone have begun costs a rewrite of the file at most once in ANONYMOUS_INTERVAL.
        """
        now = datetime.now(UTC)
        if waiting.administrators is not None:
            overdue = waiting.administrators <= now - self._policy.within
            return 0 if waiting.at_once or overdue else self._policy.quiet_seconds
        if waiting.anonymous is None or time.monotonic() < self._scrubbed_at + ANONYMOUS_INTERVAL:
            return None
        overdue = waiting.anonymous <= now - max(self._policy.within, timedelta(seconds=ANONYMOUS_INTERVAL))
        return 0 if overdue else self._policy.quiet_seconds

    async def _sign(self) -> bool:
        """Sign the receipts of some deletions that need no more; return whether there were any."""
        rows = await self._store.read(work.unsigned, scrubs=self._store.scrubs)
        if not rows:
            return False
        # Where another server has signed meanwhile, the next turn sees it.
        if not await self._store.work(work.sign, await self._chain.extend(rows)):
            return False
        for row in rows:
            log.info("deletion_receipt_signed", deletion_id=row.deletion_id, state=row.state)
        return True
