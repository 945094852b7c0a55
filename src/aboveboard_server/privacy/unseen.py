"""The bound on refusals of subjects of whom nothing is held: anyone can name as many as it likes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aboveboard_server import metrics
from aboveboard_server.errors import OverloadedError
from aboveboard_server.storage.work import refusals

if TYPE_CHECKING:
    from aboveboard_server.storage.ports import EventStore

# Only an administrator, or the retention of what was lifted, makes room: seconds until it is tried again.
RETRY_SECONDS = 3600.0


class UnseenRefusals:
    """Counts the refusals of unseen subjects, as this process knows them, and refuses those beyond `limit`.

    Each worker knows of the others' with the next count: together they may exceed it by what they take
    between two counts, which the rate of preferences bounds.
    """

    def __init__(self, store: EventStore, limit: int) -> None:
        self._store = store
        self._limit = limit
        self._count = 0

    async def recount(self) -> None:
        """Count what the store holds."""
        self._count = await self._store.read(refusals.unseen)
        metrics.UNSEEN_OPT_OUTS.set(self._count)
        metrics.UNSEEN_OPT_OUTS_LIMIT.set(self._limit)

    def take(self) -> None:
        """Count one more; OverloadedError where there are as many as may be."""
        if self._count >= self._limit:
            text = "too many opt-outs of subjects that were never seen; try again later"
            raise OverloadedError(RETRY_SECONDS, text)
        self._count += 1

    def give_back(self) -> None:
        """Count one less: it was not stored."""
        self._count -= 1
