"""UUIDv7 (RFC 9562), which Python learns only in 3.14: a time that sorts, then chance."""

from __future__ import annotations

import os

NANOSECONDS_PER_MILLISECOND = 1_000_000
LATEST_MILLISECOND = (1 << 48) - 1


def uuid7(nanoseconds: int) -> str:
    """Return a new UUIDv7 of that time, in ns since 1970, as text.

    A time that a UUIDv7 cannot hold becomes the nearest that it can: an id is only an id.
    """
    milliseconds = min(max(nanoseconds // NANOSECONDS_PER_MILLISECOND, 0), LATEST_MILLISECOND)
    # os.urandom and no generator of our own: two processes after a fork must not draw the same.
    chance = int.from_bytes(os.urandom(10), "big")
    number = (
        milliseconds << 80 | 7 << 76 | (chance >> 62 & 0xFFF) << 64 | 2 << 62 | (chance & ((1 << 62) - 1))
    )
    text = f"{number:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
