"""What EventStore promises of tombstones."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tests.support.batches import batch_of, elements, entomb, ids, record, subject_of
from tests.support.clients import deployment_source, server_source

from aboveboard_server.storage.ports import CommitResult

if TYPE_CHECKING:
    from tests.integration.store.conftest import Backend

    from aboveboard_server.storage.ports import EventStore

HERE = server_source()
CUT_OFF = datetime(2026, 7, 13, 12, 0, 0, 123_457, tzinfo=UTC)
MICROS = 1_783_944_000_123_457


async def test_a_tombstone_is_known_once_it_was_placed(store: EventStore) -> None:
    """Its cut-off is found to the microsecond from any Subject it covers, and from no other."""
    company = deployment_source("acme")
    await entomb(store, subject_of(company), CUT_OFF)
    for covered in (company, deployment_source("acme", "d2", solution="Another")):
        assert store.forbidden.cut_off(record(covered).subjects) == MICROS
    assert store.forbidden.cut_off(record(deployment_source("acme2")).subjects) is None


async def test_of_two_tombstones_the_later_cut_off_holds(store: EventStore, backend: Backend) -> None:
    """Whichever is placed first; either way what was sorted before the second is stale."""
    for later_first in (True, False):
        source = server_source()
        times = [CUT_OFF, CUT_OFF - timedelta(microseconds=1)]
        for cut_off in times if later_first else times[::-1]:
            batch = batch_of(source, *elements(*ids(1)))
            batch.epoch = store.forbidden.epoch
            await entomb(store, subject_of(source), cut_off)
            assert await store.commit([batch]) == [CommitResult(stale=True)]
        assert store.forbidden.cut_off(record(source).subjects) == MICROS
    assert backend.count("tombstone") == 2
    assert backend.count("element_stat") == 0


async def test_a_stale_batch_leaves_its_neighbours_alone(store: EventStore, backend: Backend) -> None:
    """Of a commit only the batches of the erased Subject are sent back, and its reason is known by then."""
    others = [batch_of(server_source(), *elements(*ids(2))) for _ in range(2)]
    batch = batch_of(HERE, *elements(*ids(2)))
    # A store may take the rows out of what it is given.
    again = replace(batch)
    await entomb(store, subject_of(HERE), CUT_OFF)
    results = await store.commit([others[0], batch, others[1]])
    assert [result.stale for result in results] == [False, True, False]
    assert backend.count("element_stat") == 4
    again.epoch = store.forbidden.epoch
    assert await store.commit([again]) == [CommitResult()]


async def test_what_makes_a_batch_stale_is_known_by_the_time_it_is_told(store: EventStore) -> None:
    """Even where the deletion itself has not returned yet: whoever sorts the batch anew sorts it right."""
    for _ in range(20):
        source = server_source()
        batch = batch_of(source, *elements(*ids(1)))
        batch.epoch = store.forbidden.epoch
        erasing = asyncio.create_task(entomb(store, subject_of(source), CUT_OFF))
        while not (await store.commit([batch]))[0].stale:
            pass
        assert store.forbidden.cut_off(batch.source.subjects) == MICROS
        await erasing
