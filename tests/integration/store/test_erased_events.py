"""What a deletion's tombstone lets through at the door, and what not, of a caller bound to the company."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from tests.support.batches import comes_to_hold, entomb, opt_out, record, subject_of
from tests.support.clients import (
    Requests,
    deployment_source,
    element,
    ping,
    request,
    server_source,
    told,
    unknown_arm,
)
from tests.support.door import service_over

from aboveboard.ingest.v1.ingest_service_pb2 import PublishEventsRequest, StreamEventsRequest
from aboveboard.telemetry.v1.verdict_pb2 import CollectionStatus
from aboveboard_server.errors import StoreUnavailableError
from aboveboard_server.ingest.service import ATTEMPTS
from aboveboard_server.ingest.stream import Streams, acknowledge
from aboveboard_server.storage.ports import QUARANTINE, CommitResult

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.integration.store.conftest import Backend

    from aboveboard.telemetry.v1.event_pb2 import EventEnvelope
    from aboveboard.telemetry.v1.source_pb2 import Source
    from aboveboard_server.storage.ports import EventBatch, EventStore

CUT_OFF = 1_783_944_000_123_457
SECOND = 1_000_000


def moment(micros: int) -> Timestamp:
    """Return a time in µs as it is sent."""
    found = Timestamp()
    found.FromMicroseconds(micros)
    return found


def at(micros: int, **envelope: str) -> EventEnvelope:
    """Return an event that occurred then."""
    return element(occurred_at=moment(micros), **envelope)


def outcomes(response: object) -> list[tuple[int, str]]:
    """Return index and outcome of each verdict."""
    return [(index, outcome) for index, outcome, _, _ in told(response.verdicts)]  # type: ignore[attr-defined]  # of either answer


async def erase(store: EventStore, source: Source, cut_off: int = CUT_OFF) -> None:
    """Leave a tombstone of a source's widest Subject."""
    await entomb(store, subject_of(source), datetime.fromtimestamp(0, UTC) + timedelta(microseconds=cut_off))


async def test_the_cut_off_is_exact_and_every_other_verdict_stays(
    store: EventStore, backend: Backend
) -> None:
    """Erased at the cut-off and before it, quarantined ones too; taken, quarantined, rejected 1 µs after."""
    source = deployment_source("acme")
    held = at(CUT_OFF + 1)
    async with service_over(store) as service:
        await service.publish(request(source, [held]), is_bound=True)
        await erase(store, source)
        events = [
            at(CUT_OFF + 1),
            at(CUT_OFF),
            unknown_arm(900, occurred_at=moment(CUT_OFF)),
            unknown_arm(900, occurred_at=moment(CUT_OFF + 1)),
            element("", occurred_at=moment(CUT_OFF)),
            ping(occurred_at=moment(CUT_OFF - SECOND)),
            held,
            ping(occurred_at=moment(CUT_OFF + SECOND)),
        ]
        response = await service.publish(request(source, events), is_bound=True)
    assert outcomes(response) == [
        (1, "SUBJECT_ERASED"),
        (2, "SUBJECT_ERASED"),
        (3, "QUARANTINED"),
        (4, "REJECTED"),
        (5, "SUBJECT_ERASED"),
        (6, "DUPLICATE"),
    ]
    assert response.accepted_count == 2
    assert [verdict.event_id for verdict in response.verdicts] == [
        events[verdict.index].event_id for verdict in response.verdicts
    ]
    assert not any("acme" in verdict.message for verdict in response.verdicts)
    assert response.collection_status.erased_before == moment(CUT_OFF)
    assert response.collection_status.state == CollectionStatus.STATE_ENABLED
    assert [backend.count(table) for table in ("element_stat", "ping", QUARANTINE)] == [2, 1, 1]


