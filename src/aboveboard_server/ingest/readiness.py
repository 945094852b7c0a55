"""Whether events would be committed now."""

from __future__ import annotations

import asyncio
import math
import time
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from aboveboard_server.background import Background
    from aboveboard_server.ingest.group_commit import GroupCommitter
    from aboveboard_server.storage.ports import EventStore

log = structlog.get_logger()

# Seconds for which a failed commit speaks against the store, whatever a probe says: a probe writes less. With
# the rest of what it takes to notice, the server is ready again within 5 s of the store's return.
MEMORY = 3.0
# Seconds for which a commit or a probe that went well is enough to know: asking more often costs no sync.
FRESH = 1.0
# Seconds that a store may take to answer.
PATIENCE = 2.0


class Readiness:
    """Remembers how the newest commit went, and has the store write something where there was none.

    Where a loop of `background` does not run, whatever the store does, the server is not ready.
    """

    def __init__(self, store: EventStore, committer: GroupCommitter, background: Background) -> None:
        self._store = store
        self._background = background
        self._committer = committer
        self._stopping = False
        self._probe: asyncio.Task[bool] | None = None
        # When a probe last went well, and when one last failed, as time.monotonic() tells it.
        self._probed_at = self._failed_at = -math.inf

    def stop(self) -> None:
        """Be ready no more: the server is going."""
        self._stopping = True

    async def close(self) -> None:
        """Wait for a probe that is still under way."""
        if self._probe is not None:
            await self._probe

    async def is_ready(self, fresh: float = FRESH) -> bool:
        """Whether the store would commit now, as was seen at most `fresh` seconds ago."""
        now = time.monotonic()
        commit_failed_at = self._committer.failed_at
        if (
            self._stopping
            or not self._background.is_whole
            or (commit_failed_at is not None and now - commit_failed_at < MEMORY)
        ):
            return False
        # One probe at a time, however many ask, and never broken off: that could harm the connection.
        if self._probe is None or self._probe.done():
            seen_well_at = max(self._probed_at, self._committer.committed_at)
            if seen_well_at > self._failed_at and now - seen_well_at < fresh:
                return True
            self._probe = asyncio.create_task(self._ask(), name="readiness")
        done, _ = await asyncio.wait({self._probe}, timeout=PATIENCE)
        return bool(done) and not self._probe.cancelled() and self._probe.result()

    async def _ask(self) -> bool:
        try:
            await self._store.probe()
        except Exception as error:  # noqa: BLE001  # whatever it is, no commit would go through
            self._failed_at = time.monotonic()
            log.debug("probe_failed", error=type(error).__name__)
            return False
        self._probed_at = time.monotonic()
        return True
