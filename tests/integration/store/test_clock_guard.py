"""What the clock guard promises, over every store, with clocks that a test moves both ways."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

import pytest
import structlog
from tests.support.batches import SCHEMA, batch_of, elements, ids, quarantined_batch
from tests.support.clients import new_id, server_source
from tests.support.clocks import Marks, SetClock, guard_of
from tests.support.old_rows import days_ago, sweep_of, swept

from aboveboard.admin.v1.retention_pb2 import (
    EnforceRetentionRequest,
    RetentionPolicy,
    UpdateRetentionPolicyRequest,
)
from aboveboard_server import bootstrap, metrics
from aboveboard_server.background import Background
from aboveboard_server.errors import ServiceError
from aboveboard_server.privacy import clock_guard
from aboveboard_server.privacy.clock import BACKWARDS, Suspicion
from aboveboard_server.privacy.journal_lines import ClockMark
from aboveboard_server.privacy.retention import Retention
from aboveboard_server.privacy.schedule import Job, Pace, Schedule
from aboveboard_server.storage.columns import from_micros, to_micros
from aboveboard_server.storage.ports import QUARANTINE, SELF_SERVICE, SubjectRecord
from aboveboard_server.storage.work import clock as work
from aboveboard_server.storage.work import cut_offs, deletions, jobs, waiting_deletions
from aboveboard_server.storage.work.audit import Act
from aboveboard_server.storage.work.clock import Mark, Period

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Collection

    from tests.integration.store.conftest import Backend

    from aboveboard_server.privacy.clock_guard import ClockGuard
    from aboveboard_server.storage.ports import EventStore

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
QUICK = Pace(first=0, look=0.02, retry=0.02)


@asynccontextmanager
async def started(
    store: EventStore, clock: SetClock | None = None, marks: Marks | None = None
) -> AsyncIterator[ClockGuard]:
    """Start a guard as a server does, with what its journal holds."""
    marks = marks or Marks()
    guard = guard_of(store, clock or SetClock(), marks)
    await guard.start([ClockMark(to_micros(mark.at), mark.acceptance) for mark in marks.marks])
    try:
        yield guard
    finally:
        # As it does once it has run for some seconds.
        await guard.note()
        await guard.close()


async def suspicion(
    store: EventStore, clock: SetClock | None = None, marks: Marks | None = None
) -> Suspicion | None:
    """Start a server, and return what it says of its clock."""
    async with started(store, clock, marks) as guard:
        return guard.suspicion


async def test_a_first_start_is_not_suspect(store: EventStore) -> None:
    """Whatever the clock shows: nothing is there that could tell."""
    assert await suspicion(store, SetClock(1_200 * DAY)) is None


async def test_a_database_of_before(store: EventStore) -> None:
    """Nothing is kept in it, but when its servers received events is: that is what a first start goes by."""
    await store.commit([batch_of(server_source(), *elements(*ids(1)), received_at=days_ago(2))])
    assert await suspicion(store, SetClock(6 * DAY)) is Suspicion.AHEAD
    assert await suspicion(store) is None


@pytest.mark.parametrize("days", [1_200, 8])
async def test_a_server_that_was_off(store: EventStore, backend: Backend, days: int) -> None:
    """For over a week: suspect where the kernel does not vouch for the clock; nothing of it is kept then.

    One that it does vouch for is kept, but no further than an hour ahead of the database's clock.
    """
    assert await suspicion(store) is None
    assert await suspicion(store, SetClock(days * DAY)) is Suspicion.AHEAD
    assert await suspicion(store) is None
    assert await suspicion(store, SetClock(days * DAY, is_synchronised=True)) is None
    kept = Suspicion.BEHIND_NEWEST_TIME if backend.name == "sqlite" else None
    assert await suspicion(store, SetClock(is_synchronised=True)) is kept


async def test_a_server_that_was_off_for_less(store: EventStore) -> None:
    """It needs nobody, again and again, as long as it sweeps in between."""
    clock = SetClock()
    for _ in range(3):
        clock.moved += 6 * DAY
        async with started(store, clock) as guard:
            assert guard.suspicion is None
            await store.work(work.sweep_ended, clock.now())
    clock.moved += 6 * DAY
    assert await suspicion(store, clock) is None
    clock.moved += 2 * DAY
    assert await suspicion(store, clock) is Suspicion.AHEAD


async def test_the_time_that_servers_ran(store: EventStore) -> None:
    """It counts, also of several servers one after the other; of those beside each other it counts once."""
    first, second = SetClock(), SetClock()
    async with started(store, first) as one:
        for _ in range(10):
            first.run(DAY)
            await one.note()
        assert one.suspicion is None
        assert 10 * DAY <= (await one.judge()).kept.ran < 10 * DAY + HOUR
    second.moved = first.moved
    async with started(store, first) as one, started(store, second) as other:
        for _ in range(10):
            for clock, guard in ((first, one), (second, other)):
                clock.run(DAY)
                await guard.note()
        assert one.suspicion is other.suspicion is None
        assert 20 * DAY <= (await one.judge()).kept.ran < 20 * DAY + HOUR
    first.moved += 8 * DAY
    assert await suspicion(store, first) is Suspicion.AHEAD


async def test_a_clock_that_is_set_back(store: EventStore) -> None:
    """By over an hour it is suspect, within it is not; it is told once, and again when it is right."""
    clock = SetClock()
    async with started(store, clock) as guard:
        clock.moved = -59 * MINUTE
        assert (await guard.judge()).suspicion is None
        clock.moved = -61 * MINUTE
        with structlog.testing.capture_logs() as logs:
            assert (await guard.note()).is_behind
            assert (await guard.note()).is_behind
            assert guard.suspect_since is not None
            clock.moved = timedelta()
            assert (await guard.judge()).suspicion is None
            assert guard.suspect_since is None
        assert [line["event"] for line in logs] == ["clock_suspect", "clock_plausible"]


async def test_a_jump_is_judged_at_once(store: EventStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock is compared with the time that has passed; what it jumps over is judged, and noted."""
    monkeypatch.setattr(clock_guard, "TICK", 0.01)
    clock = SetClock()
    async with started(store, clock) as guard:
        for moved, expected in (
            (-2 * HOUR, BACKWARDS),
            (timedelta(), {None}),
            (10 * DAY, {Suspicion.AHEAD}),
        ):
            clock.moved = moved
            await _until(partial(is_any_of, guard, expected))
    assert len(await store.read(work.periods)) == 1


