"""What a schedule promises of its jobs, over every store."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import structlog
from tests.support.clocks import guard_of

from aboveboard_server import bootstrap
from aboveboard_server.background import Background
from aboveboard_server.privacy.schedule import Job, Pace, Schedule
from aboveboard_server.storage.work import jobs

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.integration.store.conftest import Backend

    from aboveboard_server.storage.ports import EventStore

QUICK = Pace(first=0, look=0.02, retry=0.02)
NAME = "a-job"


class Runs:
    """Counts how often a job has begun and ended, and how many ran at once."""

    def __init__(self, fails: int = 0) -> None:
        self.begun = self.ended = self.at_once = self.most = 0
        self.go_on = asyncio.Event()
        self.go_on.set()
        self._fails = fails

    async def __call__(self, _now: datetime) -> None:
        self.begun += 1
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        try:
            await self.go_on.wait()
            if self.begun <= self._fails:
                raise RuntimeError("CANARY-0451")
            self.ended += 1
        finally:
            self.at_once -= 1


async def with_schedules(
    stores: list[EventStore], runs: Callable[[datetime], Awaitable[object]], until: Callable[[], bool]
) -> None:
    """Run a job's schedules, one for each store, until something holds and a few looks more."""
    async with AsyncExitStack() as stack:
        for store in stores:
            schedule = Schedule(store, guard_of(store), [Job(NAME, runs)], Background(), QUICK)
            stack.push_async_callback(schedule.stop)
            schedule.start()
        deadline = asyncio.get_running_loop().time() + 30
        while not until():
            assert asyncio.get_running_loop().time() < deadline, "it does not hold"
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)


async def test_a_job_runs_once_in_its_interval(store: EventStore) -> None:
    """It runs at once where it never has, then no more, nor after a restart; when it is due, again."""
    runs = Runs()
    await with_schedules([store], runs, lambda: runs.ended == 1)
    await with_schedules([store], runs, lambda: True)
    assert runs.begun == 1
    for finished_at in (datetime.now(UTC) - timedelta(days=1), datetime.now(UTC) + timedelta(days=2)):
        await store.work(jobs.finish, NAME, finished_at)
        before = runs.begun
        await with_schedules([store], runs, lambda: runs.begun > before)  # noqa: B023  # waited for here
        assert runs.begun == before + 1


async def test_one_server_at_a_time_does_a_job(backend: Backend) -> None:
    """However many look at the same moment, and however long it takes."""
    async with AsyncExitStack() as stack:
        stores = [await bootstrap.open_store(backend.url)]
        stack.push_async_callback(stores[0].close)
        if backend.name == "postgres":
            stores.append(await bootstrap.open_store(backend.url))
            stack.push_async_callback(stores[1].close)
        runs = Runs()
        runs.go_on.clear()
        asyncio.get_running_loop().call_later(0.3, runs.go_on.set)
        await with_schedules([*stores, *stores], runs, lambda: runs.ended == 1)
        assert (runs.begun, runs.most) == (1, 1)


async def test_a_job_that_fails_is_tried_again(store: EventStore) -> None:
    """Its error is logged by where it happened alone, and it has not ended well until it has."""
    runs = Runs(fails=2)
    with structlog.testing.capture_logs() as logs:
        await with_schedules([store], runs, lambda: runs.ended == 1)
    assert runs.begun == 3
    assert [log["job"] for log in logs if log["event"] == "internal_error"] == [NAME, NAME]
    assert "CANARY-0451" not in str(logs)


async def test_a_schedule_that_stops_lets_go_of_its_job(store: EventStore) -> None:
    """It is cut off, has not ended well, and is taken up by the next server at once."""
    runs = Runs()
    runs.go_on.clear()
    await with_schedules([store], runs, lambda: runs.begun == 1)
    assert (runs.at_once, runs.ended) == (0, 0)
    runs.go_on.set()
    await with_schedules([store], runs, lambda: runs.ended == 1)


async def test_a_task_is_held_by_one_and_let_go_of(store: EventStore) -> None:
    """Another is not waited for; other tasks are not touched by it."""
    async with store.alone("a") as first, store.alone("a") as second, store.alone("b") as other:
        assert (first, second, other) == (True, False, True)
    async with store.alone("a") as again:
        assert again
