"""Heads of the chain of receipts: each names the newest receipt, and commits by a digest to all up to it."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple

from cryptography.exceptions import InvalidSignature

from aboveboard.admin.v1.deletion_pb2 import ReceiptHead
from aboveboard_server.privacy.keys import key_id
from aboveboard_server.privacy.receipts import Head, ReceiptError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

# Stands before what is signed of a head. The same key signs receipts, whose signed bytes are a message's own:
# no message begins with a zero byte, so that neither signature fits the other kind.
CONTEXT = b"\x00aboveboard.admin.v1.ReceiptHead\x00"


class KeptHead(NamedTuple):
    """A head as somebody keeps it; one from before the digest was published has none."""

    head: Head
    hashes_digest: bytes | None = None


def hashes_digest(hashes: Iterable[bytes]) -> bytes:
    """Return the digest over the hashes of receipts 1 to n, in order."""
    return hashlib.sha256(b"".join(hashes)).digest()


def sign_head(newest: Head, digest: bytes, key: Ed25519PrivateKey) -> ReceiptHead:
    """Return the signed head of the chain that ends with `newest`; `digest` is over the hashes up to it."""
    public = key.public_key()
    head = ReceiptHead(
        sequence=newest.sequence,
        hash=newest.hash,
        hashes_digest=digest,
        key_id=key_id(public),
        public_key=public.public_bytes_raw(),
    )
    payload = _payload(head)
    head.signed_payload = payload
    head.signature = key.sign(CONTEXT + payload)
    return head


def verify_head(head: ReceiptHead, keys: Mapping[str, Ed25519PublicKey]) -> None:
    """Raise ReceiptError unless one of the keys, by key id, signed every field of the head."""
    key = keys.get(head.key_id)
    if key is None:
        raise ReceiptError("the head names a key that is none of those given")
    try:
        key.verify(head.signature, CONTEXT + head.signed_payload)
    except InvalidSignature:
        raise ReceiptError("the signature of the head does not fit") from None
    if _payload(head) != head.signed_payload or head.public_key != key.public_bytes_raw():
        raise ReceiptError("a field of the head is not what was signed")


def _payload(head: ReceiptHead) -> bytes:
    """Serialize what is signed after the context. Fields of a newer version are in it too."""
    payload = ReceiptHead()
    payload.CopyFrom(head)
    payload.ClearField("signed_payload")
    payload.ClearField("signature")
    return payload.SerializeToString(deterministic=True)
