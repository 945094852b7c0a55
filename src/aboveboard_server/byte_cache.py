"""Caches of what clients send, each bounded in bytes; docs/limits.md lists them.

Entries are counted by what they take: whoever chooses a key chooses its length, so that a number of entries
bounds nothing.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

K = TypeVar("K")
V = TypeVar("V")

MIB = 1 << 20
# Bytes that a dict takes for an entry besides its key and value, just after it grew, when most of it is
# empty: up to four places of 24 and their indices.
ENTRY_BYTES = 128
# The allocator gives small blocks in steps of so many bytes, and to larger ones a head of as many.
STEP = 16
# Bytes beyond which an entry is not kept, lest a few drive out all others: twice what is needed for a source
# with the longest fields.
LARGEST_ENTRY = 16 * 1024


@dataclass(frozen=True, slots=True)
class Bound:
    """How many bytes a cache may take, by the name that docs/limits.md has for it."""

    name: str
    max_bytes: int


# Every bound that the service has, by its name.
BOUNDS: dict[str, Bound] = {}


def declare(name: str, max_bytes: int) -> Bound:
    """Return a bound that docs/limits.md must tell of; ValueError where the name is taken."""
    if name in BOUNDS:
        raise ValueError(f"two caches are called {name}")
    BOUNDS[name] = Bound(name, max_bytes)
    return BOUNDS[name]


def size_of(*values: object) -> int:
    """Return the bytes that values take with all that they hold, each object once.

    Tuples and objects with slots are taken to own what they refer to; any other object counts alone, and one
    without slots not at all: it is there once for all entries.
    """
    size, seen, waiting = 0, set[int](), [*values]
    while waiting:
        value = waiting.pop()
        if value is None or id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, (bytes, str, int, float)):
            pass
        elif isinstance(value, tuple):
            waiting += value
        elif slots := getattr(type(value), "__slots__", ()):
            waiting += [getattr(value, name) for name in slots]
        else:
            continue
        size += -(-sys.getsizeof(value) // STEP) * STEP + STEP
    return size


class ByteCache(dict[K, V | None]):
    """What was remembered last, within a bound of bytes; `cache[key]` is None where it is not known.

    It has two generations of half the bytes each: what is asked for moves to the younger one, and where that
    is full, the elder is forgotten and the younger takes its place. So what is in use stays, and to find it
    there costs what a dict costs: it is one, and looks further only where a key is missing. Use neither `get`
    nor assignment to a new key: they know one generation only.

    A key's later values must not take more bytes than its first; `size` returns what an entry takes.
    """

    def __init__(self, bound: Bound, size: Callable[[K, V], int] = size_of) -> None:
        super().__init__()
        self._most = bound.max_bytes // 2
        self._size = size
        # Bytes that were added to this generation. What is dropped stays counted until the next.
        self._bytes = 0
        self._elder: dict[K, V | None] = {}

    def __missing__(self, key: K) -> V | None:
        """Return the value of a key that only the elder generation knows, and move it to the younger one."""
        value = self._elder.get(key)
        if value is not None:
            self.remember(key, value)
        return value

    def remember(self, key: K, value: V) -> None:
        """Keep a value; it replaces the one before."""
        if key not in self:
            size = self._size(key, value) + ENTRY_BYTES
            if size > LARGEST_ENTRY:
                return
            if self._bytes + size > self._most:
                self._elder = dict(self)
                self.clear()
                self._bytes = 0
            self._bytes += size
        self[key] = value

    def forget(self, key: K) -> None:
        """Forget a key, known or not."""
        self.pop(key, None)
        self._elder.pop(key, None)

    def forget_where(self, is_gone: Callable[[V], bool]) -> None:
        """Forget every entry of whose value this is true."""
        for generation in (self, self._elder):
            for key in [key for key, value in generation.items() if value is not None and is_gone(value)]:
                del generation[key]

    def forget_all(self) -> None:
        """Forget everything."""
        self.clear()
        self._elder.clear()
        self._bytes = 0

    @property
    def entries(self) -> int:
        """How many keys are held, those of both generations twice."""
        return len(self) + len(self._elder)
