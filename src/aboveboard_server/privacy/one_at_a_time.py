"""Calls about the same thing, one after the other over all servers of the database."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aboveboard_server.storage.ports import EventStore

# Seconds between two tries.
WAIT = 0.05


@asynccontextmanager
async def one_at_a_time(store: EventStore, what: str) -> AsyncIterator[None]:
    """Hold `what` against other calls; wait while another one holds it. Nothing is held where it is empty."""
    if not what:
        yield
        return
    while True:
        async with store.alone(what) as held:
            if held:
                yield
                return
        await asyncio.sleep(WAIT)
