"""Receipts, heads and keys are read from what people keep, and no bit of them can change unnoticed."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from google.protobuf.json_format import MessageToDict, MessageToJson
from tests.support.receipts import KEY, KEYS, chain, flips, head_of

from aboveboard.admin.v1.deletion_pb2 import (
    Deletion,
    GetDeletionResponse,
    ListDeletionsResponse,
    Receipt,
    TableCount,
)
from aboveboard_server.privacy.receipt_files import (
    head_document,
    read,
    read_head,
    read_head_document,
    read_public_key,
)
from aboveboard_server.privacy.receipt_heads import KeptHead
from aboveboard_server.privacy.receipts import Head, ReceiptError, sign, verify

if TYPE_CHECKING:
    from google.protobuf.message import Message

CHAIN = chain(3)
HEAD = Head.of(CHAIN[-1])
# As it was published before heads were signed.
OLD_DOCUMENT: dict[str, Any] = {
    "sequence": 3,
    "hash": HEAD.hash.hex(),
    "key_id": CHAIN[0].key_id,
    "public_key": KEY.public_key().public_bytes_raw().hex(),
}
DELETIONS = [
    Deletion(deletion_id=receipt.deletion_id, state=Deletion.STATE_SCRUBBED, receipt=receipt)
    for receipt in CHAIN
]


def found(data: bytes) -> bool:
    """Whether a verifier who is given these bytes as a file refuses them."""
    try:
        for receipt in read(data):
            verify(receipt, KEYS)
    except ReceiptError:
        return True
    return False


def shown(message: Message) -> bytes:
    """Return a message as the command line prints it."""
    return MessageToJson(message, always_print_fields_with_no_presence=True).encode()


@pytest.mark.parametrize(
    ("data", "receipts"),
    [
        (shown(CHAIN[0]), CHAIN[:1]),
        (MessageToJson(CHAIN[1]).encode(), CHAIN[1:2]),
        (json.dumps([MessageToDict(receipt) for receipt in CHAIN], ensure_ascii=False).encode(), CHAIN),
        (b"[]", []),
        (shown(DELETIONS[0]), CHAIN[:1]),
        (shown(GetDeletionResponse(deletion=DELETIONS[1])), CHAIN[1:2]),
        (shown(GetDeletionResponse(deletion=Deletion(state=Deletion.STATE_RUNNING))), []),
        (shown(ListDeletionsResponse(deletions=[Deletion(), *reversed(DELETIONS)])), CHAIN[::-1]),
        (CHAIN[2].SerializeToString(), CHAIN[2:]),
    ],
)
def test_what_the_service_prints_can_be_read(data: bytes, receipts: list[Receipt]) -> None:
    """A receipt, an array, a deletion, an answer and the binary form hold what they hold."""
    assert read(data) == receipts
    assert not found(data)


def test_white_space_is_harmless() -> None:
    """A receipt may be laid out in any way, and its fields stand in any order."""
    value = json.loads(shown(CHAIN[0]))
    for indent in (None, 0, 1, "\t"):
        for ascii_ in (True, False):
            assert read(json.dumps(value, indent=indent, ensure_ascii=ascii_).encode()) == CHAIN[:1]
    assert read(b"\r\n " + json.dumps(dict(sorted(value.items()))).encode() + b"\n") == CHAIN[:1]


def unnoticed(receipt: Receipt, *, indent: int | None, ascii_: bool) -> list[bytes]:
    """Return where a receipt's JSON can change by one bit without being found."""
    data = json.dumps(json.loads(shown(receipt)), indent=indent, ensure_ascii=ascii_).encode()
    assert not found(data)
    return [data[place - 9 : place + 9] for place, changed in flips(data) if not found(changed)]


def test_every_flipped_bit_is_found() -> None:
    """No bit of a JSON file can change unnoticed, whether in a key, in Base64, in an escape or beside it."""
    small = Receipt(reference="é", table_counts=[TableCount(table="ping", rows=1)])
    assert unnoticed(sign(small, Head(), KEY), indent=2, ascii_=True) == []


@pytest.mark.fault
@pytest.mark.parametrize("ascii_", [True, False])
@pytest.mark.parametrize("indent", [None, 2])
def test_every_flipped_bit_of_a_whole_receipt_is_found(indent: int | None, ascii_: bool) -> None:  # noqa: FBT001  # a parameter of a test
    """The same of a receipt with every field in use, however it is laid out and escaped."""
    assert unnoticed(CHAIN[1], indent=indent, ascii_=ascii_) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"sequence": "1"', '"sequence": 1'),
        ('"sequence": "1"', '"sequence": "01"'),
        ('"sequence": "1"', '"sequence": "1", "sequence": "1"'),
        ('"sequence": "1"', '"sequence": "1", "more": ""'),
        ('"deletionId"', '"deletion_id"'),
        ('"deletionId"', '"deletion\\u0049d"'),
        ("/\\u00e9", "/\\u00E9"),
        ("Ticket ", "\\u0054icket "),
        (" /\\u00e9", " \\/\\u00e9"),
        ('"previousReceiptHash": ""', '"previousReceiptHash": null'),
        ('"previousReceiptHash": ""', '"previousReceiptHash": "="'),
        ('Z"', '000Z"'),
        ('Z"', '+00:00"'),
        ('="', '"'),
        ('"rows": "3"', '"rows": "3.0"'),
    ],
)
def test_another_way_to_write_the_same_is_found(old: str, new: str) -> None:
    """What JSON and Base64 would read alike is refused: there is one way to write a receipt."""
    text = shown(CHAIN[0]).decode()
    assert old in text
    assert found(text.replace(old, new, 1).encode())


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"nonsense",
        b"{",
        b"{}",
        b"[[]]",
        b"[1]",
        b'{"deletions": 1}',
        b'{"deletion": [1]}',
        b'{"receipt": "x"}',
        b'{"sequence": NaN}',
        b'{"a": "\xff"}',
        b'{"reference": "\\ud800"}',
        b"[" * 100_000,
        b'{"sequence": ' + b"9" * 5_000 + b"}",
        "\ufeff{}".encode(),
    ],
)
def test_what_is_no_receipt_is_refused(data: bytes) -> None:
    """Anything else is refused in a word, and nothing breaks."""
    assert found(data)