@pytest.fixture
async def on_postgres(postgres_store: Backend) -> AsyncIterator[EventStore]:
    """A store whose database has a clock of its own."""
    opened = await bootstrap.open_store(postgres_store.url)
    yield opened
    await opened.close()


async def test_behind_the_clock_of_the_database(on_postgres: EventStore) -> None:
    """Suspect from the first start on, where nothing is kept; whoever is ahead of it is not for that."""
    clock = SetClock(-61 * MINUTE)
    async with started(on_postgres, clock) as guard:
        assert guard.suspicion is Suspicion.BEHIND_DATABASE
        clock.moved = -59 * MINUTE
        assert (await guard.judge()).suspicion is None
        clock.moved = 6 * DAY
        assert (await guard.judge()).suspicion is None


async def test_one_server_with_a_bad_clock(on_postgres: EventStore) -> None:
    """It alone is suspect, whichever way its clock is off and whatever it keeps; the others go on."""
    good = SetClock()
    async with started(on_postgres, good) as one:
        for moved in (-400 * DAY, -2 * HOUR, 8 * DAY, 1_200 * DAY):
            async with started(on_postgres, SetClock(moved)) as bad:
                for guard in (one, bad, one):
                    await guard.note()
                assert bad.suspicion is not None
                assert one.suspicion is None
        # Within what is not suspect it may be kept, but makes nobody suspect either.
        async with started(on_postgres, SetClock(6 * DAY)) as bad:
            for guard in (one, bad, one):
                assert (await guard.note()).suspicion is None