async def test_what_was_sent_before_comes_back_neither_byte_by_byte_nor_under_new_ids(
    store: EventStore, backend: Backend
) -> None:
    """The very request of before, its events under new ids, and a mix with newer ones: 0 rows are older."""
    source = server_source()
    old = [at(CUT_OFF - number) for number in range(19)] + [unknown_arm(900, occurred_at=moment(CUT_OFF))]
    sent = request(source, old).SerializeToString()
    async with service_over(store) as service:
        await erase(store, source)
        same = await service.publish(PublishEventsRequest.FromString(sent), is_bound=True)
        fresh = await service.publish(
            request(source, [at(CUT_OFF - number) for number in range(20)]), is_bound=True
        )
        mixed = await service.publish(
            request(source, [*old, *[at(CUT_OFF + 1) for _ in range(3)]]), is_bound=True
        )
    for response in (same, fresh, mixed):
        assert outcomes(response) == [(index, "SUBJECT_ERASED") for index in range(20)]
    assert [response.accepted_count for response in (same, fresh, mixed)] == [0, 0, 3]
    assert backend.count("element_stat") == 3
    assert backend.count("source") == 1


@pytest.mark.parametrize("behind", [3_600, -3_600, 3650 * 86_400, -3650 * 86_400])
async def test_a_clock_that_is_off_counts_as_sent_and_as_corrected(
    store: EventStore, backend: Backend, behind: int
) -> None:
    """At or before the cut-off by either clock is erased; past it by both is taken."""
    source = server_source()
    offset = behind * SECOND
    now = time.time_ns() // 1_000
    cut_off = now - 600 * SECOND
    # By the server's clock: a minute before the cut-off, and a minute after it.
    before, after = cut_off - 60 * SECOND, cut_off + 60 * SECOND
    # And the same by what the client's clock shows.
    events = [at(before - offset), at(after - offset), at(before), at(after)]
    sent = request(source, events)
    sent.sent_at.CopyFrom(moment(now - offset))
    async with service_over(store) as service:
        await erase(store, source, cut_off)
        response = await service.publish(sent, is_bound=True)
    # Past both: as sent where the clock is behind, since it is corrected to later, and the other way round.
    taken = 3 if behind > 0 else 1
    assert outcomes(response) == [(index, "SUBJECT_ERASED") for index in range(4) if index != taken]
    assert backend.ids("element_stat") == [events[taken].event_id]


async def test_others_are_told_nothing_and_lose_nothing(store: EventStore) -> None:
    """A tombstone concerns its Subject, at any width, and nobody else."""
    erased, neighbour = deployment_source("acme", "d1"), deployment_source("acme", "d2")
    digest = record(erased).subjects[1]
    async with service_over(store) as service:
        await entomb(
            store,
            subject_of(erased).__class__("DEPLOYMENT", digest),
            datetime.fromtimestamp(0, UTC) + timedelta(microseconds=CUT_OFF),
        )
        for source, told_of in ((erased, True), (neighbour, False), (server_source(), False)):
            response = await service.publish(request(source, [at(CUT_OFF)]), is_bound=True)
            assert response.accepted_count == (not told_of)
            for status in (response.collection_status, service.collection_status(source, is_bound=True)):
                assert status.HasField("erased_before") == told_of


async def test_a_stream_gives_the_same_verdicts(store: EventStore, backend: Backend) -> None:
    """Request by request, with the cut-off in the status of each answer."""
    source = server_source()

    sent = [
        StreamEventsRequest(
            sequence=sequence,
            publish=request(source, [at(CUT_OFF), at(CUT_OFF + 1), at(CUT_OFF - 1)]),
        )
        for sequence in range(1, 6)
    ]
    async with service_over(store) as service:
        await erase(store, source)
        answers = [
            answer async for answer in acknowledge(Requests(*sent), service, Streams(60), lambda: True)
        ]
    found = [(one.sequence, *told([one.verdict])[0][:2]) for answer in answers for one in answer.verdicts]
    assert found == [(turn, index, "SUBJECT_ERASED") for turn in range(1, 6) for index in (0, 2)]
    assert all(answer.collection_status.erased_before == moment(CUT_OFF) for answer in answers)
    assert backend.count("element_stat") == 5


