"""Loops that run beside a server's answers, supervised in one place.

A loop that raises is logged, counted, and run again after a pause. One that ends in another way, such as by a
cancellation that nobody asked for, is run again too, and until then the server is not ready.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

import structlog

from aboveboard_server import metrics
from aboveboard_server.unforeseen import internal

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

log = structlog.get_logger()

# Seconds until a loop that ended is run again.
PAUSE = 1.0


def failed(name: str, error: Exception) -> None:
    """Log and count what somebody's loop raised, or would have, did its next turn not matter more."""
    internal(error, job=name)
    metrics.BACKGROUND_FAILURES.add((name,))


class Background:
    """The loops of one server."""

    def __init__(self) -> None:
        self._loops: set[Loop] = set()

    def start(self, name: str, run: Callable[[], Awaitable[None]], pause: float | None = None) -> Loop:
        """Run a loop until it returns or is stopped; `pause` is in seconds, PAUSE unless said.

        `name` is told in the log and in the metric: one of the few that the code knows.
        """
        metrics.BACKGROUND_FAILURES.add((name,), 0)
        loop = Loop(name, run, PAUSE if pause is None else pause, self._loops.discard)
        self._loops.add(loop)
        loop.begin()
        return loop

    @property
    def loops(self) -> frozenset[Loop]:
        """The loops that have neither returned nor been stopped."""
        return frozenset(self._loops)

    @property
    def is_whole(self) -> bool:
        """Whether each of them runs, or is about to run again after an error."""
        return all(loop.is_running for loop in self._loops)


class Loop:
    """One loop; see Background.start. `forget` is called with it once it is over."""

    def __init__(
        self,
        name: str,
        run: Callable[[], Awaitable[None]],
        pause: float,
        forget: Callable[[Loop], None],
    ) -> None:
        self.name = name
        self._run = run
        self._pause = pause
        self._forget = forget
        # Set once it is not to be run again.
        self._over = asyncio.Event()
        self.task: asyncio.Task[None] | None = None

    @property
    def is_running(self) -> bool:
        """Whether its task has not ended."""
        return self.task is not None and not self.task.done()

    def begin(self) -> None:
        """Run it, unless it is over."""
        if not self._over.is_set():
            self.task = asyncio.create_task(self._keep_running(), name=self.name)
            self.task.add_done_callback(self._ended)

    async def stop(self) -> None:
        """Cancel it, and return when it has ended."""
        self._over.set()
        if self.task is not None:
            self.task.cancel()
        await self.join()

    async def join(self) -> None:
        """Return when it has ended: whoever calls this has told it to, and it is not run again."""
        self._over.set()
        if self.task is not None:
            await asyncio.wait([self.task])
        self._forget(self)

    async def _keep_running(self) -> None:
        while True:
            try:
                await self._run()
            except Exception as error:  # noqa: BLE001  # whatever it is, the loop must not end in silence
                failed(self.name, error)
            else:
                return
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._over.wait(), self._pause)
                return

    def _ended(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if self._over.is_set() or not (task.cancelled() or error):
            self._forget(self)
            return
        kind = type(error).__name__ if error else "CancelledError"
        log.error("background_loop_ended", job=self.name, error=kind, restart_in_seconds=PAUSE)
        metrics.BACKGROUND_FAILURES.add((self.name,))
        task.get_loop().call_later(PAUSE, self.begin)
