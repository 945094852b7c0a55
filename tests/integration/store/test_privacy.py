"""What EventStore promises of opt-outs, the quarantine and the keys."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tests.support.batches import (
    PATIENCE,
    RECEIVED_AT,
    UNKNOWN_BYTES,
    batch_of,
    comes_to_hold,
    elements,
    ids,
    opt_out,
    quarantined_batch,
    record,
    row,
)
from tests.support.clients import deployment_source, element, server_source

from aboveboard_server.storage.ports import ADMINISTRATOR, QUARANTINE, SELF_SERVICE, Replay

if TYPE_CHECKING:
    from tests.integration.store.conftest import Backend

    from aboveboard_server.storage.ports import EventStore, QuarantinedEvent

HERE = server_source(version="1.2")


async def test_an_opt_out_is_told_of_once_it_has_returned(store: EventStore) -> None:
    """`opted_out` holds the Subject as soon as the change has returned, and not after it was lifted."""
    digest = record(HERE).subjects[0]
    await opt_out(store, digest)
    assert not store.forbidden.allows([digest])
    await opt_out(store, digest, disabled=False)
    assert store.forbidden.allows([digest])


async def test_an_opt_out_is_lifted_only_in_the_way_it_was_set(store: EventStore, backend: Backend) -> None:
    """What an administrator has set stays when the source lifts its own, and the other way round."""
    digest = record(HERE).subjects[0]
    for origin in (ADMINISTRATOR, SELF_SERVICE):
        await opt_out(store, digest, origin=origin)
    await opt_out(store, digest, origin=SELF_SERVICE, disabled=False)
    assert (await store.commit([batch_of(HERE, *elements(*ids(1)))]))[0].opted_out
    await opt_out(store, digest, origin=ADMINISTRATOR, disabled=False)
    assert not (await store.commit([batch_of(HERE, *elements(*ids(1)))]))[0].opted_out


async def test_changing_an_opt_out_again_changes_nothing(store: EventStore, backend: Backend) -> None:
    """Set twice it is one, lifted once it is gone; lifting what was never set does nothing."""
    digest = record(HERE).subjects[0]
    await opt_out(store, digest, disabled=False)
    await opt_out(store, digest)
    await opt_out(store, digest)
    assert backend.count("opt_out") == 1
    await opt_out(store, digest, disabled=False)
    assert store.forbidden.allows([digest])
    assert backend.query("SELECT count(*) FROM opt_out WHERE revoked_at IS NULL") == [(0,)]


async def test_an_opt_out_of_a_wider_subject_covers_the_narrower(store: EventStore) -> None:
    """A company's opt-out refuses the batches of all its deployments and users."""
    company = record(deployment_source("acme")).subjects[0]
    await opt_out(store, company)
    sources = [deployment_source("acme", "d1", user_id="u"), deployment_source("acme", "d2")]
    results = await store.commit([batch_of(source, *elements(*ids(1))) for source in sources])
    assert [result.opted_out for result in results] == [True, True]


async def test_no_commit_after_an_opt_out_stores_what_it_forbids(store: EventStore, backend: Backend) -> None:
    """While commits run without a pause, not one row comes in once the change has returned."""
    digest = record(HERE).subjects[0]
    refused = asyncio.Event()

    async def keep_sending() -> None:
        while not refused.is_set():
            (result,) = await store.commit([batch_of(HERE, *elements(*ids(20)))])
            if result.opted_out:
                refused.set()

    sending = [asyncio.create_task(keep_sending()) for _ in range(4)]
    await comes_to_hold(lambda: backend.count("element_stat") > 0)
    await opt_out(store, digest)
    stored = backend.count("element_stat")
    await asyncio.wait_for(asyncio.gather(*sending), PATIENCE)
    assert stored > 0
    assert backend.count("element_stat") == stored


async def quarantine(store: EventStore, count: int) -> list[str]:
    """Put events into the quarantine in an order of their own, and return their ids in it."""
    made = ids(count)[::-1]
    for event_id in made:
        await store.commit([quarantined_batch(HERE, event_id)])
    return made