async def test_a_restored_backup(store: EventStore) -> None:
    """The journal outlives the database: the clock is held against the newest time that either tells of."""
    backed_up = work.Start(SetClock(-20 * DAY).now(), None)
    await store.work(work.keep, backed_up, None, timedelta(), timedelta())
    marks = Marks([Mark(0, SetClock().now())])
    # Set back as far as the backup goes: the database alone would find nothing wrong.
    assert await suspicion(store, SetClock(-20 * DAY), marks) in BACKWARDS
    # Right, and not vouched for: servers ran until the mark was made.
    assert await suspicion(store, SetClock(), marks) is None
    assert await suspicion(store, SetClock(8 * DAY), marks) is Suspicion.AHEAD


async def test_of_marks_that_of_the_latest_acceptance_counts(store: EventStore) -> None:
    """A clock that was accepted may show an earlier time than before: a restored backup of before obeys."""
    now = SetClock().now()
    wrong, right = Mark(0, now + 1_200 * DAY), Mark(1, now)
    marks = Marks([right, wrong])
    async with started(store, SetClock(), marks) as guard:
        assert guard.suspicion is None
        assert (await guard.judge()).kept.acceptance == 1
    # And a database of after obeys no journal of before.
    assert await suspicion(store, SetClock(), Marks([wrong])) is None


async def test_the_journal_is_told_now_and_then(store: EventStore) -> None:
    """Of a plausible clock, once an hour; of a suspect one never."""
    marks, clock = Marks(), SetClock()
    async with started(store, clock, marks) as guard:
        await guard.note()
        assert len(marks.marks) == 1
        for _ in range(4):
            clock.run(30 * MINUTE)
            await guard.note()
        assert len(marks.marks) == 3 if (await guard.judge()).database_time is None else 1
        clock.moved += 8 * DAY
        await guard.note()
        clock.moved -= 16 * DAY
        await guard.note()
        assert guard.suspicion in BACKWARDS
    assert max(marks.marks).at <= SetClock().now() + 2 * HOUR


async def test_what_a_clock_that_was_behind_received_stays(store: EventStore, backend: Backend) -> None:
    """Until an administrator accepts the clock, in every table; what was received before it goes."""
    clock, source, other = SetClock(), server_source(), server_source()
    async with started(store, clock) as guard:
        clock.moved = -500 * DAY
        await guard.note()
        assert guard.suspicion in BACKWARDS
        behind = days_ago(500)
        await store.commit(
            [
                batch_of(source, *elements(*ids(5)), received_at=behind),
                quarantined_batch(source, *ids(3), received_at=behind),
                batch_of(other, *elements(*ids(7)), received_at=days_ago(501)),
            ]
        )
        clock.moved = timedelta()
        await guard.note()
        assert guard.suspicion is None
        assert await swept(store, dry_run=True) == {"element_stat": 7, "server": 1, "source": 1}
        assert await swept(store) == {"element_stat": 7, "server": 1, "source": 1}
        assert (backend.count("element_stat"), backend.count(QUARANTINE)) == (5, 3)
        await store.work(cut_offs.accept_clock, clock.now(), Act("test", "test"))
        left = {"element_stat": 5, QUARANTINE: 3, "server": 1, "source": 1}
        assert await swept(store, dry_run=True) == left
        assert await swept(store) == left


async def test_spans_that_meet_are_one(store: EventStore) -> None:
    """However often a clock is behind at the same time, there is an end to what is kept of it."""
    start = from_micros(days_ago(900))
    for first, last in ((0, 2), (10, 12), (2, 3), (11, 14), (1, 2), (30, 31)):
        await store.work(work.add_period, Period(start + first * HOUR, start + last * HOUR))
    found = [((one - start) / HOUR, (end - start) / HOUR) for one, end in await store.read(work.periods)]
    assert found == [(0, 3), (10, 14), (30, 31)]
    await store.work(work.add_period, Period(start, start + 40 * HOUR))
    assert len(await store.read(work.periods)) == 1


