"""A receipt proves what it says, and its chain that none is missing: every change is found offline."""

from __future__ import annotations

import hashlib
import random
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.clients import length_delimited, varint
from tests.support.receipts import KEY, KEYS, OTHER_KEY, chain, facts, flips

from aboveboard.admin.v1.deletion_pb2 import Receipt
from aboveboard_server.privacy.receipt_files import read
from aboveboard_server.privacy.receipts import Head, ReceiptError, sign, verify, verify_chain

CHAIN = chain(6)
HEAD = Head.of(CHAIN[-1])
LEAST = sign(Receipt(deletion_id="0190a3f2-7c1e-7d3a-9b52-3f6f2f1c8a10"), Head(), KEY)


def found(data: bytes) -> bool:
    """Whether a verifier who is given these bytes as a file refuses them."""
    try:
        for receipt in read(data):
            verify(receipt, KEYS)
    except ReceiptError:
        return True
    return False


def chain_error(receipts: list[Receipt], head: Head | None = HEAD) -> str:
    with pytest.raises(ReceiptError) as raised:
        verify_chain(receipts, KEYS, head)
    return str(raised.value)


def test_what_is_signed_is_what_the_contract_says() -> None:
    """signed_payload is the message without itself and the signature; sequence, hash and key id are right."""
    first, second = CHAIN[:2]
    payload = Receipt.FromString(second.signed_payload)
    assert (payload.sequence, payload.previous_receipt_hash) == (
        2,
        hashlib.sha256(first.signed_payload).digest(),
    )
    assert (first.sequence, first.previous_receipt_hash) == (1, b"")
    assert [count.table for count in second.table_counts] == ["ping", "test_case_stat"]
    assert payload.key_id == hashlib.sha256(KEY.public_key().public_bytes_raw()).hexdigest()
    assert not payload.signed_payload
    assert not payload.signature
    payload.signed_payload, payload.signature = second.signed_payload, second.signature
    assert payload == second
    KEY.public_key().verify(second.signature, second.signed_payload)
    assert second == sign(facts(2), Head.of(first), KEY), "the same facts are signed alike after a crash"


@pytest.mark.parametrize("receipt", [CHAIN[0], CHAIN[1], LEAST], ids=["first", "second", "least"])
def test_every_flipped_bit_is_found(receipt: Receipt) -> None:
    """No bit of a receipt's file can change unnoticed."""
    data = receipt.SerializeToString(deterministic=True)
    assert not found(data)
    assert [place for place, changed in flips(data) if not found(changed)] == []


@given(seed=st.integers(0, 2**32), edits=st.integers(1, 4))
@settings(max_examples=300, deadline=None)
def test_every_other_change_is_found(seed: int, edits: int) -> None:
    """Nor can bytes be put in, taken away, doubled or moved."""
    data = CHAIN[1].SerializeToString(deterministic=True)
    chance, changed = random.Random(seed), data
    for _ in range(edits):
        start, end = sorted(chance.choices(range(len(changed) + 1), k=2))
        part = changed[start : min(end, start + 8)]
        put = chance.choice([b"", part + part, part[::-1], chance.randbytes(len(part) or 1)])
        changed = changed[:start] + put + changed[start + len(part) :]
    assert changed == data or found(changed)


def test_what_is_added_is_found() -> None:
    """Fields that no version knows, and fields that are there twice, are found wherever they stand."""
    data = CHAIN[1].SerializeToString(deterministic=True)
    unknown = [varint(16 << 3) + varint(1), length_delimited(1000, b"more"), varint(19999 << 3) + varint(0)]
    twice = [length_delimited(3, b"reference"), length_delimited(14, CHAIN[1].signature), data]
    for extra in unknown + twice:
        assert found(data + extra)
        assert found(extra + data)
    inside = Receipt.FromString(data)
    inside.cut_off_at.MergeFromString(unknown[0])
    assert found(inside.SerializeToString(deterministic=True))


