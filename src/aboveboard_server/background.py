"""Loops that run for as long as a server does."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aboveboard_server.unforeseen import internal

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

# Seconds until a loop that failed runs again.
PAUSE = 1.0


async def keep_running(name: str, loop: Callable[[], Awaitable[None]]) -> None:
    """Run a loop until it returns; log what it raises under its name, pause, and run it again."""
    while True:
        try:
            await loop()
        except Exception as error:  # noqa: BLE001  # whatever it is, the loop must not end in silence
            internal(error, job=name)
            await asyncio.sleep(PAUSE)
        else:
            return
