"""What became of every event, counted; and troubles, told once."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, replace

logger = logging.getLogger("aboveboard_client")
# A host that has set up no logging shall not find us on its stderr.
logger.addHandler(logging.NullHandler())


@dataclass(slots=True)
class Stats:
    """Events counted since this process started (or was forked).

    `recorded`: taken into the spool. Then one of, by the server's answer, `accepted`, `duplicate` (it had
    arrived before), `quarantined`, `rejected` (broke a rule of the schema), `erased` (its subject was),
    `opted_out`; or `refused`: dropped since the request that held it can never be taken, or cannot be written
    into the log. Or, of the spool,
    `dropped_full` (oldest first), `dropped_disabled` (emptied at an opt-out), `dropped_category` (of a
    category that may not be collected), `damaged` (unreadable). Adopted from a run before, events
    are counted here without having been `recorded` here.

    Never taken: `declined` (collection is off, or the client is closed), `unwritable` (disk full or broken),
    `unusable` (no event message, over 64 KiB, or nested too deep).
    """

    recorded: int = 0
    accepted: int = 0
    duplicate: int = 0
    quarantined: int = 0
    rejected: int = 0
    erased: int = 0
    opted_out: int = 0
    refused: int = 0
    dropped_full: int = 0
    dropped_disabled: int = 0
    dropped_category: int = 0
    damaged: int = 0
    declined: int = 0
    unwritable: int = 0
    unusable: int = 0


class Tally:
    """Counts, from any thread."""

    def __init__(self) -> None:
        self.renew()

    def renew(self) -> None:
        """Start from nothing, with a lock that nobody holds: in a child after a fork."""
        # Reentrant, since a signal handler of the host may record while this thread is counting.
        self._lock = threading.RLock()
        self._stats = Stats()
        self._told: set[str] = set()

    def add(self, what: str, count: int = 1) -> None:
        """Count so many more of a field of Stats."""
        if count:
            with self._lock:
                setattr(self._stats, what, getattr(self._stats, what) + count)

    def stats(self) -> Stats:
        """Return a copy of what was counted."""
        with self._lock:
            return replace(self._stats)

    def trouble(self, kind: str, message: str, *arguments: object) -> None:
        """Log a trouble: as a warning the first time of its kind, then for debugging only."""
        level = logging.DEBUG if kind in self._told else logging.WARNING
        self._told.add(kind)
        logger.log(level, message, *arguments)
