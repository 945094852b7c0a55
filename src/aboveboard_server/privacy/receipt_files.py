"""Receipts, heads and public keys as people keep them: read so that no bit can change unnoticed.

A receipt as JSON is canonical where its text, but for white space between values, is what this version
writes: Base64, numbers, times and escapes each have one way to be written, and no key is unknown.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, TypeVar

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from google.protobuf.json_format import MessageToDict, ParseDict, ParseError
from google.protobuf.message import DecodeError

from aboveboard.admin.v1.deletion_pb2 import (
    Deletion,
    GetDeletionResponse,
    GetReceiptBundleResponse,
    ListDeletionsResponse,
    Receipt,
    ReceiptBundle,
    ReceiptHead,
)
from aboveboard_server.privacy.keys import key_id
from aboveboard_server.privacy.receipt_heads import KeptHead, verify_head
from aboveboard_server.privacy.receipts import Head, ReceiptError

if TYPE_CHECKING:
    from google.protobuf.message import Message

M = TypeVar("M", bound="Message")

PEM = b"-----BEGIN "
HASH_BYTES = 32
# What the document of a head holds since heads are signed.
SIGNED_FIELDS = ("hashes_digest", "signed_payload", "signature")
HASH_HEX = re.compile(r"[0-9a-f]{64}")
# A string, which stays as it is, or white space, which goes.
STRING_OR_SPACE = re.compile(r'("(?:[^"\\]|\\.)*")|[ \t\r\n]+')


def read(data: bytes) -> list[Receipt]:
    """Return the receipts that a file holds; ReceiptError where it cannot be read, or is not canonical.

    It is a Receipt in its binary form, or JSON: a Receipt, an array of them, a Deletion, or the answer of
    GetDeletion or of ListDeletions.
    """
    if not data.lstrip().startswith((b"{", b"[")):
        return [_read_binary(data)]
    value = _read_json(data)
    if isinstance(value, list):
        return [_parsed(item, Receipt()) for item in value]
    if "deletions" in value:
        return _receipts(*_parsed(value, ListDeletionsResponse()).deletions)
    if "deletion" in value:
        return _receipts(_parsed(value, GetDeletionResponse()).deletion)
    if "receipt" in value:
        return _receipts(_parsed(value, Deletion()))
    return [_parsed(value, Receipt())]


def read_bundle(data: bytes) -> ReceiptBundle | None:
    """Return the bundle that a file holds, None where it holds something else.

    ReceiptError where it is one, or the answer of GetReceiptBundle, and is not canonical.
    """
    if not data.lstrip().startswith(b"{"):
        return None
    value = _read_json(data)
    if "receiptBundle" in value:
        return _parsed(value, GetReceiptBundleResponse()).receipt_bundle
    return _parsed(value, ReceiptBundle()) if "hashes" in value or "head" in value else None


def head_document(head: ReceiptHead) -> dict[str, str | int]:
    """Return the head of the chain as it is published: bytes in lower-case hexadecimal."""
    return {
        "sequence": head.sequence,
        "hash": head.hash.hex(),
        "key_id": head.key_id,
        "public_key": head.public_key.hex(),
        "hashes_digest": head.hashes_digest.hex(),
        "signed_payload": head.signed_payload.hex(),
        "signature": head.signature.hex(),
    }


def read_head_document(data: bytes) -> tuple[KeptHead, Ed25519PublicKey]:
    """Read what `head_document` has made, or an earlier version; ReceiptError where it is none.

    One that is signed must be as it was signed, by the key that it holds.
    """
    try:
        value = json.loads(data)
        head = Head(value["sequence"], bytes.fromhex(value["hash"]))
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(value["public_key"]))
        said = {
            "sequence": head.sequence,
            "hash": head.hash.hex(),
            "key_id": key_id(key),
            "public_key": key.public_bytes_raw().hex(),
        }
        # It may say more: a later version's words are none of ours.
        if _is_head(head) and said.items() <= value.items():
            return KeptHead(head, _signed_digest(value, head, key)), key
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, ReceiptError):
        pass
    raise ReceiptError("not a head: the document that is published of a chain's head is expected")


def read_head(text: str) -> KeptHead:
    """Read SEQ:HASH, the hash in lower-case hexadecimal; ReceiptError where it is none."""
    sequence, _, digest = text.partition(":")
    if not re.fullmatch(r"[1-9][0-9]{0,18}", sequence) or not HASH_HEX.fullmatch(digest):
        raise ReceiptError("not a head: a file or SEQ:HASH is expected, the hash in hexadecimal")
    return KeptHead(Head(int(sequence), bytes.fromhex(digest)))


def read_public_key(data: bytes) -> Ed25519PublicKey:
    """Read an Ed25519 public key, as PEM or out of a head's document; ReceiptError where it is none."""
    if not data.startswith(PEM):
        return read_head_document(data)[1]
    try:
        key = load_pem_public_key(data)
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise ReceiptError("not an Ed25519 public key")
    return key


def _read_binary(data: bytes) -> Receipt:
    try:
        receipt = Receipt.FromString(data)
    except DecodeError:
        raise ReceiptError("not a receipt") from None
    if receipt.SerializeToString(deterministic=True) != data:
        raise ReceiptError("not canonical: a receipt's bytes have another order or length")
    return receipt


def _read_json(data: bytes) -> Any:
    try:
        text = data.decode()
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise ReceiptError("not JSON") from None
    dense = STRING_OR_SPACE.sub(lambda match: match[1] or "", text)
    if dense not in {
        json.dumps(value, separators=(",", ":"), ensure_ascii=ascii_) for ascii_ in (True, False)
    }:
        raise ReceiptError(
            "not canonical JSON: a key is there twice, or something is escaped that need not be"
        )
    return value


def _parsed(value: Any, into: M) -> M:
    try:
        ParseDict(value, into)
    except (ParseError, ValueError, TypeError, AttributeError, OverflowError):
        raise ReceiptError("not a receipt") from None
    # Clients print fields that are empty, or leave them out.
    written = [MessageToDict(into, always_print_fields_with_no_presence=empty) for empty in (True, False)]
    if _ordered(value) not in map(_ordered, written):
        raise ReceiptError("not canonical JSON: a value could be written in another way")
    return into


def _ordered(value: Any) -> str:
    """Write a value so that equal texts mean the same value of the same types."""
    return json.dumps(value, sort_keys=True)


def _receipts(*deletions: Deletion) -> list[Receipt]:
    return [deletion.receipt for deletion in deletions if deletion.HasField("receipt")]


def _signed_digest(value: Any, head: Head, key: Ed25519PublicKey) -> bytes | None:
    """Return the digest over the hashes that a head's document holds; None where it is from before them.

    ReceiptError, ValueError or TypeError where it is not as it was signed.
    """
    if not any(name in value for name in SIGNED_FIELDS):
        return None
    digest, payload, signature = (bytes.fromhex(value[name]) for name in SIGNED_FIELDS)
    signed = ReceiptHead(
        sequence=head.sequence,
        hash=head.hash,
        hashes_digest=digest,
        key_id=key_id(key),
        public_key=key.public_bytes_raw(),
        signed_payload=payload,
        signature=signature,
    )
    verify_head(signed, {signed.key_id: key})
    if not head_document(signed).items() <= value.items():
        raise ReceiptError("not canonical: hexadecimal is written in lower case")
    return digest


def _is_head(head: Head) -> bool:
    """Whether types and lengths are right; only the chain without a receipt has no hash."""
    if type(head.sequence) is not int or head.sequence < 0:
        return False
    return len(head.hash) == (HASH_BYTES if head.sequence else 0)
