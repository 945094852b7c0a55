"""Rows that came long ago, put straight into a store, and the sweep that finds them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tests.support.batches import SCHEMA
from tests.support.clocks import guard_of

from aboveboard.admin.v1.retention_pb2 import EnforceRetentionRequest
from aboveboard_server.ids import uuid7
from aboveboard_server.privacy.retention import Retention
from aboveboard_server.privacy.sweep import Sweep

if TYPE_CHECKING:
    from aboveboard_server.privacy.clock_guard import ClockGuard
    from aboveboard_server.storage.ports import EventStore

DAY = 86_400_000_000
DIGEST_KEY = b"k" * 32


def days_ago(days: float) -> int:
    """Return a time of receipt, in µs."""
    return int(time.time_ns() // 1_000 - days * DAY)


def id_of_day(days: float) -> str:
    """Return an id as a client would have made it that many days ago; in days to come where negative."""
    return str(uuid7(days_ago(days) // 1_000))


def sweep_of(store: EventStore, guard: ClockGuard | None = None) -> Sweep:
    """Return the sweep of a store."""
    guard = guard or guard_of(store)
    return Sweep(store, Retention(store, SCHEMA, guard), SCHEMA, DIGEST_KEY, guard)


async def swept(store: EventStore, *, dry_run: bool = False) -> dict[str, int]:
    """Sweep, or only count; return rows by table."""
    request = EnforceRetentionRequest(validate_only=dry_run)
    answer = await sweep_of(store).enforce(request, "test")
    return {count.table: count.rows for count in answer.table_counts}
