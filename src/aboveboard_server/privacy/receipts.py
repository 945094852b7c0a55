"""Receipts: what a deletion removed, signed, and each tied to the one before.

Verified offline, with a public key and, for completeness, the head of the chain that was published.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidSignature

from aboveboard.admin.v1.deletion_pb2 import Receipt
from aboveboard_server.privacy.keys import key_id

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey


class ReceiptError(Exception):
    """Says in one line what is wrong with a receipt, or with a chain of them."""


@dataclass(frozen=True, slots=True)
class Head:
    """The newest receipt of a chain: its sequence, and the SHA-256 over its signed_payload, 32 bytes.

    Without arguments, the head of the chain that has no receipt yet.
    """

    sequence: int = 0
    hash: bytes = b""

    @classmethod
    def of(cls, receipt: Receipt) -> Head:
        """Return the head of the chain that ends with this receipt."""
        return cls(receipt.sequence, hashlib.sha256(receipt.signed_payload).digest())


def sign(facts: Receipt, after: Head, key: Ed25519PrivateKey) -> Receipt:
    """Return a receipt of what `facts` says, up to `scrubbed_at`: the next one `after` that head."""
    receipt = Receipt()
    receipt.CopyFrom(facts)
    receipt.table_counts.sort(key=lambda count: count.table)
    receipt.sequence = after.sequence + 1
    receipt.previous_receipt_hash = after.hash
    receipt.key_id = key_id(key.public_key())
    payload = _payload(receipt)
    receipt.signed_payload = payload
    receipt.signature = key.sign(payload)
    return receipt


def verify(receipt: Receipt, keys: Mapping[str, Ed25519PublicKey]) -> None:
    """Raise ReceiptError unless one of the keys, by key id, signed every field of the receipt."""
    name = f"receipt {receipt.sequence}"
    key = keys.get(receipt.key_id)
    if key is None:
        raise ReceiptError(f"{name}: it names a key that is none of those given")
    try:
        key.verify(receipt.signature, receipt.signed_payload)
    except InvalidSignature:
        raise ReceiptError(f"{name}: the signature does not fit") from None
    if _payload(receipt) != receipt.signed_payload:
        raise ReceiptError(f"{name}: a field is not what was signed")


def verify_chain(
    receipts: Sequence[Receipt], keys: Mapping[str, Ed25519PublicKey], head: Head | None = None
) -> None:
    """Raise ReceiptError unless the receipts are right, in order of sequence, and none is missing between.

    With a head, none may be missing from the first to the one that it names; newer ones are taken too.
    """
    for receipt in receipts:
        verify(receipt, keys)
    for before, after in pairwise(receipts):
        _verify_link(before, after)
    if head is not None:
        _verify_completeness(receipts, head)


def _payload(receipt: Receipt) -> bytes:
    """Serialize what is signed. Fields of a newer version are in it too: they are kept, and come last."""
    payload = Receipt()
    payload.CopyFrom(receipt)
    payload.ClearField("signed_payload")
    payload.ClearField("signature")
    return payload.SerializeToString(deterministic=True)


def _verify_link(before: Receipt, after: Receipt) -> None:
    if after.sequence == before.sequence:
        raise ReceiptError(f"receipt {after.sequence} is there twice")
    if after.sequence < before.sequence:
        raise ReceiptError(f"receipt {before.sequence} stands before receipt {after.sequence}")
    _verify_none_between(before.sequence, after.sequence)
    if after.previous_receipt_hash != Head.of(before).hash:
        raise ReceiptError(f"the link between receipts {before.sequence} and {after.sequence} is broken")


def _verify_completeness(receipts: Sequence[Receipt], head: Head) -> None:
    first, last = (receipts[0].sequence, receipts[-1].sequence) if receipts else (1, 0)
    _verify_none_between(0, first)
    if receipts and receipts[0].previous_receipt_hash:
        raise ReceiptError("the link before receipt 1 is broken: there is none before it")
    _verify_none_between(last, max(last, head.sequence) + 1)
    if head != (Head.of(receipts[head.sequence - 1]) if head.sequence else Head()):
        raise ReceiptError(f"receipt {head.sequence} is not the one that the head names")


def _verify_none_between(before: int, after: int) -> None:
    first, last = before + 1, after - 1
    if first == last:
        raise ReceiptError(f"receipt {first} is missing")
    if first < last:
        raise ReceiptError(f"receipts {first} to {last} are missing")