def test_a_head_is_published_and_read() -> None:
    """The document of a head names the newest receipt and the key; both come back; additions are ignored."""
    signed = head_of(CHAIN)
    document = head_document(signed)
    assert document == OLD_DOCUMENT | {
        "hashes_digest": signed.hashes_digest.hex(),
        "signed_payload": signed.signed_payload.hex(),
        "signature": signed.signature.hex(),
    }
    read_back = (KeptHead(HEAD, signed.hashes_digest), KEY.public_key())
    assert read_head_document(json.dumps(document | {"more": 1}).encode()) == read_back
    empty = head_of([])
    assert read_head_document(json.dumps(head_document(empty)).encode()) == (
        KeptHead(Head(), hashlib.sha256().digest()),
        KEY.public_key(),
    )
    assert read_head(f"3:{HEAD.hash.hex()}") == KeptHead(HEAD)


def test_a_head_of_an_earlier_version_is_read() -> None:
    """Without digest and signature; half of them is no head."""
    assert read_head_document(json.dumps(OLD_DOCUMENT).encode()) == (KeptHead(HEAD), KEY.public_key())
    for name in ("hashes_digest", "signed_payload", "signature"):
        document = head_document(head_of(CHAIN))
        del document[name]
        with pytest.raises(ReceiptError, match="not a head"):
            read_head_document(json.dumps(document).encode())


def test_every_flipped_bit_of_a_head_is_found() -> None:
    """No value of a signed head's document can change unnoticed."""
    document = head_document(head_of(CHAIN))
    kept = read_head_document(json.dumps(document).encode())
    for name, value in document.items():
        for _, changed in flips(str(value).encode()):
            text = changed.decode(errors="replace")
            other: Any = int(text) if name == "sequence" and text.isdecimal() else text
            try:
                assert read_head_document(json.dumps(document | {name: other}).encode()) == kept
            except ReceiptError:
                continue
            raise AssertionError(f"{name} may be {other}")


@pytest.mark.parametrize(
    "changed",
    [
        {"sequence": "3"},
        {"sequence": 3.0},
        {"sequence": True},
        {"sequence": -1},
        {"sequence": 0},
        {"hash": ""},
        {"hash": HEAD.hash.hex().upper()},
        {"hash": HEAD.hash.hex()[2:]},
        {"hash": None},
        {"key_id": "0" * 64},
        {"public_key": "00"},
        {"public_key": "0" * 64},
        {"public_key": 7},
        {"hashes_digest": "0" * 64},
        {"hashes_digest": None},
        {"signed_payload": ""},
        {"signature": "0" * 128},
        {"signature": head_of(CHAIN).signature.hex().upper()},
    ],
    ids=str,
)
def test_what_is_no_head_is_refused(changed: dict[str, Any]) -> None:
    """A head whose parts do not fit together is refused."""
    document: dict[str, Any] = head_document(head_of(CHAIN))
    with pytest.raises(ReceiptError, match="not a head"):
        read_head_document(json.dumps(document | changed).encode())
    with pytest.raises(ReceiptError, match="not a head"):
        read_head_document(json.dumps(list(document)).encode())


@pytest.mark.parametrize(
    "text", ["", "3", "3:", ":00", "3:xyz", f"0:{'0' * 64}", f"03:{'0' * 64}", f"3:{'A' * 64}"]
)
def test_what_is_no_short_head_is_refused(text: str) -> None:
    """SEQ:HASH is a number from 1 and 64 lower-case digits."""
    with pytest.raises(ReceiptError, match="SEQ:HASH"):
        read_head(text)


def test_a_public_key_is_read() -> None:
    """A key comes as PEM or out of a head; any other key, and a private one, is refused."""
    key = KEY.public_key()
    pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    assert read_public_key(pem) == key
    assert read_public_key(json.dumps(head_document(head_of(CHAIN))).encode()) == key
    other = generate_private_key(SECP256R1()).public_key()
    for data in (
        other.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        pem.replace(b"PUBLIC", b"PRIVATE"),
        pem[:40],
        key.public_bytes_raw(),
        b"",
    ):
        with pytest.raises(ReceiptError, match="not"):
            read_public_key(data)
