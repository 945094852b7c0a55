"""Background whose loops a test can end by an error, each at a moment of the test's choice."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aboveboard_server.background import Background

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aboveboard_server.background import Loop


class KilledError(Exception):
    """What a killed loop raises: nobody handles it by name."""


class KillableBackground(Background):
    """Runs each loop beside an event that ends it; to be used from the thread of its event loop."""

    def __init__(self) -> None:
        super().__init__()
        self._kills: dict[str, asyncio.Event] = {}

    def start(self, name: str, run: Callable[[], Awaitable[None]], pause: float | None = None) -> Loop:
        """See Background.start."""
        kill = self._kills[name] = asyncio.Event()

        async def until_killed() -> None:
            running, killing = asyncio.ensure_future(run()), asyncio.ensure_future(kill.wait())
            try:
                await asyncio.wait({running, killing}, return_when=asyncio.FIRST_COMPLETED)
                if running.done():
                    await running
                    return
                kill.clear()
                raise KilledError
            finally:
                running.cancel()
                killing.cancel()
                await asyncio.gather(running, killing, return_exceptions=True)

        return super().start(name, until_killed, pause)

    def kill(self, name: str) -> None:
        """Have a loop end by an error."""
        self._kills[name].set()

    def cancel(self, name: str) -> None:
        """Cancel the task of a loop, as nobody should."""
        for loop in self.loops:
            if loop.name == name and loop.task is not None:
                loop.task.cancel()
