"""The group committer, over a store that does what a test tells it."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, cast

import pytest
import structlog

from aboveboard_server.errors import OverloadedError, ShuttingDownError, StoreUnavailableError
from aboveboard_server.ingest import group_commit
from aboveboard_server.ingest.group_commit import GroupCommitter
from aboveboard_server.storage.ports import CommitResult, EventBatch, SourceRecord

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from aboveboard_server.storage.ports import EventStore

SOURCE = SourceRecord(origin="server", fingerprint=b"f", values=(), subjects=())
POISON = "poison"


def batch(size: int = 1, table: str = "ping") -> EventBatch:
    """Return a batch of that many rows."""
    return EventBatch(SOURCE, 0, {table: list(range(size))}, size)


class Store:
    """Commits when it is let, and remembers in which groups; a poisoned batch makes its whole group fail."""

    def __init__(self) -> None:
        self.groups: list[list[EventBatch]] = []
        # How many events each commit holds that was begun, in their order.
        self.begun: list[int] = []
        self.error: Exception = sqlite3.DataError("poison")
        self.entered = asyncio.Event()
        self.open = asyncio.Event()
        self.open.set()

    def prepare(self, batch: EventBatch) -> None:
        """Leave it as it is."""

    async def commit(self, batches: Sequence[EventBatch]) -> list[CommitResult]:
        """Commit once the door is open."""
        self.begun.append(sum(one.size for one in batches))
        self.entered.set()
        await self.open.wait()
        if any(POISON in one.values for one in batches):
            raise self.error
        self.groups.append(list(batches))
        return [CommitResult(duplicates={"ping": [one.size]}) for one in batches]

    @property
    def committed(self) -> list[EventBatch]:
        """Everything that was committed, in its order."""
        return [one for group in self.groups for one in group]


@asynccontextmanager
async def committing(
    store: Store, max_group: int = 8_000, max_pending: int = 64_000, *, crowded: bool = False
) -> AsyncIterator[GroupCommitter]:
    """Run a committer over a store."""
    committer = GroupCommitter(cast("EventStore", store), max_group, max_pending, lambda: crowded)
    yield committer
    store.open.set()
    await committer.close()


@pytest.fixture
def store() -> Store:
    return Store()


async def test_a_lone_batch_waits_for_nobody(store: Store) -> None:
    """One batch is one commit, and its future holds what became of it."""
    async with committing(store) as committer:
        result = await committer.submit(one := batch(3))
        assert result.duplicates == {"ping": [3]}
        assert store.groups == [[one]]


async def test_what_gathers_during_a_commit_is_one_group(store: Store) -> None:
    """While one commit is on its way everything else gathers, and goes together and in its order."""
    async with committing(store) as committer:
        store.open.clear()
        first = batch()
        futures = [committer.submit(first)]
        await store.entered.wait()
        others = [batch(size) for size in (1, 2, 3, 4)]
        futures += [committer.submit(other) for other in others]
        assert not any(future.done() for future in futures)
        store.open.set()
        results = await asyncio.gather(*futures)
        assert store.groups == [[first], others]
        assert [result.duplicates["ping"] for result in results] == [[1], [1], [2], [3], [4]]


async def test_what_is_made_later_is_made_when_its_commit_begins(store: Store) -> None:
    """Not before, though it is queued; then all of a group, in the order of the queue."""
    async with committing(store) as committer:
        store.open.clear()
        committer.submit(first := batch())
        await store.entered.wait()
        made: list[EventBatch] = []

        def make() -> EventBatch:
            made.append(one := batch(len(made) + 2))
            return one

        futures = [committer.submit_later(1, make), committer.submit(early := batch(9))]
        futures.append(committer.submit_later(1, make))
        await turns_of_the_loop()
        assert made == []
        assert committer.pending == 1 + 1 + 9 + 1
        store.open.set()
        results = await asyncio.gather(*futures)
        assert store.groups == [[first], [made[0], early, made[1]]]
        assert [result.duplicates["ping"] for result in results] == [[2], [9], [3]]
        assert committer.pending == 0


async def test_nothing_to_be_stored_is_no_commit(store: Store) -> None:
    """Whose events all have a verdict is answered without one, its neighbours as ever."""
    async with committing(store) as committer:
        assert await committer.submit_later(1, lambda: None) == CommitResult()
        assert store.groups == []
        futures = committer.submit_later(1, lambda: None), committer.submit(one := batch(2))
        nothing, stored = await asyncio.gather(*futures)
        assert nothing == CommitResult()
        assert stored.duplicates == {"ping": [2]}
        assert store.groups == [[one]]


async def test_what_cannot_be_made_fails_alone(store: Store) -> None:
    """Whoever is in its group knows nothing of it."""
    async with committing(store) as committer:
        broken = committer.submit_later(1, lambda: batch(1 // 0))
        stored = await committer.submit(one := batch())
        assert store.groups == [[one]]
        assert stored.duplicates == {"ping": [1]}
        with pytest.raises(ZeroDivisionError):
            await broken


async def test_what_is_made_later_is_bounded_as_well(store: Store) -> None:
    """Its size counts while it waits, and a committer that closes takes it no more."""
    async with committing(store, max_pending=3) as committer:
        store.open.clear()
        committer.submit(batch(2))
        with pytest.raises(OverloadedError):
            committer.submit_later(2, batch)
        committer.submit_later(1, batch)
    with pytest.raises(ShuttingDownError):
        committer.submit_later(1, batch)


async def many_call(committer: GroupCommitter) -> None:
    """Have a group of six committed: as many are then awaited."""
    await asyncio.gather(*[committer.submit(batch()) for _ in range(6)])


async def turns_of_the_loop() -> None:
    """Let everything happen that waits for no timer."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_where_many_call_a_commit_lingers_for_them(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a commit of many the next one begins when as many wait again, and not before."""
    monkeypatch.setattr(group_commit, "LINGER", 3600)
    async with committing(store) as committer:
        await many_call(committer)
        futures = [committer.submit(batch()) for _ in range(5)]
        await turns_of_the_loop()
        assert [len(group) for group in store.groups] == [6]
        futures.append(committer.submit(batch()))
        await asyncio.gather(*futures)
        assert [len(group) for group in store.groups] == [6, 6]


