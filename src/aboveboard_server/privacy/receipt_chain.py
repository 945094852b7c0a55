"""The chain of receipts as the store holds it: its head, and what comes next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aboveboard.admin.v1.deletion_pb2 import Receipt
from aboveboard_server.privacy import receipts, times
from aboveboard_server.privacy.receipt_files import head_document
from aboveboard_server.privacy.receipts import Head
from aboveboard_server.storage.work import erasure_queue as work

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from aboveboard_server.storage.ports import EventStore
    from aboveboard_server.storage.privacy_tables import DeletionRow


class ReceiptChain:
    """Signs with a key what a store's deletions have removed."""

    def __init__(self, store: EventStore, key: Ed25519PrivateKey) -> None:
        self._store = store
        self._key = key

    async def extend(self, deletions: Sequence[DeletionRow]) -> list[work.SignedReceipt]:
        """Return the receipts of deletions that would come next in the chain as it is now, in this order."""
        head = await self.head()
        made = []
        for deletion in deletions:
            receipt = receipts.sign(_facts(deletion), head, self._key)
            head = Head.of(receipt)
            data = receipt.SerializeToString(deterministic=True)
            made.append(work.SignedReceipt(deletion.deletion_id, receipt.sequence, data))
        return made

    async def head(self) -> Head:
        """Return the head of the chain."""
        newest = await self._store.read(work.newest_receipt)
        return Head.of(Receipt.FromString(newest)) if newest else Head()

    async def published_head(self) -> dict[str, str | int]:
        """Return the head as it is published."""
        return head_document(await self.head(), self._key.public_key())


def _facts(row: DeletionRow) -> Receipt:
    facts = Receipt(
        deletion_id=row.deletion_id,
        subject_digest=row.subject_digest,
        reference=row.reference,
        cut_off_at=times.timestamp(row.cut_off_at),
        created_at=times.timestamp(row.created_at),
        confirmed_at=times.timestamp(row.confirmed_at),
        erased_at=times.timestamp(row.erased_at),
        scrubbed_at=times.timestamp(row.scrubbed_at),
    )
    for table, rows in row.removed.items():
        facts.table_counts.add(table=table, rows=rows)
    return facts
