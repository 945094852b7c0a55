"""A bundle proves one receipt and that none is missing, and shows nothing of all the others."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from google.protobuf.json_format import MessageToJson
from google.protobuf.message import DecodeError
from tests.support.receipts import KEY, KEYS, OTHER_KEY, bundle_of, chain, facts, flips, hashes_of, head_of

from aboveboard.admin.v1.deletion_pb2 import GetReceiptBundleResponse, Receipt, ReceiptBundle, ReceiptHead
from aboveboard_server.privacy.receipt_bundles import bundle, verify_bundle
from aboveboard_server.privacy.receipt_files import read, read_bundle
from aboveboard_server.privacy.receipt_heads import (
    CONTEXT,
    KeptHead,
    hashes_digest,
    sign_head,
    verify_head,
)
from aboveboard_server.privacy.receipts import Head, ReceiptError, sign, verify

if TYPE_CHECKING:
    from google.protobuf.message import Message

CHAIN = chain(5)
HASHES = hashes_of(CHAIN)


def kept(sequence: int) -> KeptHead:
    """Return the head of the chain when it was that long, as somebody keeps it."""
    return KeptHead(Head.of(CHAIN[sequence - 1]) if sequence else Head(), hashes_digest(HASHES[:sequence]))


def shown(message: Message) -> bytes:
    """Return a message as the command line writes it."""
    return MessageToJson(message, always_print_fields_with_no_presence=True).encode()


def found(data: bytes) -> bool:
    """Whether a verifier who is given these bytes as a file refuses them, or takes them for no bundle."""
    try:
        given = read_bundle(data)
        if given is None:
            return True
        verify_bundle(given, KEYS)
    except ReceiptError:
        return True
    return False


def error(given: ReceiptBundle, head: KeptHead | None = None) -> str:
    with pytest.raises(ReceiptError) as raised:
        verify_bundle(given, KEYS, head)
    return str(raised.value)


def changed(**fields: object) -> ReceiptBundle:
    """Return the bundle of receipt 3 with other fields."""
    whole = bundle_of(CHAIN, 3)
    parts = {"receipt": whole.receipt, "hashes": list(whole.hashes), "head": whole.head}
    return ReceiptBundle(**{**parts, "has_exact_times": whole.has_exact_times} | fields)  # type: ignore[arg-type]  # as they are


@pytest.mark.parametrize("sequence", range(1, 6))
def test_a_bundle_verifies(sequence: int) -> None:
    """For the first receipt, the last and each between; read back as it was written, and as an answer is."""
    made = bundle_of(CHAIN, sequence)
    verify_bundle(made, KEYS)
    for length in range(6):
        verify_bundle(made, KEYS, kept(length))
        verify_bundle(made, KEYS, KeptHead(kept(length).head))
    assert read_bundle(shown(made)) == made
    assert read_bundle(MessageToJson(GetReceiptBundleResponse(receipt_bundle=made)).encode()) == made
    assert made.has_exact_times


def test_what_is_no_bundle_is_left_to_others() -> None:
    """A receipt, a list and bytes are read as receipts, and no bundle is taken for a receipt."""
    for data in (shown(CHAIN[0]), b"[]", CHAIN[0].SerializeToString(), b""):
        assert read_bundle(data) is None
    with pytest.raises(ReceiptError):
        read(shown(bundle_of(CHAIN, 1)))


def test_a_bundle_shows_nothing_of_others() -> None:
    """Whoever has it finds no field of any other receipt in it, but for 32 bytes each."""
    data = bundle_of(CHAIN, 3).SerializeToString()
    for receipt in (*CHAIN[:2], *CHAIN[3:]):
        payload = Receipt.FromString(receipt.signed_payload)
        for value in (payload.deletion_id.encode(), payload.subject_digest, receipt.signature):
            assert value not in data


@pytest.mark.parametrize("sequence", range(1, 6))
def test_a_missing_receipt_is_found(sequence: int) -> None:
    """Any hash that is left out, the last included, doubled or moved, whatever head is put beside it."""
    without = [one for place, one in enumerate(HASHES, 1) if place != sequence]
    own = Head.of(CHAIN[-1]) if sequence < 5 else Head.of(CHAIN[-2])
    forged = sign_head(Head(4, own.hash), hashes_digest(without), KEY)
    for head in (head_of(CHAIN), head_of(CHAIN[:-1])):
        if (sequence, head.sequence) != (5, 4):
            error(changed(hashes=without, head=head))
    # Even where the service itself signs the shorter chain, a head that was kept gives it away.
    told = error(changed(hashes=without, head=forged), kept(5))
    assert told == "the kept head names receipt 5, but the bundle ends with 4" or sequence <= 3
    error(changed(hashes=[*HASHES, HASHES[sequence - 1]]))
    error(changed(hashes=[*without, HASHES[sequence - 1]]) if sequence < 5 else changed(hashes=HASHES[::-1]))


def test_what_is_wrong_is_said() -> None:
    """Each check has its line."""
    whole, other_head = bundle_of(CHAIN, 3), head_of(CHAIN[:4])
    rewritten = sign(facts(3, reference="rewritten"), Head.of(CHAIN[1]), KEY)
    second = [*HASHES[:1], b"2" * 32, *HASHES[2:]]
    for given, words in (
        (changed(hashes=HASHES[:4]), "4 hashes, but the head names receipt 5"),
        (changed(hashes=[*HASHES[:4], b"short"]), "a hash does not have 32 bytes"),
        (changed(hashes=second), "the hashes are not those that the head commits to"),
        (changed(head=other_head), "5 hashes, but the head names receipt 4"),
        (changed(receipt=rewritten), "receipt 3 is none of those that the head commits to"),
        (changed(has_exact_times=False), "receipt 3: has_exact_times is not what the receipt says"),
        (
            changed(hashes=second, head=sign_head(Head.of(CHAIN[4]), hashes_digest(second), KEY)),
            "the link between receipts 2 and 3 is broken",
        ),
        (
            changed(head=sign_head(Head(5, b"5" * 32), hashes_digest(HASHES), KEY)),
            "the hash of receipt 5 is not the one that the head names",
        ),
    ):
        assert error(given) == words
    for head, words in (
        (KeptHead(Head(6, b"6" * 32)), "the kept head names receipt 6, but the bundle ends with 5"),
        (KeptHead(Head(2, b"2" * 32)), "receipt 2 is not the one that the kept head names"),
        (
            KeptHead(Head.of(CHAIN[1]), b"d" * 32),
            "a receipt up to 2 is not the one that the kept head commits to",
        ),
    ):
        assert error(whole, head) == words


def test_another_key_is_found() -> None:
    """The receipt's and the head's: each is named."""
    digest = hashes_digest(HASHES)
    forged = sign_head(Head.of(CHAIN[-1]), digest, OTHER_KEY)
    assert error(changed(head=forged)) == "the head names a key that is none of those given"
    claimed = ReceiptHead()
    claimed.CopyFrom(head_of(CHAIN))
    claimed.signature = OTHER_KEY.sign(CONTEXT + claimed.signed_payload)
    assert error(changed(head=claimed)) == "the signature of the head does not fit"
    claimed.public_key = OTHER_KEY.public_key().public_bytes_raw()
    claimed.ClearField("signed_payload")
    claimed.ClearField("signature")
    claimed.signed_payload = payload = claimed.SerializeToString(deterministic=True)
    claimed.signature = KEY.sign(CONTEXT + payload)
    assert error(changed(head=claimed)) == "a field of the head is not what was signed"
    with pytest.raises(ReceiptError, match="a key that is none"):
        verify_bundle(bundle_of(CHAIN, 1), {})


@pytest.mark.parametrize("name", [field.name for field in ReceiptHead.DESCRIPTOR.fields])
def test_a_field_of_the_head_that_disagrees_with_what_was_signed(name: str) -> None:
    """Each field left out, or taken from another head, is found."""
    head, other = head_of(CHAIN), sign_head(Head(7, b"7" * 32), b"d" * 32, OTHER_KEY)
    rest = {field.name: value for field, value in head.ListFields() if field.name != name}
    for given in (ReceiptHead(**rest), ReceiptHead(**rest, **{name: getattr(other, name)})):
        with pytest.raises(ReceiptError):
            verify_head(given, KEYS)


@pytest.mark.parametrize("receipt", [CHAIN[1], sign(Receipt(deletion_id="1"), Head(), KEY)])
def test_no_signature_fits_the_other_kind(receipt: Receipt) -> None:
    """What is signed of a head is no message's bytes, so that no receipt can hold it; nor the reverse."""
    head = head_of(CHAIN)
    with pytest.raises(DecodeError):
        Receipt.FromString(CONTEXT + head.signed_payload)
    for payload in (CONTEXT + head.signed_payload, head.signed_payload):
        as_receipt = Receipt(key_id=head.key_id, signed_payload=payload, signature=head.signature)
        with pytest.raises(ReceiptError):
            verify(as_receipt, KEYS)
    as_head = ReceiptHead(
        key_id=receipt.key_id,
        public_key=KEY.public_key().public_bytes_raw(),
        signed_payload=receipt.signed_payload,
        signature=receipt.signature,
    )
    with pytest.raises(ReceiptError, match="the signature of the head"):
        verify_head(as_head, KEYS)


