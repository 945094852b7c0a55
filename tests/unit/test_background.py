"""Loops that run for as long as a server does."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aboveboard_server import background

if TYPE_CHECKING:
    import pytest


async def test_a_loop_that_fails_runs_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever it raises; and it ends where it returns, or is cancelled."""
    monkeypatch.setattr(background, "PAUSE", 0.0)
    runs = 0

    async def loop() -> None:
        nonlocal runs
        runs += 1
        if runs < 3:
            raise OSError(24, "too many open files")

    await background.keep_running("test", loop)
    assert runs == 3
    waiting = asyncio.create_task(background.keep_running("test", asyncio.Event().wait))  # type: ignore[arg-type]  # what it returns is not looked at
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait([waiting])
    assert waiting.cancelled()