class Overtaken:
    """A store in which deletions happen just before a commit, as if another server had made them."""

    def __init__(self, store: EventStore, source: Source, cut_offs: Sequence[int]) -> None:
        self._store = store
        self._source = source
        self.cut_offs = list(cut_offs)

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    async def commit(self, batches: Sequence[EventBatch]) -> list[CommitResult]:
        """Delete, then commit."""
        if self.cut_offs:
            await erase(self._store, self._source, self.cut_offs.pop(0))
        return await self._store.commit(batches)


async def test_a_deletion_between_sorting_and_commit_is_obeyed(store: EventStore, backend: Backend) -> None:
    """The batch comes back and is sorted by the new cut-off: what is older is erased, the rest is stored."""
    source = server_source()
    overtaken = Overtaken(store, source, [CUT_OFF - SECOND, CUT_OFF])
    events = [at(CUT_OFF - SECOND), at(CUT_OFF + 1), at(CUT_OFF)]
    async with service_over(overtaken) as service:  # type: ignore[arg-type]  # the rest of the store by __getattr__
        response = await service.publish(request(source, events), is_bound=True)
    assert not overtaken.cut_offs
    assert outcomes(response) == [(0, "SUBJECT_ERASED"), (2, "SUBJECT_ERASED")]
    assert response.collection_status.erased_before == moment(CUT_OFF)
    assert backend.ids("element_stat") == [events[1].event_id]


async def test_a_request_that_is_overtaken_again_and_again_is_sent_back(
    store: EventStore, backend: Backend
) -> None:
    """UNAVAILABLE, so that the client tries again later; nothing of it is stored."""
    source = server_source()
    overtaken = Overtaken(store, source, range(CUT_OFF, CUT_OFF + ATTEMPTS))
    async with service_over(overtaken) as service:  # type: ignore[arg-type]  # as above
        with pytest.raises(StoreUnavailableError):
            await service.publish(request(source, [at(CUT_OFF + SECOND)]), is_bound=True)
    assert not overtaken.cut_offs
    assert backend.count("element_stat") == 0


async def test_who_opts_out_with_the_deletion_is_told_so(store: EventStore, backend: Backend) -> None:
    """Everything is OPTED_OUT from then on, and the cut-off is still told."""
    source = server_source()
    async with service_over(store) as service:
        await erase(store, source)
        await opt_out(store, record(source).subjects[0])
        response = await service.publish(request(source, [at(CUT_OFF), at(CUT_OFF + 1)]), is_bound=True)
    assert outcomes(response) == [(0, "OPTED_OUT"), (1, "OPTED_OUT")]
    assert response.collection_status.erased_before == moment(CUT_OFF)
    assert backend.count("element_stat") == 0


async def test_under_load_nothing_older_comes_in_once_the_deletion_has_returned(
    store: EventStore, backend: Backend
) -> None:
    """While others commit without a pause: not one row at or before the cut-off is added, newer ones are."""
    source = server_source()
    erased = asyncio.Event()

    async def keep_sending() -> tuple[int, int]:
        newer = 0
        for _ in range(1_000):
            late = erased.is_set()
            events = [at(CUT_OFF - number) for number in range(10)] + [at(CUT_OFF + 1)]
            response = await service.publish(request(source, events), is_bound=True)
            newer += response.accepted_count > 0
            if late:
                assert outcomes(response) == [(index, "SUBJECT_ERASED") for index in range(10)]
                return newer, response.accepted_count
        raise AssertionError("the deletion never returned")

    async with service_over(store) as service:
        sending = [asyncio.create_task(keep_sending()) for _ in range(8)]
        older = f"SELECT count(*) FROM element_stat WHERE {backend.micros('occurred_at')} <= {CUT_OFF}"
        await comes_to_hold(lambda: backend.query(older)[0][0] > 0)
        await erase(store, source)
        at_return = backend.query(older)
        erased.set()
        results = await asyncio.gather(*sending)
    assert at_return[0][0] > 0
    assert backend.query(older) == at_return
    assert all(last == 1 for _, last in results)
    newer = backend.query(
        f"SELECT count(*) FROM element_stat WHERE {backend.micros('occurred_at')} > {CUT_OFF}"
    )
    assert newer == [(sum(count for count, _ in results),)]
