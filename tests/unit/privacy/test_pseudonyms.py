"""A company's pseudonym key opens with the wrapping key alone, and for that company alone."""

from __future__ import annotations

import hashlib
import hmac
import secrets

import pytest

from aboveboard_server.privacy import pseudonyms, subjects

WRAPPING_KEY = bytes(range(32))


def test_a_wrapped_key_comes_back() -> None:
    """What was wrapped is unwrapped, and nothing of it shows; wrapped twice it looks different."""
    key = pseudonyms.new_company_key()
    wrapped = pseudonyms.wrap(WRAPPING_KEY, "busag", key)
    assert len(wrapped) == 60
    assert key not in wrapped
    assert wrapped != pseudonyms.wrap(WRAPPING_KEY, "busag", key)
    assert pseudonyms.unwrap(WRAPPING_KEY, "busag", wrapped) == key
    assert key != pseudonyms.new_company_key()


def test_a_wrapped_key_is_taken_only_as_it_was_written() -> None:
    """Any bit changed, another company, another wrapping key or a shorter text is refused."""
    wrapped = pseudonyms.wrap(WRAPPING_KEY, "busag", pseudonyms.new_company_key())
    attempts = [
        (WRAPPING_KEY, "busag2", wrapped),
        (secrets.token_bytes(32), "busag", wrapped),
        (WRAPPING_KEY, "busag", wrapped[:-1]),
        (WRAPPING_KEY, "busag", wrapped[:3]),
        (WRAPPING_KEY, "busag", b""),
    ]
    for bit in range(len(wrapped) * 8):
        changed = bytearray(wrapped)
        changed[bit // 8] ^= 1 << bit % 8
        attempts.append((WRAPPING_KEY, "busag", bytes(changed)))
    for attempt in attempts:
        with pytest.raises(ValueError, match="pseudonym key"):
            pseudonyms.unwrap(*attempt)


def test_a_user_is_known_by_its_companys_key_alone() -> None:
    """The same user_id is HMAC-SHA-256 in hexadecimal, other under each company's key."""
    key = pseudonyms.new_company_key()
    stored = pseudonyms.rekey(key, "0051e2d4194f")
    assert stored == hmac.new(key, b"0051e2d4194f", hashlib.sha256).hexdigest()
    assert len(stored) == 64
    assert stored != pseudonyms.rekey(pseudonyms.new_company_key(), "0051e2d4194f")


def test_a_stored_user_is_no_user() -> None:
    """A user_id that looks like a re-keyed one has another digest than the user it looks like."""
    key, stored = secrets.token_bytes(32), pseudonyms.rekey(WRAPPING_KEY, "user")
    names = [("busag", "1bd0"), ("busag1", "bd0")]
    digests = {subjects.stored_user(key, *name, stored) for name in names}
    digests |= {subjects.digest(key, subjects.USER, [*name, stored]) for name in names}
    assert len(digests) == 4