async def test_no_job_runs_by_a_suspect_clock(store: EventStore) -> None:
    """It is told once, counted each time, and done as soon as the clock is plausible again."""
    clock, times = SetClock(), list[datetime]()

    async def run(now: datetime) -> None:
        times.append(now)

    async with started(store, clock) as guard:
        for moved in (1_200 * DAY, -3 * HOUR):
            clock.moved = moved
            schedule = Schedule(store, guard, [Job("a-job", run)], Background(), QUICK)
            with structlog.testing.capture_logs() as logs:
                before = skipped()
                schedule.start()
                await _until(partial(was_skipped, before + 2))
                assert times == []
                clock.moved = timedelta()
                await _until(lambda: bool(times))
                await schedule.stop()
            told = [line for line in logs if line["event"] == "job_skipped"]
            assert len(told) == 1
            assert "the clock is suspect" in told[0]["reason"]
            times.clear()
            await store.work(jobs.finish, "a-job", clock.now() - 2 * DAY)


async def test_consent_to_a_large_sweep(store: EventStore, backend: Backend) -> None:
    """Who enforces retention wants it by this clock, however far it moved ahead; behind, it is refused."""
    clock = SetClock()
    await store.commit([batch_of(server_source(), *elements(*ids(5)), received_at=days_ago(0))])
    async with started(store, clock) as guard:
        sweeper = sweep_of(store, guard)
        clock.moved = -2 * HOUR
        with pytest.raises(ServiceError, match="clock") as refused:
            await sweeper.enforce(EnforceRetentionRequest(), "test")
        assert refused.value.reason_name == "CLOCK_SUSPECT"
        assert await sweeper.enforce(EnforceRetentionRequest(validate_only=True), "test") is not None
        clock.moved = 1_200 * DAY
        assert (await guard.judge()).suspicion is Suspicion.AHEAD
        await sweeper.enforce(EnforceRetentionRequest(), "test")
        assert backend.count("element_stat") == 0
        assert (await guard.judge()).suspicion is None


async def test_a_changed_policy_is_consent(store: EventStore) -> None:
    """Who says how long events live wants them to go by this clock; what changes nothing says nothing."""
    clock = SetClock()
    async with started(store, clock) as guard:
        policies = Retention(store, SCHEMA, guard)
        policy = RetentionPolicy(event_type="ping", retention_days=90)
        request = UpdateRetentionPolicyRequest(retention_policy=policy)
        await policies.update(request, "test")
        for moved in (-2 * HOUR, 1_200 * DAY):
            clock.moved = moved
            await policies.update(request, "test")
            assert guard.suspicion is not None
        policy.retention_days = 45
        await policies.update(UpdateRetentionPolicyRequest(retention_policy=policy), "test")
        assert guard.suspicion is None


async def test_what_was_asked_for_by_a_clock_that_was_behind_does_not_lapse(store: EventStore) -> None:
    """It has not waited for as long as its time says."""
    start = from_micros(days_ago(400))
    order = deletions.Order(new_id(), SELF_SERVICE, start + HOUR)
    subject = SubjectRecord("SERVER", b"s" * 32, server_uuid=new_id())
    await store.commit([batch_of(server_source(subject.server_uuid or ""), *elements(*ids(1)))])
    assert await store.work(waiting_deletions.ask, subject, order, Act("test", "test"))
    await store.work(work.add_period, Period(start, start + DAY))
    assert await store.read(waiting_deletions.overdue, SetClock().now() - 30 * DAY) == []
    await store.work(cut_offs.accept_clock, SetClock().now(), Act("test", "test"))
    assert list(await store.read(waiting_deletions.overdue, SetClock().now() - 30 * DAY)) == [
        order.deletion_id
    ]


async def _until(holds: Callable[[], bool]) -> None:
    deadline = asyncio.get_running_loop().time() + 30
    while not holds():
        assert asyncio.get_running_loop().time() < deadline, "it does not hold"
        await asyncio.sleep(0.01)


def is_any_of(guard: ClockGuard, expected: Collection[Suspicion | None]) -> bool:
    return guard.suspicion in expected


def skipped() -> float:
    """Return how often a job was skipped."""
    found: float = metrics.JOBS_SKIPPED.labels("a-job")._value.get()  # noqa: SLF001  # the library tells it so alone
    return found


def was_skipped(more_than: float) -> bool:
    return skipped() > more_than
