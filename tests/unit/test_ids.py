"""The ids that commands give to events."""

from __future__ import annotations

import random
import time

import pytest

from aboveboard_server.ids import uuid7


def test_an_id_is_a_uuid_of_version_7() -> None:
    """Version and variant stand where RFC 9562 puts them."""
    made = uuid7()
    assert made.version == 7
    assert made.variant == "specified in RFC 4122"


def test_an_id_begins_with_its_time() -> None:
    """The example of RFC 9562: the first 48 bits are milliseconds since 1970."""
    assert str(uuid7(0x017F22E279B0)).startswith("017f22e2-79b0-7")


def test_an_id_is_of_now_unless_told_otherwise() -> None:
    """Without a time, the present one is taken."""
    before = time.time_ns() // 1_000_000
    made = uuid7().int >> 80
    assert before <= made <= time.time_ns() // 1_000_000


def test_the_same_time_and_chance_make_the_same_id() -> None:
    """An id depends on nothing but the two; the next draw makes another."""
    one, other = random.Random(5), random.Random(5)
    assert uuid7(1, one) == uuid7(1, other)
    assert uuid7(1, one) != uuid7(2, other)
    assert uuid7(1, one) != uuid7(1, one)


def test_all_bits_that_may_vary_do() -> None:
    """No bit of chance is lost: 74 bits are seen both on and off."""
    drawn = [uuid7(0, random.Random(seed)).int for seed in range(64)]
    varied = 0
    for made in drawn:
        varied |= made ^ drawn[0]
    assert varied.bit_count() == 74


@pytest.mark.parametrize("milliseconds", [-1, 1 << 48])
def test_a_time_that_does_not_fit_is_refused(milliseconds: int) -> None:
    """A time before 1970 or beyond 48 bits raises ValueError."""
    with pytest.raises(ValueError, match="not a time"):
        uuid7(milliseconds)
