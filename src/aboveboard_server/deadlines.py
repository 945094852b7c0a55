"""The time in which a request is answered, whatever its answer waits for."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, TypeVar

from aboveboard_server.errors import StoreUnavailableError

if TYPE_CHECKING:
    from collections.abc import Awaitable

T = TypeVar("T")

# Seconds for whoever sends events.
DEADLINE = 30.0


class Deadlines:
    """Breaks off what takes longer than `seconds`, one more at most; a commit goes on by itself.

    One timer for all, for one of its own would cost a small request as much as parsing it.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        # Since when each request is under way, the oldest first; and those that were broken off.
        self._since: dict[asyncio.Task[Any], float] = {}
        self._late: set[asyncio.Task[Any]] = set()
        self._watching = False

    async def keep(self, answer: Awaitable[T]) -> T:
        """Wait for an answer, as a task does but once; StoreUnavailableError where it is late."""
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a request is answered in a task")
        self._since[task] = time.monotonic()
        if not self._watching:
            self._watch()
        try:
            return await answer
        except asyncio.CancelledError:
            if task not in self._late:
                raise
            task.uncancel()
            raise StoreUnavailableError from None
        finally:
            del self._since[task]
            self._late.discard(task)

    def _watch(self) -> None:
        """Look again and again, as long as anything is under way."""
        too_old = time.monotonic() - self._seconds
        for task, since in self._since.items():
            if since > too_old:
                break
            if task not in self._late:
                self._late.add(task)
                task.cancel()
        self._watching = bool(self._since)
        if self._watching:
            asyncio.get_running_loop().call_later(min(1.0, self._seconds), self._watch)
