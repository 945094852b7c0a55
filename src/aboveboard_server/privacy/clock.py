"""The server's clock: what it shows, whether the kernel vouches for it, and by which rules it is suspect.

All times are UTC: no rule depends on a time zone.
"""

from __future__ import annotations

import ctypes
import time
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aboveboard_server.storage.work.clock import Kept

# How far a clock may be behind another one.
BEHIND = timedelta(hours=1)
# How much further than servers ran since the last sweep a clock may have moved.
AHEAD = timedelta(days=7)
# Seconds that reading two clocks one after the other may take.
SAME_CLOCK = 2.0

_STATUS_UNSYNCHRONISED = 0x0040
_TIME_ERROR = 5


class Suspicion(StrEnum):
    """Why a clock is suspect, by the names of Clock.Suspicion."""

    BEHIND_DATABASE = "BEHIND_DATABASE"
    BEHIND_NEWEST_TIME = "BEHIND_NEWEST_TIME"
    AHEAD = "AHEAD"


BACKWARDS = frozenset({Suspicion.BEHIND_DATABASE, Suspicion.BEHIND_NEWEST_TIME})


class _Timex(ctypes.Structure):
    """`struct timex` of <sys/timex.h>, and room for what a later kernel may add."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("frequency", ctypes.c_long),
        ("maximum_error", ctypes.c_long),
        ("estimated_error", ctypes.c_long),
        ("status", ctypes.c_int),
        ("constant", ctypes.c_long),
        ("precision", ctypes.c_long),
        ("tolerance", ctypes.c_long),
        ("seconds", ctypes.c_long),
        ("fraction", ctypes.c_long),
        ("rest", ctypes.c_long * 64),
    )


class Clock:
    """The clock of this process."""

    def now(self) -> datetime:
        """Return the time."""
        return datetime.now(UTC)

    def running(self) -> float:
        """Return a number of seconds that no setting of the clock changes."""
        return time.monotonic()

    def is_synchronised(self) -> bool:
        """Whether the kernel reports that time servers keep the clock, and it is this process' clock."""
        state = _Timex()
        try:
            # With no mode it only reads. None where the C library has no such call.
            told = ctypes.CDLL(None).adjtimex(ctypes.byref(state))
        except (AttributeError, OSError):
            return False
        if told < 0 or told == _TIME_ERROR or state.status & _STATUS_UNSYNCHRONISED:
            return False
        # A process may be shown another time than the kernel's, of which the kernel then says nothing.
        return bool(abs(state.seconds - time.time()) < SAME_CLOCK)


def judge(
    now: datetime, kept: Kept, *, database_time: datetime | None, is_synchronised: bool
) -> Suspicion | None:
    """Return why a clock that shows `now` is suspect, None where it is plausible.

    `database_time` is the database's clock, None where that is this one.
    """
    if database_time is not None and database_time - now > BEHIND + kept.database_ahead:
        return Suspicion.BEHIND_DATABASE
    if kept.newest_at - now > BEHIND:
        return Suspicion.BEHIND_NEWEST_TIME
    if not is_synchronised and now - kept.swept_at > kept.ran + AHEAD:
        return Suspicion.AHEAD
    return None
