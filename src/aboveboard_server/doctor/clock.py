# ruff: noqa: D401  # a check's docstring is its title: it says what should hold, not what is done.
"""Is the clock of this machine plausible, and has a wrong one left anything behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy

from aboveboard_server.doctor.finding import ok, problem, warning
from aboveboard_server.privacy.clock import AHEAD, BEHIND, Clock, Suspicion, judge
from aboveboard_server.storage.work import clock as work
from aboveboard_server.storage.work import cut_offs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from aboveboard_server.doctor.finding import Finding, Host
    from aboveboard_server.storage.work.clock import Look

CLOCK = Clock()
ACCEPT = "where the clock is right: aboveboard admin clock accept"
TABLE = "server_clock"


def clock_is_plausible(host: Host) -> Iterator[Finding]:
    """The clock of this machine agrees with what servers have kept of time."""
    found = _look(host)
    if found is None or found.kept is None:
        yield ok("nothing is kept yet")
        return
    now, is_synchronised = CLOCK.now(), CLOCK.is_synchronised()
    suspicion = judge(now, found.kept, database_time=found.database_time, is_synchronised=is_synchronised)
    if suspicion:
        yield problem(
            f"it is suspect, so that no server here sweeps or cuts off: {_why(suspicion, now, found)}",
            f"set the clock of this machine right; {ACCEPT}",
        )
    elif is_synchronised:
        yield ok("it does, and the kernel reports it as synchronised")
    else:
        yield ok(
            "it does",
            "have NTP keep it, and the kernel know that: without, a server that was off for over"
            f" {AHEAD.days} days asks an administrator",
        )


def cut_offs_are_not_in_the_future(host: Host) -> Iterator[Finding]:
    """No deletion refuses events that are yet to occur."""
    if _look(host) is None:
        return
    with host.session() as session:
        found = cut_offs.future(session, CLOCK.now())
    if found.cut_offs:
        yield problem(
            f"{found.cut_offs} cut-offs lie in the future: events of their subjects are refused until then",
            f"they are set back to now by an administrator; {ACCEPT}",
        )
    if found.waiting:
        yield warning(
            f"{found.waiting} deletions wait for a plausible clock", f"set the clock right; {ACCEPT}"
        )
    if not found.cut_offs and not found.waiting:
        yield ok("none does")


def rows_expire(host: Host) -> Iterator[Finding]:
    """No rows are kept because a clock was behind when they were received."""
    if _look(host) is None:
        return
    with host.session() as session:
        spans = work.periods(session)
    if spans:
        first, last = spans[0].started_at, spans[-1].ended_at
        yield warning(
            f"what was received from {first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} UTC may not expire",
            f"it goes by its limits again once an administrator says so; {ACCEPT}",
        )
    else:
        yield ok("none are")


def _look(host: Host) -> Look | None:
    """Return what the database tells of time, None where it is of before."""
    if not sqlalchemy.inspect(host.database).has_table(TABLE):
        return None
    with host.session() as session:
        return work.look(session)


def _why(suspicion: Suspicion, now: datetime, found: Look) -> str:
    if suspicion is Suspicion.BEHIND_DATABASE:
        return f"more than {BEHIND} behind the database's clock"
    kept = found.kept
    if kept is None:
        return str(suspicion)
    if suspicion is Suspicion.BEHIND_NEWEST_TIME:
        return f"more than {BEHIND} behind {kept.newest_at:%Y-%m-%d %H:%M} UTC, the newest time kept"
    moved = (now - kept.swept_at - kept.ran).days
    return f"it has moved {moved} days further than servers ran since the last sweep"


DATABASE_CHECKS = (clock_is_plausible, cut_offs_are_not_in_the_future, rows_expire)
