"""The queue of deletions: administrators' first, each turn bounded, however many wait."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.support.batches import batch_of, record
from tests.support.clients import deployment_source, element, server_source

from aboveboard.admin.v1.deletion_pb2 import Receipt
from aboveboard_server.background import Background
from aboveboard_server.errors import OverloadedError
from aboveboard_server.ids import uuid7
from aboveboard_server.privacy import receipts
from aboveboard_server.privacy.eraser import Eraser, ScrubPolicy
from aboveboard_server.privacy.keys import key_id
from aboveboard_server.privacy.receipt_chain import ReceiptChain
from aboveboard_server.privacy.receipts import Head
from aboveboard_server.storage.ports import ADMINISTRATOR, SELF_SERVICE, SubjectRecord
from aboveboard_server.storage.work import deletions, erasure_queue, waiting_deletions
from aboveboard_server.storage.work.audit import Act

if TYPE_CHECKING:
    from tests.integration.store.conftest import Backend

    from aboveboard_server.storage.ports import EventStore
    from aboveboard_server.storage.privacy_tables import DeletionRow

START = datetime(2026, 7, 13, 12, tzinfo=UTC)
ACT = Act("test", "CreateDeletion")
KEY = Ed25519PrivateKey.generate()


class Turns:
    """A store that remembers the units that write, with what they were given; closes `after` one of them."""

    def __init__(self, store: EventStore) -> None:
        self._store = store
        self.calls: list[tuple[str, Any]] = []
        self.after = ""
        self.reached = asyncio.Event()

    async def work(self, unit: Any, *args: Any, **kwargs: Any) -> Any:
        """Run a unit and remember it."""
        self.calls.append((unit.__name__, args[0] if args else None))
        if unit.__name__ == self.after:
            self.reached.set()
        return await self._store.work(unit, *args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


async def server(store: EventStore) -> SubjectRecord:
    """Have a server send an event, and return it."""
    source = server_source()
    await store.commit([batch_of(source, element())])
    return SubjectRecord("SERVER", record(source).subjects[0], server_uuid=source.server.server_uuid)


async def begin(store: EventStore, origin: str, minute: int, subject: SubjectRecord | None = None) -> str:
    """Begin a deletion, of a server that has sent an event unless a subject is given."""
    subject = subject or await server(store)
    order = deletions.Order(str(uuid7()), origin, START + timedelta(minutes=minute))
    return (await store.work(deletions.begin, subject, order, ACT)).deletion_id


async def wait_for_confirmation(store: EventStore, name: str, minute: int = 0) -> DeletionRow:
    """Leave a deployment's deletion to be confirmed."""
    source = deployment_source("c", name)
    await store.commit([batch_of(source, element())])
    subject = SubjectRecord("DEPLOYMENT", record(source).subjects[1], company_id="c", deployment_id=name)
    order = deletions.Order(
        str(uuid7()), SELF_SERVICE, START + timedelta(minutes=minute), sealed_subject=b"sealed"
    )
    row = await store.work(waiting_deletions.ask, subject, order, ACT)
    assert row is not None
    return row


async def in_order(store: EventStore) -> list[tuple[str, ...]]:
    """Carry everything out, and return what went together, in order."""
    found = []
    while (batch := await store.read(erasure_queue.running)).deletion_ids:
        done = await store.work(erasure_queue.carry_on, batch.deletion_ids, 1_000)
        assert done is not None
        assert await store.work(erasure_queue.erased, done, START)
        if done:
            found.append(tuple(done))
    return found


async def test_administrators_come_first_and_then_the_oldest(store: EventStore) -> None:
    """What administrators asked for or confirmed goes before what sources began, however much earlier."""
    anonymous = [await begin(store, SELF_SERVICE, minute) for minute in range(3)]
    asked = [await begin(store, ADMINISTRATOR, minute) for minute in (5, 9)]
    waiting = await wait_for_confirmation(store, "d1")
    subject = deletions.subject_of(waiting)
    decision = deletions.Decision(waiting.deletion_id, START + timedelta(minutes=7), ACT)
    await store.work(deletions.confirm, subject, decision)
    ours = [(asked[0],), (waiting.deletion_id,), (asked[1],)]
    assert await in_order(store) == [*ours, tuple(anonymous)]


