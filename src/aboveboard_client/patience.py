"""How long the host lets a call of its own take: whatever waits inside of it waits no longer."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_told = threading.local()


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Let this thread wait for `seconds` in all, or for less where it was told so already."""
    before = getattr(_told, "until", None)
    until = time.monotonic() + seconds
    _told.until = until if before is None else min(until, before)
    try:
        yield
    finally:
        _told.until = before


def left(most: float) -> float:
    """Return how many seconds this thread may wait still, `most` where nobody said."""
    until = getattr(_told, "until", None)
    return most if until is None else max(0.0, min(most, until - time.monotonic()))