async def test_the_quarantine_is_read_page_by_page(store: EventStore) -> None:
    """The newest first below an id, the oldest first above one, as many as asked for, each once."""
    made = await quarantine(store, 5)
    first = await store.quarantined(limit=2)
    rest = await store.quarantined(before=first[-1].quarantined_event_id, limit=10)
    assert [event.event_id for event in first + rest] == made[::-1]
    oldest = await store.quarantined(after=0, limit=3)
    newer = await store.quarantined(after=oldest[-1].quarantined_event_id, limit=3)
    assert [event.event_id for event in oldest + newer] == made


async def test_a_quarantined_event_comes_back_as_it_went_in(store: EventStore) -> None:
    """With its bytes and its source where they are asked for, and without them where not."""
    (made,) = await quarantine(store, 1)
    (short,) = await store.quarantined(limit=1)
    assert (short.event_id, short.event_field_number, short.received_at, short.reason) == (
        made,
        900,
        RECEIVED_AT,
        2,
    )
    assert (short.size_bytes, short.skew, short.envelope, short.source) == (
        len(UNKNOWN_BYTES),
        2_000,
        b"",
        (),
    )
    (whole,) = await store.quarantined(limit=1, whole=True)
    assert (whole.envelope, whole.origin) == (UNKNOWN_BYTES, "server")
    assert whole.source == record(HERE).values


def replay_of(event: QuarantinedEvent, event_id: str = "") -> Replay:
    """Return the replay of a quarantined event as an element's."""
    return Replay(
        quarantined_event_id=event.quarantined_event_id,
        source_id=event.source_id,
        subjects=record(HERE).subjects,
        received_at=event.received_at,
        table="element_stat",
        row=row(element(event_id=event_id or event.event_id)),
    )


async def test_a_replayed_event_leaves_the_quarantine_for_its_table(
    store: EventStore, backend: Backend
) -> None:
    """It keeps its source and its time of receipt; what is held already is told; what breaks a rule goes."""
    made = await quarantine(store, 4)
    (held,) = ids(1)
    await store.commit([batch_of(HERE, *elements(held))])
    events = await store.quarantined(after=0, limit=10, whole=True)
    items = [replay_of(event) for event in events]
    items[1] = replay_of(events[1], held)
    items[2] = Replay(events[2].quarantined_event_id, 1, (), RECEIVED_AT, QUARANTINE, None)

    assert await store.replay(items) == ["REPLAYED", "DUPLICATE", "DROPPED", "REPLAYED"]

    assert await store.quarantined(limit=10) == []
    assert backend.ids("element_stat") == sorted([made[0], made[3], held])
    found = backend.query(
        "SELECT count(*), min(source_id), max(source_id),"
        f" min({backend.micros('received_at')}) FROM element_stat"
    )
    assert found == [(3, 1, 1, RECEIVED_AT)]


async def test_what_opted_out_since_is_not_replayed(store: EventStore, backend: Backend) -> None:
    """The event leaves the quarantine and is stored nowhere."""
    await quarantine(store, 2)
    events = await store.quarantined(after=0, limit=10, whole=True)
    await opt_out(store, record(HERE).subjects[0])
    assert await store.replay([replay_of(event) for event in events]) == ["OPTED_OUT", "OPTED_OUT"]
    assert [backend.count(table) for table in (QUARANTINE, "element_stat")] == [0, 0]


async def test_what_has_left_the_quarantine_meanwhile_does_not_come_back(
    store: EventStore, backend: Backend
) -> None:
    """A replay of what was erased, or replayed by someone else, after it was read stores nothing."""
    await quarantine(store, 1)
    events = await store.quarantined(after=0, limit=10, whole=True)
    gone = Replay(events[0].quarantined_event_id, 1, (), RECEIVED_AT, QUARANTINE, None)
    await store.replay([gone])
    assert await store.replay([replay_of(events[0])]) == ["DUPLICATE"]
    assert backend.count("element_stat") == 0


async def test_keys_are_remembered_and_strangers_told(store: EventStore) -> None:
    """The first fingerprints are kept; a name with another one is returned, each time."""
    assert await store.pin_keys({"digest": "a", "receipt": "b"}) == []
    assert await store.pin_keys({"digest": "a", "receipt": "c", "wrapping": "d"}) == ["receipt"]
    assert await store.pin_keys({"digest": "a", "receipt": "c"}) == ["receipt"]
    assert await store.pin_keys({"wrapping": "d"}) == []