def unnoticed(data: bytes) -> list[bytes]:
    """Return where a bundle's file can change by one bit without being found."""
    assert not found(data)
    return [data[max(place - 9, 0) : place + 9] for place, one in flips(data) if not found(one)]


def test_every_flipped_bit_is_found() -> None:
    """No bit of a bundle's file can change unnoticed; a least receipt between two hashes."""
    receipts = [sign(Receipt(reference="é"), Head(), KEY)]
    receipts.append(sign(Receipt(time_precision=Receipt.TIME_PRECISION_DAY), Head.of(receipts[0]), KEY))
    assert unnoticed(shown(bundle_of(receipts, 2))) == []


@pytest.mark.fault
@pytest.mark.parametrize("indent", [None, 2])
def test_every_flipped_bit_of_a_whole_bundle_is_found(indent: int | None) -> None:
    """The same with every field in use, however it is laid out."""
    assert unnoticed(json.dumps(json.loads(shown(bundle_of(CHAIN, 3))), indent=indent).encode()) == []


def test_bytes_that_go_are_found() -> None:
    """A file that ends early, or misses any one byte."""
    data = shown(bundle_of(CHAIN, 3))
    assert all(found(data[:length]) for length in range(len(data)))
    without = [place for place in range(len(data)) if not found(data[:place] + data[place + 1 :])]
    assert {data[place : place + 1] for place in without} <= {b" ", b"\n"}


def test_a_receipt_by_the_day_says_so() -> None:
    """Only one that keeps exact times is said to have them."""
    by_day = sign(Receipt(time_precision=Receipt.TIME_PRECISION_DAY), Head(), KEY)
    assert not bundle(by_day, hashes_of([by_day]), head_of([by_day])).has_exact_times
