"""What servers keep of their own clocks, in the store. No time in it was sent by a client."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import column, delete, func, or_, select, table, text
from sqlmodel import col

from aboveboard_server.storage.clock_tables import THE_ROW, ClockPeriodRow, ServerClockRow
from aboveboard_server.storage.columns import EPOCH, MICROSECOND, UtcMicros
from aboveboard_server.storage.privacy_tables import AuditEntryRow, ScheduledJobRow
from aboveboard_server.storage.unit_of_work import urgent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Mapped
    from sqlmodel import Session, SQLModel

# How far a newest time may be ahead of the database's clock: one server that is ahead must not make the
# others suspect.
AHEAD_OF_DATABASE = timedelta(hours=1)
# Named here alone: a server starts without the generated tables.
_SOURCE = table("source", column("last_seen_at", UtcMicros()))


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept, see ServerClockRow; `ran` is how long servers ran since `swept_at`, `total` in all."""

    newest_at: datetime
    swept_at: datetime
    ran: timedelta
    total: timedelta
    acceptance: int = 0
    database_ahead: timedelta = timedelta()


class Look(NamedTuple):
    """What the store tells of time: what is kept, if anything, and its own clock where it has one."""

    kept: Kept | None
    database_time: datetime | None


class Mark(NamedTuple):
    """A time of their own that servers have noted elsewhere, and after how many acceptances."""

    acceptance: int
    at: datetime


class Start(NamedTuple):
    """What a server found when it started.

    `newest` is what other rows of the database told of time where nothing is kept, if anything; `mark` is
    what the journal tells, if anything.
    """

    newest: datetime | None
    mark: Mark | None


class Period(NamedTuple):
    """A span of time, its end not in it."""

    started_at: datetime
    ended_at: datetime


@urgent
def look(session: Session) -> Look:
    """Return what the store tells of time."""
    row = session.get(ServerClockRow, THE_ROW)
    return Look(_kept(row) if row else None, _database_time(session))


def newest_written(session: Session) -> datetime | None:
    """Return the newest time of its own that a server has written elsewhere, None where none has."""
    queries = (
        select(func.max(_SOURCE.c.last_seen_at)),
        select(func.max(ScheduledJobRow.finished_at)),
        select(func.max(AuditEntryRow.recorded_at)),
    )
    found = [session.connection().execute(query).scalar_one() for query in queries]
    return max((time for time in found if time is not None), default=None)


def begun(start: Start, kept: Kept | None, now: datetime) -> Kept:
    """Return what is kept with what a server found at its start, and the database lacks.

    Where nothing is, the newest time that was written counts as the last sweep, or else `now`.
    """
    if kept is None:
        newest = start.newest or now
        kept = Kept(newest, newest, timedelta(), timedelta())
    mark = start.mark
    if mark is None or (kept.acceptance, kept.newest_at) >= mark:
        return kept
    # It is a restored one.
    if kept.acceptance < mark.acceptance:
        return Kept(mark.at, mark.at, timedelta(), kept.total, mark.acceptance)
    # What has passed between the two times, servers ran.
    passed = mark.at - kept.newest_at
    return replace(kept, newest_at=mark.at, ran=kept.ran + passed, total=kept.total + passed)


def keep(
    session: Session, start: Start, now: datetime | None, elapsed: timedelta, seen: timedelta
) -> Kept | None:
    """Note that a server ran for so long since it saw the total `seen`, and its clock where it is plausible.

    What others have noted meanwhile is not noted twice: servers that run beside each other count as one.
    None where it is not, and nothing is kept yet.
    """
    row = _row(session)
    if row is None:
        _alone(session, ServerClockRow)
        row = _row(session)
    known = _kept(row) if row else None
    if known is None and start.newest is None and now is None:
        # Nothing tells the time but a clock that is suspect.
        return None
    kept = begun(start, known, now or EPOCH)
    others = max(timedelta(), kept.total - seen)
    more = max(timedelta(), elapsed - others)
    kept = replace(kept, ran=kept.ran + more, total=kept.total + more)
    if now is not None:
        kept = replace(kept, newest_at=max(kept.newest_at, _restrained(session, now)))
    _write(session, row, kept)
    return kept


