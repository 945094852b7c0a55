"""What erasing does in a store: every row of its subject, in whatever chunks, and no row of anyone else."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.batches import batch_of, ids, record
from tests.support.canaries import Canaries
from tests.support.clients import deployment_source, element, environment, ping
from tests.support.erasures import begin, carry_out

from aboveboard_server.schema import erasure
from aboveboard_server.schema.tables import import_all
from aboveboard_server.storage.ports import QUARANTINE, EventBatch, SubjectRecord

if TYPE_CHECKING:
    from tests.integration.store.conftest import Backend

    from aboveboard_server.storage.ports import EventStore

COMPANIES = 200
TARGETS = [target for target in erasure.targets(import_all()) if not target.redacted]


def company(company_id: str) -> SubjectRecord:
    return SubjectRecord("COMPANY", record(deployment_source(company_id)).subjects[0], company_id=company_id)


def rows(backend: Backend) -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of every table that an erasure removes from."""
    return {
        target.table: sorted(backend.query(f"SELECT * FROM {target.table}"), key=repr) for target in TARGETS
    }


async def fill(store: EventStore, seed: int) -> None:
    """Have companies send events of several kinds, mixed among each other, with ids of any time."""
    dice = random.Random(seed)
    canaries = Canaries(seed)
    for turn in range(3):
        batches: list[EventBatch] = []
        for number in dice.sample(range(COMPANIES), COMPANIES):
            source = deployment_source(f"c{number}", f"d{turn % 2}", company_name=f"C {number}")
            events = [
                maker(event_id=canaries.uuid())
                for maker in (element, environment, ping)
                for _ in range(dice.randrange(1, 4))
            ]
            batch = batch_of(source, *events, received_at=1_783_944_000_000_000 + turn)
            batch.values[QUARANTINE] = [turn, canaries.uuid(), turn, 900, 2, b"new"]
            batch.size += 1
            batches.append(batch)
        await store.commit(batches)


async def test_deleting_one_of_200_leaves_the_others_row_by_row(store: EventStore, backend: Backend) -> None:
    """Each row of the 199 is as it was, to the last column; each of the one is gone and was counted."""
    await fill(store, 17)
    before = rows(backend)
    sources = [number for (number,) in backend.query("SELECT source_id FROM source WHERE company_id = 'c77'")]
    assert len(sources) == 2
    done = await carry_out(store, await begin(store, company("c77")), chunk=7)

    metadata = import_all()
    after = rows(backend)
    removed = {}
    for target in TARGETS:
        columns = list(metadata.tables[target.table].columns.keys())
        key, owned = ("source_id", sources) if "source_id" in columns else ("company_id", ["c77"])
        place = columns.index(key) if key in columns else None
        kept = [row for row in before[target.table] if place is None or row[place] not in owned]
        assert after[target.table] == kept
        removed[target.table] = len(before[target.table]) - len(kept)
    assert done.removed == {table: count for table, count in removed.items() if count}
    assert {QUARANTINE, "source", "company", "deployment", "ping"} <= done.removed.keys()


@pytest.mark.parametrize("chunk", [1, 5, 10_000])
async def test_chunks_of_any_size_come_to_the_same(store: EventStore, backend: Backend, chunk: int) -> None:
    """Whatever the size of a chunk, the counts and the end are the same."""
    sources = [deployment_source("c", f"d{number}") for number in range(5)]
    for source in sources:
        await store.commit([batch_of(source, *[element(event_id=event_id) for event_id in ids(3)])])
    done = await carry_out(store, await begin(store, company("c")), chunk)
    assert done.removed == {"company": 1, "deployment": 5, "element_stat": 15, "source": 5}
    assert backend.count("element_stat") == backend.count("source") == 0


async def test_what_is_sent_meanwhile_is_not_removed(store: EventStore, backend: Backend) -> None:
    """A sender of whom rows are being removed gets a new source: its newer rows stay."""
    source = deployment_source("c")
    old, new = ids(2)
    await store.commit([batch_of(source, element(event_id=old))])
    deletion_id = await begin(store, company("c"))
    batch = batch_of(source, element(event_id=new))
    batch.epoch = store.forbidden.epoch
    (result,) = await store.commit([batch])
    assert not result.stale
    done = await carry_out(store, deletion_id)
    assert backend.ids("element_stat") == [new]
    assert done.removed == {"company": 1, "deployment": 1, "element_stat": 1, "source": 1}
    assert backend.query("SELECT company_id, deletion_id FROM source") == [("c", None)]
