"""The protocol of a listener, and the shutdown of all listeners."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

# Seconds that calls under way get after the signal to stop; with what comes after, within 20 s in all.
GRACE = 15.0
# Seconds in which new calls are still answered, with the word to try again: a listener that stops just
# cuts off those that it has not looked at yet.
LAME_DUCK = 0.5


class Door(Protocol):
    """A listener, from its start to its stop."""

    async def start(self) -> str:
        """Bind and serve; return the address with the port in use. StartupError where it is taken."""

    async def drain(self) -> None:
        """Tell health checks that this server is going, while it still answers."""

    async def stop(self, grace: float) -> None:
        """Take no new call, and give those under way `grace` seconds."""


async def stop_listeners(listeners: Sequence[Door]) -> None:
    """Drain all listeners, and stop them once callers had the time to learn of it."""
    for listener in listeners:
        await listener.drain()
    await asyncio.sleep(LAME_DUCK)
    await asyncio.gather(*(listener.stop(GRACE) for listener in listeners))
