"""UUIDv7, which Python learns only in 3.14: a time that sorts, then chance."""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    import random

CHANCE_BITS = 74
MILLISECONDS_BITS = 48
NANOSECONDS_PER_MILLISECOND = 1_000_000


def uuid7(milliseconds: int | None = None, chance: random.Random | None = None) -> UUID:
    """Return a UUIDv7 (RFC 9562) of that time, in milliseconds since 1970; of now where none is given.

    The same time and a Random in the same state make the same id; without a Random it cannot be guessed.
    """
    if milliseconds is None:
        milliseconds = time.time_ns() // NANOSECONDS_PER_MILLISECOND
    if not 0 <= milliseconds < 1 << MILLISECONDS_BITS:
        raise ValueError(f"not a time that a UUIDv7 can hold: {milliseconds} ms since 1970")
    drawn = secrets.randbits(CHANCE_BITS) if chance is None else chance.getrandbits(CHANCE_BITS)
    rand_a, rand_b = drawn >> 62, drawn & ((1 << 62) - 1)
    return UUID(int=milliseconds << 80 | 7 << 76 | rand_a << 64 | 2 << 62 | rand_b)
