"""The chain of receipts over a store: its head commits to all of it, and costs what is new."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.batches import record
from tests.support.clients import deployment_source, new_id
from tests.support.erasures import begin, carry_out
from tests.support.receipts import KEY, KEYS, hashes_of

from aboveboard.admin.v1.deletion_pb2 import GetReceiptBundleRequest, Receipt
from aboveboard_server.errors import ServiceError
from aboveboard_server.privacy import receipt_chain, times
from aboveboard_server.privacy.receipt_bundles import verify_bundle
from aboveboard_server.privacy.receipt_chain import ReceiptChain
from aboveboard_server.privacy.receipt_files import head_document
from aboveboard_server.privacy.receipt_heads import hashes_digest, verify_head
from aboveboard_server.privacy.receipts import Head, verify_chain
from aboveboard_server.storage.ports import SubjectRecord
from aboveboard_server.storage.work import deletions, erasure_queue
from aboveboard_server.storage.work import receipts as work

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.integration.store.conftest import Backend

    from aboveboard.admin.v1.deletion_pb2 import ReceiptHead
    from aboveboard_server.storage.ports import EventStore

DAY = timedelta(days=1)


def company(company_id: str) -> SubjectRecord:
    """Return a company as the store knows it."""
    digest = record(deployment_source(company_id)).subjects[0]
    return SubjectRecord("COMPANY", digest, company_id=company_id)


class Counting:
    """A store that counts the receipts which are read of it, but for the newest."""

    def __init__(self, store: EventStore) -> None:
        self._store = store
        self.receipts = 0

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    async def read(self, unit: Callable[..., Any], *args: object, **fields: Any) -> Any:
        """Read."""
        found = await self._store.read(unit, *args, **fields)
        if unit is work.page:
            self.receipts += len(found)
        return found


class BreakingOff:
    """A store of which a read, after so many others, is broken off as by a caller that goes away."""

    def __init__(self, store: EventStore, after: int) -> None:
        self._store = store
        self._after = after
        self.reads = 0

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    async def read(self, unit: Callable[..., Any], *args: object, **fields: Any) -> Any:
        """Read."""
        self.reads += 1
        if self.reads == self._after + 1:
            raise asyncio.CancelledError
        return await self._store.read(unit, *args, **fields)


async def finish(store: EventStore, chain: ReceiptChain, deletion_id: str = "") -> Receipt:
    """Carry out a deletion, a new one unless it is given, and return its receipt."""
    deletion_id = deletion_id or await begin(store, company(new_id()))
    signed = await chain.extend([await carry_out(store, deletion_id)])
    assert await store.work(erasure_queue.sign, signed)
    return Receipt.FromString(signed[0].data)


def is_head_of(head: ReceiptHead, receipts: list[Receipt]) -> bool:
    """Whether it names the last of these receipts, and commits to all of them."""
    verify_head(head, KEYS)
    newest = Head.of(receipts[-1]) if receipts else Head()
    return (Head(head.sequence, head.hash), head.hashes_digest) == (
        newest,
        hashes_digest(hashes_of(receipts)),
    )


async def test_the_head_commits_to_all_and_reads_what_is_new(
    store: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From no receipt on, over several pages; asked again it reads nothing, another server reads all once."""
    monkeypatch.setattr(receipt_chain, "PAGE", 2)
    counting = Counting(store)
    chain = ReceiptChain(counting, KEY)  # type: ignore[arg-type]  # the rest of the store by __getattr__
    made: list[Receipt] = []
    assert is_head_of(await chain.signed_head(), made)
    for count in range(1, 6):
        made.append(await finish(store, chain))
        counting.receipts = 0
        for _ in range(3):
            assert is_head_of(await chain.signed_head(), made)
        # The newest, and the one before, to see that it is still the same chain.
        assert counting.receipts == min(count, 2)
    verify_chain(made, KEYS, Head.of(made[-1]))
    other = Counting(store)
    heads = ReceiptChain(other, KEY)  # type: ignore[arg-type]  # as above
    found = await asyncio.gather(*(heads.signed_head() for _ in range(8)))
    assert all(is_head_of(head, made) for head in found)
    assert other.receipts <= len(made) + 8
    assert await heads.published_head() == head_document(found[0])


