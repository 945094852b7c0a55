"""Carries deletions out in the background, the oldest first: erases, scrubs, signs the receipt.

All that it must know stands in the store, so that it goes on where it stopped, whatever stopped it; of
several servers on one database whichever comes first does the next chunk.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import structlog

from aboveboard_server.errors import StoreUnavailableError, UnknownTableError
from aboveboard_server.storage.unknown_tables import ADVICE
from aboveboard_server.storage.work import deletions as work
from aboveboard_server.unforeseen import internal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aboveboard_server.privacy.receipt_chain import ReceiptChain
    from aboveboard_server.storage.ports import EventStore
    from aboveboard_server.storage.privacy_tables import DeletionRow

log = structlog.get_logger()

# Rows that one transaction removes: on SQLite nothing else is stored meanwhile.
CHUNK = 500
# Seconds between the beginnings of two chunks: most of the time is for those who send, even where each row
# lies on a page of its own and a chunk takes ten times as long as where they lie together.
PACE_SECONDS = 0.1
# Seconds between two looks at what another server may have begun, or at whether it is quiet.
POLL_SECONDS = 1.0
# Seconds until scrubbing is tried again that somebody's reading has kept from being whole.
RETRY_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class ScrubPolicy:
    """When to scrub: after so many seconds without an event, and so long after the erasure at the latest."""

    quiet_seconds: float = 10.0
    within: timedelta = timedelta(hours=24)


class Eraser:
    """Runs until it is closed."""

    def __init__(self, store: EventStore, chain: ReceiptChain, policy: ScrubPolicy) -> None:
        self._store = store
        self._chain = chain
        self._policy = policy
        self._wake = asyncio.Event()
        self._closing = False
        self._scrub_not_before = 0.0
        self._log_unknown_not_before = 0.0
        self._task = asyncio.create_task(self._run(), name="eraser")

    def wake(self) -> None:
        """Look at once at what there is to do."""
        self._wake.set()

    async def close(self) -> None:
        """Let the chunk under way end, and stop; the rest is for the next start."""
        self._closing = True
        self._wake.set()
        await self._task

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
            if time.monotonic() >= self._log_unknown_not_before:
                log.error("deletions_stopped", unknown_tables=error.tables, advice=ADVICE)  # noqa: TRY400  # no fault
                self._log_unknown_not_before = time.monotonic() + RETRY_SECONDS
            return False
        except Exception as error:  # noqa: BLE001  # nothing may stop the deletions to come
            internal(error, job="eraser")
            return False

    async def _next(self) -> bool:
        unfinished = await self._store.read(work.unfinished)
        for row in unfinished:
            if row.state == work.RUNNING:
                return await self._erase(row)
        return bool(unfinished) and self._store.scrubs and await self._scrub(unfinished)

    async def _erase(self, row: DeletionRow) -> bool:
        while not self._closing:
            begun = time.monotonic()
            more = await self._store.work(work.carry_on, row.deletion_id, CHUNK)
            if more is None:
                return False
            if not more:
                return await self._end(row.deletion_id, work.ERASED, signed=not self._store.scrubs)
            await asyncio.sleep(begun + PACE_SECONDS - time.monotonic())
        return False

    async def _scrub(self, erased: Sequence[DeletionRow]) -> bool:
        if time.monotonic() < self._scrub_not_before:
            return False
        due = datetime.now(UTC) - self._policy.within
        at_once = any(row.scrub_now or (row.erased_at and row.erased_at <= due) for row in erased)
        if not await self._store.scrub(quiet_seconds=0 if at_once else self._policy.quiet_seconds):
            if at_once:
                log.warning("scrubbing_delayed", reason="the database is being read")
                self._scrub_not_before = time.monotonic() + RETRY_SECONDS
            return False
        ended = [await self._end(row.deletion_id, work.SCRUBBED, signed=True) for row in erased]
        return all(ended)

    async def _end(self, deletion_id: str, state: str, *, signed: bool) -> bool:
        """Say that a deletion has come to a state, with a receipt where it is to have one now."""
        now = datetime.now(UTC)
        receipt = None
        if signed:
            row = await self._store.read(work.get, deletion_id)
            work.set_time(row, state, now)
            receipt = await self._chain.next(row)
        done = await self._store.work(work.end, deletion_id, state, at=now, receipt=receipt)
        if done:
            log.info("deletion", deletion_id=deletion_id, state=state)
        return done
