"""Makes changes again that the database has lost under a running server.

A failover, a recovery to an earlier point in time or a restored dump loses opt-outs and deletions that were
acknowledged. The store notices it and takes no events; the journal has them.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from aboveboard_server.errors import StoreUnavailableError
from aboveboard_server.privacy.restore import restore

if TYPE_CHECKING:
    from aboveboard_server.privacy.clock_guard import ClockGuard
    from aboveboard_server.privacy.journal_writer import JournalWriter
    from aboveboard_server.privacy.restore import Finder
    from aboveboard_server.storage.ports import EventStore

log = structlog.get_logger()

# Seconds until the journal is replayed again, where that was not possible.
RETRY_SECONDS = 1.0


async def replay_after_rollbacks(
    store: EventStore, journal: JournalWriter, finder: Finder, guard: ClockGuard
) -> None:
    """Replay the journal each time the database has gone back, and have the store take events again.

    Whatever it raises, the store takes no events until it is called again.
    """
    while True:
        rollbacks = await store.rolled_back()
        try:
            await restore(store, journal, finder, guard)
        except StoreUnavailableError:
            await asyncio.sleep(RETRY_SECONDS)
        else:
            store.resume(rollbacks)
            log.warning("journal_replayed", rollbacks=rollbacks)