def sweep_ended(session: Session, at: datetime) -> None:
    """Note that a sweep by a clock that showed `at` has ended, or that an administrator consents to one."""
    row = _row(session)
    known = _kept(row) if row else Kept(at, at, timedelta(), timedelta())
    _write(session, row, replace(known, swept_at=at, ran=timedelta()))


def accept(session: Session, now: datetime) -> int:
    """Take a clock that shows `now` for right, and forget the spans of clocks that were behind.

    Return how often a clock was accepted by now.
    """
    database_time = _database_time(session)
    ahead = max(timedelta(), database_time - now) if database_time else timedelta()
    row = _row(session)
    total, acceptance = (row.ran * MICROSECOND, row.acceptance + 1) if row else (timedelta(), 1)
    kept = Kept(now, now, timedelta(), total, acceptance, ahead)
    _write(session, row, kept)
    session.connection().execute(delete(ClockPeriodRow))
    return acceptance


def add_period(session: Session, period: Period) -> None:
    """Note a span of a clock that is behind; with those that it meets it becomes one."""
    _alone(session, ClockPeriodRow)
    connection = session.connection()
    meets = (col(ClockPeriodRow.started_at) <= period.ended_at) & (
        col(ClockPeriodRow.ended_at) >= period.started_at
    )
    met = [period, *periods(session, meets)]
    connection.execute(delete(ClockPeriodRow).where(meets))
    row = ClockPeriodRow(
        started_at=min(one.started_at for one in met), ended_at=max(one.ended_at for one in met)
    )
    session.add(row)
    session.flush()


def periods(session: Session, where: ColumnElement[bool] | None = None) -> list[Period]:
    """Return the spans of clocks that were behind, in order."""
    statement = select(col(ClockPeriodRow.started_at), col(ClockPeriodRow.ended_at))
    if where is not None:
        statement = statement.where(where)
    found = session.connection().execute(statement.order_by(col(ClockPeriodRow.started_at)))
    return [Period(*row) for row in found]


def within(time: ColumnElement[datetime] | Mapped[datetime], spans: Sequence[Period]) -> ColumnElement[bool]:
    """Return the condition that a time lies in one of these spans, of which there is one at least."""
    return or_(*((time >= span.started_at) & (time < span.ended_at) for span in spans))


def _alone(session: Session, rows: type[SQLModel]) -> None:
    """Keep other servers from writing to a table meanwhile: what they write at once nobody sees."""
    if not _is_sqlite(session):
        session.connection().execute(text(f"LOCK TABLE {rows.__tablename__} IN SHARE ROW EXCLUSIVE MODE"))


def _row(session: Session) -> ServerClockRow | None:
    """Return the row, held until the end of the transaction."""
    return session.get(ServerClockRow, THE_ROW, with_for_update=not _is_sqlite(session))


def _write(session: Session, row: ServerClockRow | None, kept: Kept) -> None:
    if row is None:
        row = ServerClockRow(server_clock_id=THE_ROW, newest_at=kept.newest_at, swept_at=kept.swept_at)
    row.newest_at, row.swept_at = kept.newest_at, kept.swept_at
    row.ran = kept.total // MICROSECOND
    row.ran_at_sweep = (kept.total - kept.ran) // MICROSECOND
    row.acceptance, row.database_ahead = kept.acceptance, kept.database_ahead // MICROSECOND
    session.add(row)
    session.flush()


def _restrained(session: Session, now: datetime) -> datetime:
    database_time = _database_time(session)
    return min(now, database_time + AHEAD_OF_DATABASE) if database_time else now


def _database_time(session: Session) -> datetime | None:
    """Return the database's own clock; SQLite has none."""
    if _is_sqlite(session):
        return None
    found: datetime = session.connection().execute(text("SELECT clock_timestamp()")).scalar_one()
    return found


def _kept(row: ServerClockRow) -> Kept:
    return Kept(
        newest_at=row.newest_at,
        swept_at=row.swept_at,
        ran=(row.ran - row.ran_at_sweep) * MICROSECOND,
        total=row.ran * MICROSECOND,
        acceptance=row.acceptance,
        database_ahead=row.database_ahead * MICROSECOND,
    )


def _is_sqlite(session: Session) -> bool:
    return session.get_bind().dialect.name == "sqlite"
