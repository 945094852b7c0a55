"""The chain of receipts as the store holds it: its head, and what comes next."""

from __future__ import annotations

import asyncio
import hashlib
from datetime import timedelta
from typing import TYPE_CHECKING

from aboveboard.admin.v1.deletion_pb2 import Receipt
from aboveboard.error.v1 import error_reason_pb2 as reasons
from aboveboard_server.errors import ServiceError
from aboveboard_server.privacy import arguments, receipts, times
from aboveboard_server.privacy.receipt_bundles import HASH_BYTES, bundle
from aboveboard_server.privacy.receipt_files import head_document
from aboveboard_server.privacy.receipt_heads import sign_head
from aboveboard_server.privacy.receipts import Head
from aboveboard_server.storage.work import deletions
from aboveboard_server.storage.work import erasure_queue as work
from aboveboard_server.storage.work import receipts as receipt_work

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence
    from datetime import datetime

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from google.protobuf.timestamp_pb2 import Timestamp

    from aboveboard.admin.v1.deletion_pb2 import GetReceiptBundleRequest, ReceiptBundle, ReceiptHead
    from aboveboard_server.storage.ports import EventStore
    from aboveboard_server.storage.privacy_tables import DeletionRow

# Receipts that are read at once; hashing so many takes a few ms.
PAGE = 500


class _Hashed:
    """How far the chain was hashed: its head there, all hashes up to it, and the digest over them."""

    def __init__(self) -> None:
        self.head = Head()
        self.digest = hashlib.sha256()
        # 32 bytes a receipt, one after the other.
        self._hashes = bytearray()

    def add(self, head: Head) -> None:
        """Take in the next receipt."""
        self.head = head
        self.digest.update(head.hash)
        self._hashes += head.hash

    def hashes(self) -> Iterator[bytes]:
        """Yield the hashes of receipts 1 to the head, in order."""
        return (
            bytes(self._hashes[start : start + HASH_BYTES])
            for start in range(0, len(self._hashes), HASH_BYTES)
        )


class ReceiptChain:
    """Signs with a key what a store's deletions have removed.

    What was published is known until another receipt is the newest; of a longer chain only what is new is
    read.
    """

    def __init__(self, store: EventStore, key: Ed25519PrivateKey) -> None:
        self._store = store
        self._key = key
        self._hashed = _Hashed()
        self._published: ReceiptHead | None = None
        self._hashing = asyncio.Lock()

    async def extend(self, rows: Sequence[DeletionRow]) -> list[work.SignedReceipt]:
        """Return the receipts of deletions that would come next in the chain as it is now, in this order."""
        head = await self.head()
        made = []
        for row in rows:
            receipt = receipts.sign(_facts(row), head, self._key)
            head = Head.of(receipt)
            data = receipt.SerializeToString(deterministic=True)
            made.append(work.SignedReceipt(row.deletion_id, receipt.sequence, data))
        return made

    async def head(self) -> Head:
        """Return the head of the chain."""
        newest = await self._store.read(work.newest_receipt)
        return Head.of(Receipt.FromString(newest)) if newest else Head()

    async def published_head(self) -> dict[str, str | int]:
        """Return the head as it is published."""
        return head_document(await self.signed_head())

    async def signed_head(self) -> ReceiptHead:
        """Return the signed head of the chain."""
        newest = await self.head()
        if self._published is None or not _names(self._published, newest):
            # One after the other: who waits finds it done, but for what is new.
            async with self._hashing:
                return await self._publish()
        return self._published

    async def bundle(self, request: GetReceiptBundleRequest) -> ReceiptBundle:
        """Return a deletion's receipt with the hashes of all; ServiceError where it has none."""
        deletion_id = arguments.uuid(request.deletion_id, "deletion_id")
        row = await self._store.read(deletions.get, deletion_id)
        if row.receipt is None:
            text = "the deletion has no receipt yet"
            raise ServiceError(reasons.ERROR_REASON_NOT_FOUND, text, field="deletion_id")
        async with self._hashing:
            head = await self._publish()
            return bundle(Receipt.FromString(row.receipt), self._hashed.hashes(), head)

    async def _publish(self) -> ReceiptHead:
        """Hash what is new, and return the signed head; by one task at a time."""
        await self._catch_up()
        if self._published is None or not _names(self._published, self._hashed.head):
            self._published = sign_head(self._hashed.head, self._hashed.digest.digest(), self._key)
        return self._published

    async def _catch_up(self) -> None:
        """Hash what is new; all of it where the chain in the store is not the one that was hashed so far."""
        known = self._hashed.head
        if known.sequence and known != await self._head_at(known.sequence):
            # A standby has taken over that had not received the chain to its end.
            self._hashed = _Hashed()
        async for head in self._heads(self._hashed.head.sequence + 1):
            self._hashed.add(head)

    async def _head_at(self, sequence: int) -> Head | None:
        found = await self._store.read(receipt_work.page, start=sequence, limit=1)
        return Head.of(Receipt.FromString(found[0][1])) if found else None

    async def _heads(self, start: int) -> AsyncIterator[Head]:
        """Yield sequence and hash of each receipt from a sequence on, in order."""
        while found := await self._store.read(receipt_work.page, start=start, limit=PAGE):
            for _, data in found:
                yield Head.of(Receipt.FromString(data))
            start = found[-1][0] + 1


def _names(published: ReceiptHead, newest: Head) -> bool:
    return (published.sequence, published.hash) == (newest.sequence, newest.hash)


def _facts(row: DeletionRow) -> Receipt:
    """Return what is signed of a deletion: others than the administrators learn its times to the day."""
    facts = Receipt(
        deletion_id=row.deletion_id,
        subject_digest=row.subject_digest,
        reference=row.reference,
        cut_off_at=_to_the_day(row.cut_off_at),
        created_at=_to_the_day(row.created_at),
        confirmed_at=_to_the_day(row.confirmed_at),
        erased_at=_to_the_day(row.erased_at),
        scrubbed_at=_to_the_day(row.scrubbed_at),
        time_precision=Receipt.TIME_PRECISION_DAY,
    )
    for table, rows in row.removed.items():
        facts.table_counts.add(table=table, rows=rows)
    return facts


def _to_the_day(time: datetime | None) -> Timestamp | None:
    """Return a time rounded up to a midnight in UTC: what is said to hold from then on does."""
    if time is None:
        return None
    midnight = time.replace(hour=0, minute=0, second=0, microsecond=0)
    return times.timestamp(midnight if midnight == time else midnight + timedelta(days=1))