@pytest.mark.parametrize("name", [field.name for field in Receipt.DESCRIPTOR.fields])
def test_a_field_that_disagrees_with_what_was_signed(name: str) -> None:
    """Each field left out, or taken from another receipt, is found though the payload is whole."""
    other = sign(facts(9, reference="another"), Head(7, b"7" * 32), OTHER_KEY)
    by_day = facts(2)
    by_day.time_precision = Receipt.TIME_PRECISION_DAY
    whole = sign(by_day, Head.of(CHAIN[0]), KEY)
    rest: dict[str, Any] = {field.name: value for field, value in whole.ListFields() if field.name != name}
    for changed in (Receipt(**rest), Receipt(**rest, **{name: getattr(other, name)})):
        with pytest.raises(ReceiptError, match=r"^receipt \d: "):
            verify(changed, KEYS)


def test_a_receipt_of_a_newer_version_can_be_verified() -> None:
    """A field that this version does not know is proved like any other."""
    newer = facts()
    newer.MergeFromString(length_delimited(16, b"a field of a later version"))
    assert not found(sign(newer, Head(), KEY).SerializeToString(deterministic=True))


def test_another_key_is_found() -> None:
    """A receipt that someone else signed is refused, whatever key it claims."""
    forged = sign(facts(), Head(), OTHER_KEY)
    with pytest.raises(ReceiptError, match="receipt 1: it names a key that is none of those given"):
        verify(forged, KEYS)
    verify_chain([*CHAIN[:1]], KEYS | {forged.key_id: OTHER_KEY.public_key()})
    payload = Receipt.FromString(forged.signed_payload)
    payload.key_id = next(iter(KEYS))
    signed = payload.SerializeToString(deterministic=True)
    payload.signed_payload, payload.signature = signed, OTHER_KEY.sign(signed)
    with pytest.raises(ReceiptError, match="receipt 1: the signature does not fit"):
        verify(payload, KEYS)


def test_a_whole_chain_is_right() -> None:
    """A chain passes up to its head, without one, and with receipts that are newer than the head."""
    verify_chain(CHAIN, KEYS, HEAD)
    verify_chain(CHAIN[2:4], KEYS)
    for length in range(1, 7):
        verify_chain(CHAIN, KEYS, Head.of(CHAIN[length - 1]))
    verify_chain([], KEYS, Head())
    verify_chain(CHAIN, KEYS, Head())


@given(st.lists(st.integers(0, 5), max_size=8))
@settings(deadline=None)
def test_only_the_whole_chain_passes(picked: list[int]) -> None:
    """Whatever is picked from a chain, in whatever order and number, is refused unless it is all of it."""
    if picked != list(range(6)):
        chain_error([CHAIN[place] for place in picked])


@pytest.mark.parametrize("place", range(6))
def test_a_missing_receipt_is_named(place: int) -> None:
    """Any one taken away is found and named, the last included; doubled, it is found too."""
    assert chain_error(CHAIN[:place] + CHAIN[place + 1 :]) == f"receipt {place + 1} is missing"
    assert chain_error(CHAIN[: place + 1] + CHAIN[place:]) == f"receipt {place + 1} is there twice"


def test_every_order_but_one_is_found() -> None:
    """Receipts that change places are found, head or no head."""
    for order in permutations(CHAIN[:4]):
        if list(order) != CHAIN[:4]:
            chain_error(list(order), Head.of(CHAIN[3]))
            chain_error(list(order), None)


def test_what_is_wrong_is_said() -> None:
    """The link, the head and what is missing are named by their places."""
    assert chain_error(CHAIN[:2]) == "receipts 3 to 6 are missing"
    assert chain_error(CHAIN[3:]) == "receipts 1 to 3 are missing"
    assert chain_error([]) == "receipts 1 to 6 are missing"
    assert chain_error([CHAIN[0], CHAIN[4]], None) == "receipts 2 to 4 are missing"
    rewritten = sign(facts(3, reference="rewritten"), Head.of(CHAIN[1]), KEY)
    assert chain_error([*CHAIN[:2], rewritten, *CHAIN[3:]]) == "the link between receipts 3 and 4 is broken"
    last = sign(facts(6, reference="rewritten"), Head.of(CHAIN[4]), KEY)
    assert chain_error([*CHAIN[:5], last]) == "receipt 6 is not the one that the head names"
    assert chain_error(CHAIN, Head(6, b"6" * 32)) == "receipt 6 is not the one that the head names"
    rootless = sign(facts(), Head(0, b"0" * 32), KEY)
    assert "link before receipt 1" in chain_error([rootless], Head.of(rootless))
