"""The sweep: removes what has outlived its limit, by the time the server received it.

It may be cut off anywhere and begun anew: each chunk is a transaction of its own, and counts itself in it.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections import Counter
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

import structlog

from aboveboard.admin.v1 import retention_pb2 as r
from aboveboard_server.privacy import subjects
from aboveboard_server.privacy.audit import SERVER_ACTOR
from aboveboard_server.privacy.deletion_messages import table_counts
from aboveboard_server.schema import erasure, tables
from aboveboard_server.schema.expiry import AGED, OWNED, RECEIVED_AT, expiries
from aboveboard_server.storage.columns import EPOCH
from aboveboard_server.storage.ports import SubjectRecord
from aboveboard_server.storage.work import clock, months
from aboveboard_server.storage.work import expiry as work
from aboveboard_server.storage.work.audit import Act
from aboveboard_server.storage.work.retention import conclude

if TYPE_CHECKING:
    from collections.abc import Awaitable, Mapping, Sequence

    from aboveboard_server.privacy.clock_guard import ClockGuard
    from aboveboard_server.privacy.retention import Retention
    from aboveboard_server.schema.catalog import Catalog
    from aboveboard_server.schema.expiry import Expiry
    from aboveboard_server.storage.ports import EventStore
    from aboveboard_server.storage.work.expiry import Key, Mark

log = structlog.get_logger()

NAME = "retention-sweep"
# Rows found by one reading, and removed in one transaction: on SQLite no event is committed meanwhile.
FOUND = 20_000
CHUNK = 1_000
# Rows that sources lead to: each takes a look into every table.
LEFT_OVER_CHUNK = 500
# Seconds between two tries to be the only one.
WAIT = 0.2
# What no deletion has placed: a mark that forbids nothing, and only has what is known read anew.
NO_DELETION = str(uuid.UUID(int=0))


class Sweep:
    """What AdminService promises of EnforceRetention, and the daily job."""

    def __init__(
        self,
        store: EventStore,
        retention: Retention,
        catalog: Catalog,
        digest_key: bytes,
        guard: ClockGuard,
    ) -> None:
        self._store = store
        self._retention = retention
        self._digest_key = digest_key
        self._guard = guard
        self._catalog = catalog

    @cached_property
    def _items(self) -> tuple[Expiry, ...]:
        # Not before a run: a server need not wait for the generated tables before it serves.
        return expiries(tables.import_all(), {event.name for event in self._catalog.events})

    async def run(self, now: datetime) -> None:
        """Sweep as a scheduled job, which holds NAME alone."""
        removed = await self._sweep(SERVER_ACTOR, now)
        log.info("retention_swept", removed=dict(removed))

    async def enforce(self, request: r.EnforceRetentionRequest, actor: str) -> r.EnforceRetentionResponse:
        """Sweep now, or count what would go; ServiceError where the clock is behind.

        Who asks for it consents to what goes by a clock that has moved far.
        """
        if request.validate_only:
            return _response(await self._count())
        while True:
            async with self._store.alone(NAME) as held:
                if held:
                    return _response(await self._sweep(actor, await self._guard.not_behind()))
            await asyncio.sleep(WAIT)

    async def _count(self) -> Counter[str]:
        limits = await self._limits(self._guard.clock.now())
        found: Counter[str] = Counter()
        for item in self._items:
            if item.expires.rule == AGED:
                found[item.table] = await self._store.read(work.count_aged, item, limits[item.table])
            else:
                found[item.table] = await self._store.read(work.count_left_over, self._items, item, limits)
        return found

    async def _sweep(self, actor: str, now: datetime) -> Counter[str]:
        limits = await self._limits(now)
        if spans := await self._store.read(clock.periods):
            first, last = spans[0].started_at.isoformat(), spans[-1].ended_at.isoformat()
            log.warning("rows_left", reason="received by a clock that was behind", first=first, last=last)
        removed: Counter[str] = Counter()
        for item in self._items:
            if item.expires.rule == AGED:
                limit = limits[item.table]
                removed[item.table] += await self._drop_months(item, limit)
                removed[item.table] += await self._remove_aged(item, limit)
            else:
                removed[item.table] += await self._remove_left_over(item, limits)
        await self._store.work(conclude, NAME, Act(actor, "EnforceRetention"), swept_at=now)
        return removed

    async def _limits(self, now: datetime) -> dict[str, datetime]:
        """Return, by table, the time before which its rows have expired."""
        days = await self._retention.days()
        longest = max(days.values())
        return {
            item.table: now - timedelta(days=days.get(item.table) or item.expires.days or longest)
            for item in self._items
        }

    async def _drop_months(self, item: Expiry, limit: datetime) -> int:
        removed = 0
        if item.expires.column != RECEIVED_AT:
            return removed
        for partition in await self._store.read(months.expired, item.table, limit):
            await self._store.work(months.summarize, partition)
            rows, droppable = await self._store.read(months.count, partition, limit)
            if droppable:
                removed += await self._store.work(
                    months.drop, NAME, item.table, partition, limit=limit, rows=rows
                )
        return removed

    async def _remove_aged(self, item: Expiry, limit: datetime) -> int:
        removed, after = 0, 0
        while True:
            keys, after = await self._store.read(work.aged, item, limit, after=after, most=FOUND)
            for chunk in _chunks(keys, CHUNK):
                removed += await _at_half_speed(self._store.work(work.remove_aged, NAME, item, chunk, limit))
            if len(keys) < FOUND:
                return removed

    async def _remove_left_over(self, item: Expiry, limits: Mapping[str, datetime]) -> int:
        removed, after = 0, None
        while True:
            keys = await self._store.read(work.left_over, item, limits, after=after, most=LEFT_OVER_CHUNK)
            if keys:
                marks = self._marks(item, keys)
                removed += await _at_half_speed(
                    self._store.work(work.remove_left_over, NAME, item, keys, limits=limits, marks=marks)
                )
                after = keys[-1]
            if len(keys) < LEFT_OVER_CHUNK:
                return removed

    def _marks(self, item: Expiry, keys: Sequence[Key]) -> list[Mark]:
        """Return marks that have every process read anew what it knows by keys that are destroyed."""
        if item.expires.rule != OWNED:
            return []
        kind = erasure.key_columns(tables.import_all().tables[item.table])[-1].subject_key
        return [
            (SubjectRecord(kind, subjects.digest(self._digest_key, kind, list(key))), EPOCH, NO_DELETION)
            for key in keys
        ]


def _chunks(keys: Sequence[str], size: int) -> list[Sequence[str]]:
    return [keys[start : start + size] for start in range(0, len(keys), size)]


async def _at_half_speed(work: Awaitable[int]) -> int:
    """Do a chunk, then rest for as long: whoever stores events shares the store with it half and half."""
    begun = time.monotonic()
    done = await work
    await asyncio.sleep(time.monotonic() - begun)
    return done


def _response(counts: Counter[str]) -> r.EnforceRetentionResponse:
    return r.EnforceRetentionResponse(table_counts=table_counts(+counts))