async def test_lingering_ends(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those who call again are not kept waiting for those who do not."""
    monkeypatch.setattr(group_commit, "LINGER", 0.001)
    async with committing(store) as committer:
        await many_call(committer)
        await asyncio.gather(*[committer.submit(batch()) for _ in range(2)])
        assert [len(group) for group in store.groups] == [6, 2]


async def test_few_callers_wait_for_nobody(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lone caller is answered at once again and again, and a few are too."""
    monkeypatch.setattr(group_commit, "LINGER", 3600)
    async with committing(store) as committer:
        for callers in (1, 1, 3, 1):
            await asyncio.gather(*[committer.submit(batch()) for _ in range(callers)])
        assert [len(group) for group in store.groups] == [1, 1, 3, 1]


async def test_close_waits_for_no_further_caller(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """close() commits at once what lingers."""
    monkeypatch.setattr(group_commit, "LINGER", 3600)
    async with committing(store) as committer:
        await many_call(committer)
        future = committer.submit(batch())
        await turns_of_the_loop()
        assert not future.done()
        await committer.close()
        assert future.done()


async def test_enough_is_sent_ahead_of_a_commits_end(store: Store) -> None:
    """Beside a commit that is under way a second begins once enough waits for it, and no third."""
    async with committing(store) as committer:
        store.open.clear()
        committer.submit(batch(10))
        await turns_of_the_loop()
        committer.submit(batch(1_999))
        await turns_of_the_loop()
        assert store.begun == [10]
        committer.submit(batch(1))
        committer.submit(batch(3_000))
        await turns_of_the_loop()
        assert store.begun == [10, 5_000]
        committer.submit(batch(8_000))
        await turns_of_the_loop()
        assert store.begun == [10, 5_000]


@pytest.mark.parametrize(("batches", "enough"), [(3, 2_000), (9, 3_000), (12, 4_000), (30, 4_000)])
async def test_where_more_is_under_way_more_is_enough(store: Store, batches: int, enough: int) -> None:
    """A third of what was under way at a commit's end, up to a bound: groups grow with the load."""
    async with committing(store, max_group=30_000) as committer:
        await begins_beside_another_at(enough, committer, store, batches)


@pytest.mark.parametrize(("batches", "enough"), [(2, 2_000), (9, 6_000), (12, 8_000), (30, 8_000)])
async def test_in_a_crowd_twice_as_much_is_enough(store: Store, batches: int, enough: int) -> None:
    """Where no processor is free for what would be done meanwhile, fewer and larger groups cost less."""
    async with committing(store, max_group=30_000, crowded=True) as committer:
        await begins_beside_another_at(enough, committer, store, batches)


async def begins_beside_another_at(
    enough: int, committer: GroupCommitter, store: Store, batches: int
) -> None:
    """See that after so many batches of 1,000 a second commit waits for `enough` events, and no more."""
    await asyncio.gather(*[committer.submit(batch(1_000)) for _ in range(batches)])
    store.begun.clear()
    store.open.clear()
    committer.submit(batch(enough))
    await turns_of_the_loop()
    committer.submit(batch(enough - 1))
    await turns_of_the_loop()
    assert store.begun == [enough]
    committer.submit(batch(1))
    await turns_of_the_loop()
    assert store.begun == [enough, enough]


async def test_a_group_is_bounded(store: Store) -> None:
    """A group holds at most max_group events, and at least one batch however large."""
    async with committing(store, max_group=10) as committer:
        store.open.clear()
        futures = [committer.submit(batch())]
        await store.entered.wait()
        futures += [committer.submit(batch(size)) for size in (6, 4, 1, 30, 9, 1)]
        store.open.set()
        await asyncio.gather(*futures)
        assert [[one.size for one in group] for group in store.groups] == [[1], [6, 4], [1], [30], [9, 1]]


async def test_a_poisoned_batch_does_not_cost_its_group(store: Store) -> None:
    """Where one batch makes the transaction fail, it alone fails; all others of its group are committed."""
    async with committing(store) as committer:
        store.open.clear()
        futures = [committer.submit(batch())]
        await store.entered.wait()
        batches = [batch(), batch(), batch(table=POISON), batch(), batch(table=POISON)]
        futures += [committer.submit(one) for one in batches]
        store.open.set()
        with structlog.testing.capture_logs() as lines:
            results = await asyncio.gather(*futures, return_exceptions=True)
        failed = [isinstance(result, sqlite3.DataError) for result in results]
        assert failed == [False, False, False, True, False, True]
        assert store.committed[1:] == [batches[0], batches[1], batches[3]]
        assert [line["event"] for line in lines] == ["group_failed"]
        assert "poison" not in str(lines)
        await committer.submit(last := batch())
        assert store.committed[-1] is last


async def test_a_store_that_is_not_there_fails_the_group_once(store: Store) -> None:
    """StoreUnavailableError is nobody's fault: the whole group is told, and not tried again one by one."""
    store.error = StoreUnavailableError()
    async with committing(store) as committer:
        store.open.clear()
        futures = [committer.submit(batch(table=POISON))]
        await store.entered.wait()
        futures += [committer.submit(one) for one in (batch(), batch(table=POISON), batch())]
        store.open.set()
        results = await asyncio.gather(*futures, return_exceptions=True)
        assert all(isinstance(result, StoreUnavailableError) for result in results)
        assert not store.groups
        await committer.submit(last := batch())
        assert store.committed[-1] is last


async def test_overload_is_refused_at_once_and_passes(store: Store) -> None:
    """Beyond max_pending events a batch is refused and not queued; once others are done there is room."""
    async with committing(store, max_pending=10) as committer:
        store.open.clear()
        futures = [committer.submit(batch(4))]
        await store.entered.wait()
        futures.append(committer.submit(batch(6)))
        with pytest.raises(OverloadedError):
            committer.submit(batch(1))
        store.open.set()
        await asyncio.gather(*futures)
        await committer.submit(batch(10))
        assert [one.size for one in store.committed] == [4, 6, 10]


async def test_room_is_given_back_by_what_failed(store: Store) -> None:
    """Batches that failed or whose callers are gone count no longer."""
    async with committing(store, max_pending=10) as committer:
        with pytest.raises(sqlite3.DataError):
            await committer.submit(batch(10, POISON))
        abandoned = committer.submit(batch(10))
        abandoned.cancel()
        await committer.submit(batch(0))
        await committer.submit(batch(10))
        assert [one.size for one in store.committed] == [10, 0, 10]


async def test_a_caller_that_goes_away_does_not_cancel_the_commit(store: Store) -> None:
    """A caller cancelled during the commit takes nothing along: its batch and the others are committed."""
    async with committing(store) as committer:
        store.open.clear()
        first, second, third = batch(1), batch(2), batch(3)

        async def call(one: EventBatch) -> CommitResult:
            return await committer.submit(one)

        callers = [asyncio.create_task(call(first))]
        await store.entered.wait()
        callers += [asyncio.create_task(call(one)) for one in (second, third)]
        await asyncio.sleep(0)
        callers[0].cancel()
        callers[1].cancel()
        store.open.set()
        results = await asyncio.gather(*callers, return_exceptions=True)
        assert [isinstance(result, asyncio.CancelledError) for result in results] == [True, True, False]
        assert store.committed == [first, second, third]


async def test_close_commits_what_waits(store: Store) -> None:
    """close() refuses what is new, commits all that waits, and returns when it is done."""
    async with committing(store, max_group=2) as committer:
        store.open.clear()
        futures = [committer.submit(batch()) for _ in range(7)]
        closing = asyncio.create_task(committer.close())
        await store.entered.wait()
        with pytest.raises(ShuttingDownError):
            committer.submit(batch())
        assert not closing.done()
        store.open.set()
        await closing
        assert all(future.done() for future in futures)
        assert len(store.committed) == 7


async def test_close_of_an_idle_committer(store: Store) -> None:
    """With nothing to commit, close() returns at once, and again."""
    async with committing(store) as committer:
        await committer.close()
        assert not store.groups