async def test_sources_deletions_are_bounded_a_turn(store: EventStore) -> None:
    """Of more than go together the oldest do; of their rows as many as one transaction removes."""
    more = erasure_queue.ANONYMOUS_AT_ONCE + 1
    begun = [await begin(store, SELF_SERVICE, minute) for minute in range(more)]
    batch = await store.read(erasure_queue.running)
    assert batch == (tuple(begun[:-1]), True)
    # Each has one event and one source: with the fifth the limit is reached, and none was empty before.
    assert await store.work(erasure_queue.carry_on, batch.deletion_ids, 10) == []
    rows = [await store.read(deletions.get, deletion_id) for deletion_id in begun]
    assert [sum(row.removed.values()) > 1 for row in rows] == [True] * 5 + [False] * (more - 5)


async def test_what_was_removed_is_erased_a_transaction_later(store: EventStore) -> None:
    """No time of erasure lies before the commit of what was erased."""
    deletion_id = await begin(store, ADMINISTRATOR, 0)
    assert await store.work(erasure_queue.carry_on, [deletion_id], 1_000) == []
    assert await store.work(erasure_queue.carry_on, [deletion_id], 1_000) == [deletion_id]
    assert (await store.read(deletions.get, deletion_id)).state == deletions.RUNNING


async def test_many_receipts_are_chained_in_bounded_transactions(store: EventStore) -> None:
    """No transaction signs more than it may, the chain has no gap, and a stale head signs nothing."""
    number = 2 * erasure_queue.RECEIPTS_AT_ONCE + 3
    for minute in range(number):
        unseen = SubjectRecord("SERVER", minute.to_bytes(32, "big"), server_uuid=str(uuid7()))
        await begin(store, SELF_SERVICE, minute, unseen)
    chain, sizes = ReceiptChain(store, KEY), []
    while rows := await store.read(erasure_queue.unsigned, scrubs=False):
        signed = await chain.extend(rows)
        assert await store.work(erasure_queue.sign, signed)
        assert not await store.work(erasure_queue.sign, signed)
        sizes.append(len(signed))
    assert sizes == [erasure_queue.RECEIPTS_AT_ONCE] * 2 + [3]
    await verified(store, number)


async def verified(store: EventStore, number: int) -> None:
    """See that the chain has so many receipts, whole."""
    rows = await store.read(deletions.page, before=None, limit=number + 1, state=None)
    found = [Receipt.FromString(row.receipt) for row in rows if row.receipt]
    found.sort(key=lambda receipt: receipt.sequence)
    receipts.verify_chain(found, {key_id(KEY.public_key()): KEY.public_key()}, Head.of(found[-1]))
    assert len(found) == number


async def nothing_waits() -> bool:
    """Say that no deletion waits for a plausible clock."""
    return False


FLOOD = 10_000
# Deletions that sources have begun, all of whose rows are gone but for their sources.
FLOODED = {
    "sqlite": (
        "INSERT INTO deletion (deletion_id, subject_kind, subject_digest, origin, reference, state,"
        " also_opt_out, scrub_now, created_at, cut_off_at, removed, rejection_reason)"
        " WITH RECURSIVE number(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < {flood})"
        " SELECT printf('00000000-0000-7000-8000-%012d', n), 'SERVER', randomblob(32), 'SELF_SERVICE', '',"
        " '{state}', 0, 0, n, n, '{{}}', '' FROM number"
    ),
    "postgres": (
        "INSERT INTO deletion (deletion_id, subject_kind, subject_digest, origin, reference, state,"
        " also_opt_out, scrub_now, created_at, cut_off_at, removed, rejection_reason)"
        " SELECT ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, 'SERVER',"
        " decode(md5(n::text), 'hex'), 'SELF_SERVICE', '', '{state}', false, false,"
        " to_timestamp(n), to_timestamp(n), '{{}}', '' FROM generate_series(1, {flood}) AS number(n)"
    ),
}


@pytest.mark.parametrize("state", ["RUNNING", "ERASED", "SCRUBBED"])
async def test_an_administrators_deletion_is_through_while_a_flood_waits(
    store: EventStore, backend: Backend, state: str
) -> None:
    """Among 10,000 that sources began: it has its receipt within the first turns, and a drain ends in one."""
    if state == "SCRUBBED" and not store.scrubs:
        state = "ERASED"
    backend.execute(FLOODED[backend.name].format(flood=FLOOD, state=state))
    turns = Turns(store)
    turns.after = "sign"
    mine = await server(store)
    order = deletions.Order(str(uuid7()), ADMINISTRATOR, datetime.now(UTC), scrub_now=True)
    deletion_id = (await store.work(deletions.begin, mine, order, ACT)).deletion_id
    eraser = Eraser(turns, ReceiptChain(store, KEY), ScrubPolicy(0.0), nothing_waits, Background())  # type: ignore[arg-type]  # a store it is
    while (await store.read(deletions.get, deletion_id)).receipt is None:
        await turns.reached.wait()
        await asyncio.sleep(0.01)
    turns.calls.clear()
    await eraser.close()
    # The turn under way, and no other: a chunk, its end, a scrub, some receipts.
    assert [name for name, _ in turns.calls].count("carry_on") <= 2
    sizes = {name: len(given) for name, given in turns.calls if name in {"carry_on", "erased", "sign"}}
    assert sizes.get("carry_on", 0) <= erasure_queue.ANONYMOUS_AT_ONCE
    assert sizes.get("sign", 0) <= erasure_queue.RECEIPTS_AT_ONCE
    left = backend.query("SELECT count(*) FROM deletion WHERE receipt_sequence IS NULL")[0][0]
    assert left > FLOOD / 2


