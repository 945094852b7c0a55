"""Loops that run for as long as a server does."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from aboveboard_server import background, metrics
from aboveboard_server.background import Background

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

# Seconds until a test gives up.
PATIENCE = 20


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "PAUSE", 0.01)


def failures(name: str) -> int:
    """Return how many ends of a loop the metric tells of."""
    line = f'aboveboard_background_failures_total{{task="{name}"}} '
    (found,) = [told for told in metrics.render().decode().splitlines() if told.startswith(line)]
    return int(float(found.removeprefix(line)))


class Turns:
    """A loop that fails in its first turns, and then waits."""

    def __init__(self, *errors: BaseException) -> None:
        self._errors = list(errors)
        self.waiting = asyncio.Event()
        self.go_on = asyncio.Event()

    async def run(self) -> None:
        if self._errors:
            raise self._errors.pop(0)
        self.waiting.set()
        await self.go_on.wait()


async def until(holds: Callable[[], bool]) -> None:
    """Return once something holds."""
    async with asyncio.timeout(PATIENCE):
        while not holds():  # noqa: ASYNC110  # nothing tells of it
            await asyncio.sleep(0.001)


async def test_a_loop_that_raises_is_counted_and_runs_again() -> None:
    """Whatever it raises, each time."""
    turns, all_loops = Turns(OSError(24, "too many open files"), MemoryError()), Background()
    loop = all_loops.start("raising", turns.run)
    await asyncio.wait_for(turns.waiting.wait(), PATIENCE)
    assert (failures("raising"), all_loops.is_whole) == (2, True)
    await loop.stop()
    assert not all_loops.loops


async def test_a_loop_that_nobody_cancelled_for_good_runs_again() -> None:
    """Until then the server is not whole."""
    turns, all_loops = Turns(), Background()
    loop = all_loops.start("cancelled", turns.run)
    await asyncio.wait_for(turns.waiting.wait(), PATIENCE)
    turns.waiting.clear()
    assert loop.task is not None
    loop.task.cancel()
    await until(lambda: not loop.is_running)
    assert not all_loops.is_whole
    await asyncio.wait_for(turns.waiting.wait(), PATIENCE)
    assert (failures("cancelled"), all_loops.is_whole) == (1, True)
    await loop.stop()


async def test_a_loop_that_cannot_be_run_again_leaves_the_server_not_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As where no task can be made."""
    turns, all_loops = Turns(), Background()
    loop = all_loops.start("lost", turns.run)
    await asyncio.wait_for(turns.waiting.wait(), PATIENCE)

    def refuse(coroutine: Coroutine[None, None, None], **_: object) -> None:
        coroutine.close()
        raise RuntimeError

    told: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
    with monkeypatch.context() as patch:
        patch.setattr(asyncio, "create_task", refuse)
        assert loop.task is not None
        loop.task.cancel()
        await until(lambda: bool(told))
    await asyncio.sleep(0.05)
    assert not all_loops.is_whole
    await loop.stop()
    assert all_loops.is_whole


async def test_a_loop_ends_where_it_returns_or_is_told_to() -> None:
    """And is no longer among those that must run: by itself, stopped amid a pause, or joined."""
    all_loops = Background()
    returning = Turns()
    all_loops.start("returning", returning.run)
    returning.go_on.set()
    await until(lambda: not all_loops.loops)

    endings: list[Callable[[background.Loop], Awaitable[None]]] = [
        lambda one: one.stop(),
        lambda one: one.join(),
    ]
    for end in endings:
        failing = all_loops.start("pausing", Turns(*[OSError()] * 1_000).run, pause=3_600)
        before = failures("pausing")
        await until(lambda before=before: failures("pausing") > before)  # type: ignore[misc]  # bound as it is now
        await asyncio.wait_for(end(failing), PATIENCE)
        assert not failing.is_running
        assert not all_loops.loops

    joined = Turns()
    loop = all_loops.start("joined", joined.run)
    await asyncio.wait_for(joined.waiting.wait(), PATIENCE)
    asyncio.get_running_loop().call_later(0.01, joined.go_on.set)
    await asyncio.wait_for(loop.join(), PATIENCE)
    assert (failures("joined"), all_loops.loops) == (0, frozenset())