async def test_an_ask_that_is_broken_off_leaves_nothing_half_done(
    store: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever it is broken off, the next one answers the whole chain."""
    monkeypatch.setattr(receipt_chain, "PAGE", 1)
    for asks in range(8):
        chain = ReceiptChain(store, KEY)
        made = [Receipt.FromString(data) for _, data in await store.read(work.page, start=1, limit=100)]
        assert is_head_of(await chain.signed_head(), made)
        made += [await finish(store, chain), await finish(store, chain)]
        breaking = BreakingOff(store, asks)
        chain._store = breaking  # type: ignore[assignment]  # noqa: SLF001  # the rest of the store by __getattr__
        with suppress(asyncio.CancelledError):
            await chain.signed_head()
        assert breaking.reads >= min(asks + 1, 5)
        chain._store = store  # noqa: SLF001  # as above
        assert is_head_of(await chain.signed_head(), made)


async def test_a_replaced_chain_is_hashed_from_its_start(store: EventStore, backend: Backend) -> None:
    """As after a takeover by a standby that lacked the newest: another receipt 3, or only two of them."""
    chain = ReceiptChain(store, KEY)
    made = [await finish(store, chain) for _ in range(3)]
    assert is_head_of(await chain.signed_head(), made)
    third = made.pop().deletion_id
    backend.execute(
        "UPDATE deletion SET receipt = NULL, receipt_sequence = NULL, state = 'RUNNING', erased_at = NULL"
        f" WHERE deletion_id = '{third}'"
    )
    assert is_head_of(await chain.signed_head(), made)
    made.append(await finish(store, chain))
    assert is_head_of(await chain.signed_head(), made)
    backend.execute(
        "UPDATE deletion SET receipt = NULL, receipt_sequence = NULL, state = 'RUNNING', erased_at = NULL"
        f" WHERE deletion_id = '{made.pop().deletion_id}'"
    )
    made += [await finish(store, chain, third), await finish(store, chain)]
    assert is_head_of(await chain.signed_head(), made)


async def test_a_bundle_of_each_receipt_verifies(store: EventStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever deletion is asked for; none for one that has no receipt, or that nobody knows."""
    monkeypatch.setattr(receipt_chain, "PAGE", 2)
    chain = ReceiptChain(store, KEY)
    made = [await finish(store, chain) for _ in range(4)]
    for receipt in made:
        bundle = await chain.bundle(GetReceiptBundleRequest(deletion_id=receipt.deletion_id))
        verify_bundle(bundle, KEYS)
        assert bundle.receipt == receipt
        assert list(bundle.hashes) == hashes_of(made)
        assert bundle.head == await chain.signed_head()
        assert not bundle.has_exact_times
    waiting = await begin(store, company("acme"))
    for deletion_id, words in (
        (waiting, "no receipt yet"),
        (new_id(), "no such deletion"),
        ("17", "UUID"),
    ):
        with pytest.raises(ServiceError, match=words):
            await chain.bundle(GetReceiptBundleRequest(deletion_id=deletion_id))


async def test_a_bundle_reads_what_is_new(store: EventStore, backend: Backend) -> None:
    """However long the chain is; one whose newest receipt was lost is read from its start."""
    counting = Counting(store)
    chain = ReceiptChain(counting, KEY)  # type: ignore[arg-type]  # the rest of the store by __getattr__
    made = [await finish(store, chain) for _ in range(5)]
    request = GetReceiptBundleRequest(deletion_id=made[1].deletion_id)
    for new in (5, 0, 1):
        if new == 1:
            made.append(await finish(store, chain))
        counting.receipts = 0
        bundle = await chain.bundle(request)
        verify_bundle(bundle, KEYS)
        assert list(bundle.hashes) == hashes_of(made)
        # What is new, and the newest that was known, to see that it is still the same chain.
        assert counting.receipts <= new + 1
    backend.execute(
        "UPDATE deletion SET receipt = NULL, receipt_sequence = NULL"
        f" WHERE deletion_id = '{made.pop().deletion_id}'"
    )
    bundle = await chain.bundle(request)
    verify_bundle(bundle, KEYS)
    assert list(bundle.hashes) == hashes_of(made)


async def test_receipts_are_signed_to_the_day(store: EventStore) -> None:
    """Every time rounded up to a midnight in UTC, one at midnight as it is; the deletion keeps them exact."""
    chain = ReceiptChain(store, KEY)
    deletion_id = await begin(store, company("acme"))
    row = await store.read(deletions.get, deletion_id)
    midnight = datetime(2026, 7, 14, tzinfo=UTC)
    row.created_at, row.cut_off_at = midnight, midnight + timedelta(microseconds=1)
    row.confirmed_at = row.erased_at = midnight + DAY - timedelta(microseconds=1)
    row.scrubbed_at = None
    (signed,) = await chain.extend([row])
    receipt = Receipt.FromString(signed.data)
    assert receipt.time_precision == Receipt.TIME_PRECISION_DAY
    assert receipt.created_at.ToDatetime(UTC) == midnight
    for name in ("cut_off_at", "confirmed_at", "erased_at"):
        assert getattr(receipt, name).ToDatetime(UTC) == midnight + DAY
    assert not receipt.HasField("scrubbed_at")
    assert row.cut_off_at == midnight + timedelta(microseconds=1)


async def test_old_receipts_stay_and_go_into_the_same_chain(store: EventStore, backend: Backend) -> None:
    """An upgraded service: what was signed in exact times verifies as before, and its bundle says so."""
    chain = ReceiptChain(store, KEY)
    exact = receipt_chain._to_the_day  # noqa: SLF001  # what makes the difference
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(receipt_chain, "_to_the_day", times.timestamp)
        patch.setattr(Receipt, "TIME_PRECISION_DAY", Receipt.TIME_PRECISION_UNSPECIFIED)
        old = await finish(store, chain)
    assert receipt_chain._to_the_day is exact  # noqa: SLF001  # as above
    new = await finish(store, chain)
    row = await store.read(deletions.get, old.deletion_id)
    assert old.created_at.ToDatetime(UTC) == row.created_at
    verify_chain([old, new], KEYS, Head.of(new))
    for receipt, has_exact_times in ((old, True), (new, False)):
        bundle = await chain.bundle(GetReceiptBundleRequest(deletion_id=receipt.deletion_id))
        verify_bundle(bundle, KEYS)
        assert bundle.has_exact_times == has_exact_times
