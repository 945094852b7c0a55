"""Sets of ids that may be millions: 16 bytes each and a few more, where a set of texts takes 160."""

from __future__ import annotations

import hashlib
from collections.abc import MutableSet
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

SIZE = 16
# Bytes at an id's end that choose its bucket: they are random in every kind of UUID that is made here.
_CHOOSING = 2


def packed(text: str) -> bytes:
    """Return an id as 16 bytes: those of a UUID, and of anything else a digest."""
    try:
        found = bytes.fromhex(text.replace("-", ""))
    except ValueError:
        found = b""
    return found if len(found) == SIZE else hashlib.blake2b(text.encode(), digest_size=SIZE).digest()


class IdSet(MutableSet[str]):
    """A set of ids as `packed` makes them, which is read as UUIDs."""

    def __init__(self, ids: Iterable[str] = ()) -> None:
        self._buckets: dict[bytes, bytes] = {}
        self._size = 0
        for one in ids:
            self.add(one)

    def __len__(self) -> int:
        return self._size

    def __contains__(self, one: object) -> bool:
        if not isinstance(one, str):
            return False
        key = packed(one)
        return _place(self._buckets.get(key[-_CHOOSING:], b""), key) >= 0

    def __iter__(self) -> Iterator[str]:
        for bucket in self._buckets.values():
            for start in range(0, len(bucket), SIZE):
                yield str(UUID(bytes=bucket[start : start + SIZE]))

    def add(self, value: str) -> None:
        """Put in an id."""
        key = packed(value)
        bucket = self._buckets.get(key[-_CHOOSING:], b"")
        if _place(bucket, key) < 0:
            self._buckets[key[-_CHOOSING:]] = bucket + key
            self._size += 1

    def discard(self, value: str) -> None:
        """Take out an id, if it is there."""
        key = packed(value)
        bucket = self._buckets.get(key[-_CHOOSING:], b"")
        place = _place(bucket, key)
        if place >= 0:
            self._buckets[key[-_CHOOSING:]] = bucket[:place] + bucket[place + SIZE :]
            self._size -= 1


def _place(bucket: bytes, key: bytes) -> int:
    """Return where an id begins in a bucket, -1 where it is not in it."""
    place = bucket.find(key)
    while place > 0 and place % SIZE:
        # The end of one id and the beginning of the next.
        place = bucket.find(key, place + 1)
    return place