async def test_what_sources_begin_rewrites_the_file_once_in_an_hour(store: EventStore) -> None:
    """Though it is quiet and overdue the second waits for its scrub, and goes with an administrator's."""
    policy = ScrubPolicy(0.0, timedelta())
    eraser = Eraser(store, ReceiptChain(store, KEY), policy, nothing_waits, Background())

    async def ended(deletion_id: str, *states: str) -> None:
        while (await store.read(deletions.get, deletion_id)).state not in states:
            eraser.wake()
            await asyncio.sleep(0.01)

    last = deletions.SCRUBBED if store.scrubs else deletions.ERASED
    await ended(await begin(store, SELF_SERVICE, 0), last)
    second = await begin(store, SELF_SERVICE, 1)
    await ended(second, deletions.ERASED)
    # Whoever was never seen needs no scrub: its receipt shows that turns have passed.
    unseen = SubjectRecord("SERVER", bytes(32), server_uuid=str(uuid7()))
    order = deletions.Order(str(uuid7()), ADMINISTRATOR, START, scrubs=store.scrubs)
    await store.work(deletions.begin, unseen, order, ACT)
    while (await store.read(deletions.get, order.deletion_id)).receipt is None:
        eraser.wake()
        await asyncio.sleep(0.01)
    assert (await store.read(deletions.get, second)).state == deletions.ERASED
    await ended(await begin(store, ADMINISTRATOR, 2), last)
    await ended(second, last)
    await eraser.close()


async def test_what_waits_for_too_long_lapses(store: EventStore) -> None:
    """Those asked for at or before the limit, and no other; nothing is removed, nobody is named."""
    old, new = await wait_for_confirmation(store, "d1"), await wait_for_confirmation(store, "d2", 1)
    act = Act("server", "LapseDeletion")
    assert await store.read(waiting_deletions.waiting) == (2, START)
    assert await store.read(waiting_deletions.overdue, START) == [old.deletion_id]
    for _ in range(2):
        await store.work(waiting_deletions.lapse, old.deletion_id, at=START, act=act)
    assert await store.read(waiting_deletions.overdue, START) == []
    lapsed = await store.read(deletions.get, old.deletion_id)
    assert (lapsed.state, lapsed.ended_at, lapsed.company_id, lapsed.sealed_subject) == (
        deletions.LAPSED,
        START,
        None,
        None,
    )
    assert (await store.read(deletions.get, new.deletion_id)).state == deletions.PENDING
    assert await store.read(waiting_deletions.waiting) == (1, START + timedelta(minutes=1))
    rows = await store.read(deletions.page, before=None, limit=9, state=None)
    assert {row.state for row in rows} == {deletions.PENDING, deletions.LAPSED}
    assert await in_order(store) == []


async def test_one_deletion_of_a_subject_waits_and_so_many_of_a_company(store: EventStore) -> None:
    """Asked at once and again it is the same one; the last that finds no place learns when to come again."""
    first = await wait_for_confirmation(store, "d0")
    again = await asyncio.gather(*(wait_for_confirmation(store, "d0") for _ in range(4)))
    assert {row.deletion_id for row in again} == {first.deletion_id}
    names = [f"d{number}" for number in range(1, waiting_deletions.MOST_WAITING_OF_COMPANY + 3)]
    asked = await asyncio.gather(
        *(wait_for_confirmation(store, name) for name in names), return_exceptions=True
    )
    refused = [found for found in asked if isinstance(found, OverloadedError)]
    assert [error.retry_after for error in refused] == [waiting_deletions.RETRY_FULL_SECONDS] * 3
    assert await store.read(waiting_deletions.waiting) == (waiting_deletions.MOST_WAITING_OF_COMPANY, START)
