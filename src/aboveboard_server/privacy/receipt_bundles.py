"""Bundles: one receipt in full, and only the hashes of all others, so that the chain still verifies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aboveboard.admin.v1.deletion_pb2 import Receipt, ReceiptBundle
from aboveboard_server.privacy.receipt_heads import hashes_digest, verify_head
from aboveboard_server.privacy.receipts import Head, ReceiptError, verify

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    from aboveboard.admin.v1.deletion_pb2 import ReceiptHead
    from aboveboard_server.privacy.receipt_heads import KeptHead

HASH_BYTES = 32


def bundle(receipt: Receipt, hashes: Iterable[bytes], head: ReceiptHead) -> ReceiptBundle:
    """Return what one customer is handed; the hashes are those of all receipts up to the head, in order."""
    return ReceiptBundle(receipt=receipt, hashes=hashes, head=head, has_exact_times=_has_exact_times(receipt))


def verify_bundle(
    given: ReceiptBundle, keys: Mapping[str, Ed25519PublicKey], kept: KeptHead | None = None
) -> None:
    """Raise ReceiptError unless receipt and head are right, and no receipt up to the head is left out.

    With a head that was kept earlier, the chain must have grown from it: nothing up to it is another.
    """
    verify(given.receipt, keys)
    verify_head(given.head, keys)
    _verify_completeness(given)
    _verify_membership(given)
    if kept is not None:
        _verify_growth(given, kept)
    if given.has_exact_times != _has_exact_times(given.receipt):
        raise ReceiptError(f"receipt {given.receipt.sequence}: has_exact_times is not what the receipt says")


def _has_exact_times(receipt: Receipt) -> bool:
    return receipt.time_precision == Receipt.TIME_PRECISION_UNSPECIFIED


def _verify_completeness(given: ReceiptBundle) -> None:
    hashes, head = given.hashes, given.head
    if len(hashes) != head.sequence:
        raise ReceiptError(f"{len(hashes)} hashes, but the head names receipt {head.sequence}")
    if any(len(one) != HASH_BYTES for one in hashes):
        raise ReceiptError(f"a hash does not have {HASH_BYTES} bytes")
    if hashes_digest(hashes) != head.hashes_digest:
        raise ReceiptError("the hashes are not those that the head commits to")
    if head.hash != (hashes[-1] if hashes else b""):
        raise ReceiptError(f"the hash of receipt {head.sequence} is not the one that the head names")


def _verify_membership(given: ReceiptBundle) -> None:
    hashes, receipt = given.hashes, given.receipt
    sequence = receipt.sequence
    if not 1 <= sequence <= len(hashes) or hashes[sequence - 1] != Head.of(receipt).hash:
        raise ReceiptError(f"receipt {sequence} is none of those that the head commits to")
    if receipt.previous_receipt_hash != (hashes[sequence - 2] if sequence > 1 else b""):
        raise ReceiptError(f"the link between receipts {sequence - 1} and {sequence} is broken")


def _verify_growth(given: ReceiptBundle, kept: KeptHead) -> None:
    hashes, sequence = given.hashes, kept.head.sequence
    if sequence > len(hashes):
        raise ReceiptError(f"the kept head names receipt {sequence}, but the bundle ends with {len(hashes)}")
    up_to_it = hashes[:sequence]
    if kept.head.hash != (up_to_it[-1] if up_to_it else b""):
        raise ReceiptError(f"receipt {sequence} is not the one that the kept head names")
    if kept.hashes_digest is not None and hashes_digest(up_to_it) != kept.hashes_digest:
        raise ReceiptError(f"a receipt up to {sequence} is not the one that the kept head commits to")
