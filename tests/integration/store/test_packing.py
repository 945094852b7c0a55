"""What a store packs without making rows of it gets the same verdicts, and is stored alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.batches import batch_of, record
from tests.support.clients import element, ping, request, server_source, told
from tests.support.door import service_over

from aboveboard_server.ingest.service import FEW_EVENTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.integration.store.conftest import Backend

    from aboveboard.telemetry.v1.event_pb2 import EventEnvelope
    from aboveboard.telemetry.v1.source_pb2 import Source
    from aboveboard_server.storage.ports import EventStore

MANY = 3 * FEW_EVENTS


def mixed() -> list[EventEnvelope]:
    """Return good events of two tables by turns."""
    return [(element, ping)[index % 2](f"{index}") for index in range(MANY)]


def stored(backend: Backend, events: Sequence[EventEnvelope]) -> int:
    """Count the rows of events of both tables."""
    ids = {event.event_id for event in events}
    return sum(len(ids.intersection(backend.ids(table))) for table in ("element_stat", "ping"))


async def known(store: EventStore, source: Source) -> None:
    """Let a store learn of a source."""
    await store.commit([batch_of(source, element())])


async def test_postgres_packs_what_a_known_source_sends(backend: Backend, store: EventStore) -> None:
    """Once its id is known, and where each event is plainly good; SQLite's writer takes rows."""
    source, now = server_source(), 1_790_000_000_000_000
    assert store.pack(mixed(), 0, record(source), now) is None
    await known(store, source)
    packed = store.pack(mixed(), 0, record(source), batch_of(source, element()).received_at)
    assert (packed is not None) == (backend.name == "postgres")
    if packed is not None:
        assert packed.indices == {
            "element_stat": list(range(0, MANY, 2)),
            "ping": list(range(1, MANY, 2)),
        }


async def test_a_duplicate_is_told_at_its_place(backend: Backend, store: EventStore) -> None:
    """Whether it came before, or earlier in its own request."""
    source, before, events = server_source(), mixed(), mixed()
    async with service_over(store) as service:
        for _ in range(2):
            assert (await service.publish(request(source, mixed()))).accepted_count == MANY
        assert (await service.publish(request(source, before))).accepted_count == MANY
        events[3], events[8], events[11] = before[5], before[20], events[1]
        answer = await service.publish(request(source, events))
    assert told(answer.verdicts) == [(index, "DUPLICATE", "UNSPECIFIED", "") for index in (3, 8, 11)]
    assert answer.accepted_count == MANY - 3
    assert stored(backend, [*before, *events]) == 2 * MANY - 3


async def test_one_that_is_not_good_costs_its_neighbours_nothing(backend: Backend, store: EventStore) -> None:
    """A request that cannot be packed is sorted; so is one whose ids are written in capitals."""
    source, events, capitals = server_source(), mixed(), mixed()
    events[7] = element("")
    for event in capitals:
        event.event_id = event.event_id.upper()
    async with service_over(store) as service:
        await service.publish(request(source, mixed()))
        answer = await service.publish(request(source, events))
        assert told(answer.verdicts) == [(7, "REJECTED", "FIELD_REQUIRED", "element_stat.element_id")]
        assert (await service.publish(request(source, capitals))).accepted_count == MANY
        again = await service.publish(request(source, capitals))
    assert [verdict.index for verdict in again.verdicts] == list(range(MANY))
    assert stored(backend, events) == MANY - 1
