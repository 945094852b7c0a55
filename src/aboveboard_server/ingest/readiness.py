"""Whether events would be taken now."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from aboveboard_server.errors import ServiceError

if TYPE_CHECKING:
    from aboveboard_server.ingest.group_commit import GroupCommitter
    from aboveboard_server.storage.ports import EventStore

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

    def stop(self) -> None:
        """Be ready no more: the server is going."""
        self._stopping = True

    async def is_ready(self) -> bool:
        """Whether the store would commit now. An empty commit asks it, and changes nothing."""
        failed_at = self._committer.failed_at
        if self._stopping or (failed_at is not None and time.monotonic() - failed_at < MEMORY):
            return False
        try:
            async with asyncio.timeout(PATIENCE):
                await self._store.commit([])
        except (ServiceError, TimeoutError):
            return False
        return True
