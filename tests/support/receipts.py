"""Receipts to prove something with: signed as the service signs them, under a key that never changes."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from aboveboard.admin.v1.deletion_pb2 import Receipt, ReceiptBundle, ReceiptHead
from aboveboard_server.privacy.keys import key_id
from aboveboard_server.privacy.receipt_bundles import bundle
from aboveboard_server.privacy.receipt_heads import hashes_digest, sign_head
from aboveboard_server.privacy.receipts import Head, sign

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

KEY = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"a key for tests").digest())
OTHER_KEY = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"another key for tests").digest())
KEYS = {key_id(KEY.public_key()): KEY.public_key()}


def facts(number: int = 1, *, reference: str = "Ticket „7“ /é\t\U0001f5d1") -> Receipt:
    """Return what a deletion removed, in exact times as before receipts went by the day.

    Every other field is in use; other facts for another number.
    """
    receipt = Receipt(
        deletion_id=f"0190a3f2-7c1e-7d3a-9b52-{number:012d}",
        subject_digest=hashlib.sha256(b"%d" % number).digest(),
        reference=reference,
    )
    receipt.table_counts.add(table="test_case_stat", rows=10_000 + number)
    receipt.table_counts.add(table="ping", rows=3)
    for second, name in enumerate(("cut_off_at", "created_at", "confirmed_at", "erased_at", "scrubbed_at")):
        getattr(receipt, name).FromMicroseconds(1_789_000_000_000_000 + number + second * 1_500_000)
    return receipt


def chain(length: int) -> list[Receipt]:
    """Return a chain of that many receipts, the first one first."""
    receipts: list[Receipt] = []
    for number in range(1, length + 1):
        receipts.append(sign(facts(number), Head.of(receipts[-1]) if receipts else Head(), KEY))
    return receipts


def hashes_of(receipts: Sequence[Receipt]) -> list[bytes]:
    """Return the hash of each receipt."""
    return [Head.of(receipt).hash for receipt in receipts]


def head_of(receipts: Sequence[Receipt]) -> ReceiptHead:
    """Return the signed head of a whole chain."""
    newest = Head.of(receipts[-1]) if receipts else Head()
    return sign_head(newest, hashes_digest(hashes_of(receipts)), KEY)


def bundle_of(receipts: Sequence[Receipt], sequence: int) -> ReceiptBundle:
    """Return the bundle of one receipt of a whole chain."""
    return bundle(receipts[sequence - 1], hashes_of(receipts), head_of(receipts))


def flips(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the data with each of its bits flipped in turn, and the place of the byte that holds it."""
    for bit in range(len(data) * 8):
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << bit % 8
        yield bit // 8, bytes(changed)
