"""Whether events would be taken now."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from aboveboard_server.ingest.group_commit import GroupCommitter
    from aboveboard_server.storage.ports import EventStore

log = structlog.get_logger()

# Seconds for which a failed commit speaks against the store. After that it is given another try: without
# traffic no commit could show that it is well again.
MEMORY = 5.0
# Seconds that a store may take to answer.
PATIENCE = 2.0


class Readiness:
    """Asks the store, and remembers how the newest commit went."""

    def __init__(self, store: EventStore, committer: GroupCommitter) -> None:
        self._store = store
        self._committer = committer
        self._stopping = False
        self._probe: asyncio.Task[bool] | None = None

    def stop(self) -> None:
        """Be ready no more: the server is going."""
        self._stopping = True

    async def close(self) -> None:
        """Wait for a question that is still under way."""
        if self._probe is not None:
            await self._probe

    async def is_ready(self) -> bool:
        """Whether the store would commit now."""
        failed_at = self._committer.failed_at
        if self._stopping or (failed_at is not None and time.monotonic() - failed_at < MEMORY):
            return False
        # One question at a time, however many ask, and never broken off: that could harm the connection.
        if self._probe is None or self._probe.done():
            self._probe = asyncio.create_task(self._ask(), name="readiness")
        done, _ = await asyncio.wait({self._probe}, timeout=PATIENCE)
        return bool(done) and self._probe.result()

    async def _ask(self) -> bool:
        """Commit nothing, which changes nothing but needs all that a commit needs."""
        try:
            await self._store.commit([])
        except Exception as error:  # noqa: BLE001  # whatever it is, no commit would go through
            log.warning("not_ready", error=type(error).__name__)
            return False
        return True
