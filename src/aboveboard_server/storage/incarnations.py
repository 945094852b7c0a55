"""The incarnations of the database's epochs: a random number each, and the newest ones in one value.

They tell whether an epoch that was known before is a part of what the database holds now.
"""

from __future__ import annotations

import secrets
import struct

# Epochs whose incarnations are kept. A server that is further behind cannot tell, and takes it for a fall.
KEPT = 1_024

_NUMBER = struct.Struct(">q")


def new_incarnation() -> int:
    """Return a number that no epoch has had."""
    return secrets.randbits(63)


def first(incarnation: int) -> bytes:
    """Return what is kept where there is no history."""
    return _NUMBER.pack(incarnation)


def with_next(recent: bytes, incarnation: int) -> bytes:
    """Return what is kept after a next epoch, of this incarnation."""
    return (_NUMBER.pack(incarnation) + recent)[: KEPT * _NUMBER.size]


def stands_at(recent: bytes, newest: int, epoch: int, incarnation: int) -> bool:
    """Whether an epoch had this incarnation, by what is kept at the `newest` epoch."""
    start = (newest - epoch) * _NUMBER.size
    if newest < epoch or start >= len(recent):
        return False
    (found,) = _NUMBER.unpack_from(recent, start)
    return bool(found == incarnation)
