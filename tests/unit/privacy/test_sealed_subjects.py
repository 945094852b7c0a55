"""What is sealed is found with its deletion and its key alone, whole."""

from __future__ import annotations

import pytest

from aboveboard.admin.v1.subject_pb2 import Subject, UserRef
from aboveboard_server.privacy.sealed_subjects import seal, unseal

KEY, OTHER_KEY = b"k" * 32, b"o" * 32
DELETION, OTHER = "019a0000-0000-7000-8000-000000000001", "019a0000-0000-7000-8000-000000000002"
SUBJECT = Subject(user=UserRef(company_id="c", deployment_id="d", user_id="u-canary"))


def test_it_is_found_again_and_shows_nothing() -> None:
    """The same subject, each time under other bytes that hold none of its names."""
    sealed = seal(KEY, DELETION, SUBJECT)
    assert unseal(KEY, DELETION, sealed) == SUBJECT
    assert b"canary" not in sealed
    assert seal(KEY, DELETION, SUBJECT) != sealed


@pytest.mark.parametrize(("key", "deletion_id"), [(OTHER_KEY, DELETION), (KEY, OTHER)])
def test_it_belongs_to_its_key_and_its_deletion(key: bytes, deletion_id: str) -> None:
    """Under another key, or in another deletion's row, it is refused."""
    with pytest.raises(ValueError, match="does not belong"):
        unseal(key, deletion_id, seal(KEY, DELETION, SUBJECT))


def test_no_bit_of_it_can_be_changed() -> None:
    """Each byte changed or left out, and nothing at all: refused."""
    sealed = seal(KEY, DELETION, SUBJECT)
    changed = [sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :] for at in range(len(sealed))]
    for spoilt in (*changed, *(sealed[:at] for at in range(len(sealed)))):
        with pytest.raises(ValueError, match="does not belong"):
            unseal(KEY, DELETION, spoilt)
