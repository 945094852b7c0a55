"""An answer has its time, and a commit goes on after it."""

from __future__ import annotations

import asyncio

import pytest

from aboveboard_server.deadlines import Deadlines
from aboveboard_server.errors import StoreUnavailableError


async def test_what_is_late_is_broken_off_and_its_commit_goes_on() -> None:
    """Whoever waits too long is told to try again, as often as it happens; what is quick is answered."""
    deadlines = Deadlines(0.02)
    committed = asyncio.Event()

    async def commit() -> str:
        await asyncio.sleep(0.2)
        committed.set()
        return "done"

    commits = [asyncio.create_task(commit()) for _ in range(3)]
    late = [asyncio.create_task(deadlines.keep(asyncio.shield(one))) for one in commits]
    assert await deadlines.keep(asyncio.sleep(0, "quick")) == "quick"
    for task in late:
        with pytest.raises(StoreUnavailableError):
            await task
        # The task was not cancelled by anyone else, and may go on.
        assert not task.cancelling()
    assert not committed.is_set()
    assert await asyncio.gather(*commits) == ["done"] * 3
    with pytest.raises(StoreUnavailableError):
        await deadlines.keep(asyncio.sleep(10))


async def test_errors_and_cancellations_stay_what_they_are() -> None:
    """A driver's own TimeoutError, and a caller who goes away, are not mistaken for the deadline."""
    deadlines = Deadlines(60)

    async def fail() -> None:
        raise TimeoutError("of a driver")

    with pytest.raises(TimeoutError, match="of a driver"):
        await deadlines.keep(fail())
    gone = asyncio.create_task(deadlines.keep(asyncio.sleep(60)))
    await asyncio.sleep(0)
    gone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gone
