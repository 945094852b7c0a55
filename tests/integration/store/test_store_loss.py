"""What EventStore promises of the loss estimate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.protobuf.timestamp_pb2 import Timestamp
from tests.support import erasures
from tests.support.batches import batch_of
from tests.support.clients import deployment_source, element, ping, server_source

from aboveboard_server.privacy import subjects
from aboveboard_server.storage.ports import Loss, SubjectRecord

if TYPE_CHECKING:
    from aboveboard.telemetry.v1.event_pb2 import EventEnvelope
    from aboveboard_server.storage.ports import EventStore

TODAY = 20_647  # 2026-07-13
DAY = 86_400


def at(day: int, second: int, number: int) -> EventEnvelope:
    return ping(sequence=number, occurred_at=Timestamp(seconds=day * DAY + second))


async def test_numbers_are_counted_by_instance_product_and_day(store: EventStore) -> None:
    """Gaps of an instance count over its sources and event types; days begin at midnight in UTC."""
    tab = deployment_source("busag", instance_id="a")
    later = deployment_source("busag", instance_id="a", user_id="u1")
    alone = server_source(solution="Testsigma CE")
    other = element(sequence=6, occurred_at=Timestamp(seconds=TODAY * DAY + 5))
    await store.commit(
        [
            batch_of(
                tab, at(TODAY, 0, 1), at(TODAY, DAY - 1, 4), at(TODAY - 1, DAY - 1, 9), at(TODAY + 1, 0, 90)
            ),
            batch_of(later, at(TODAY, 9, 4), other),
            batch_of(alone, at(TODAY, 1, 2), at(TODAY, 2, 4)),
            batch_of(deployment_source("busag"), at(TODAY, 3, 1), at(TODAY, 3, 50)),
            batch_of(
                deployment_source("liar", instance_id="x"), at(TODAY, 3, 1), at(TODAY, 3, 4_000_000_000)
            ),
        ]
    )
    today = Loss(TODAY, "Connects", instances=1, received=3, missing=3, excluded=1)
    servers = Loss(TODAY, "Testsigma CE", instances=1, received=2, missing=1, excluded=0)
    before = Loss(TODAY - 1, "Connects", instances=1, received=1, missing=0, excluded=0)
    assert await store.loss(first_day=TODAY - 1, last_day=TODAY, solution="") == [today, servers, before]
    assert await store.loss(first_day=TODAY, last_day=TODAY, solution="Testsigma CE") == [servers]


async def test_nothing_to_count_is_no_estimate(store: EventStore) -> None:
    """An empty store has no estimate."""
    assert await store.loss(first_day=0, last_day=TODAY, solution="") == []


async def test_whoever_is_being_deleted_counts_no_more(store: EventStore) -> None:
    """From the moment a deletion begins, though its rows are still there."""
    gone, stays = (deployment_source(name, instance_id="a") for name in ("gone", "stays"))
    await store.commit([batch_of(source, at(TODAY, 0, 1), at(TODAY, 1, 4)) for source in (gone, stays)])
    digest = subjects.digest(bytes(32), subjects.COMPANY, ["gone"])
    await erasures.begin(store, SubjectRecord(subjects.COMPANY, digest, company_id="gone"))
    assert await store.loss(first_day=TODAY, last_day=TODAY, solution="") == [
        Loss(TODAY, "Connects", instances=1, received=2, missing=2, excluded=0)
    ]
