"""Scheduled jobs in the store: when each last ended well, and how far a run under way has come."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aboveboard_server.storage.privacy_tables import ScheduledJobRow

if TYPE_CHECKING:
    from datetime import datetime

    from sqlmodel import Session


def finished_at(session: Session, name: str) -> datetime | None:
    """Return when a job last ended well, None where it never has."""
    row = session.get(ScheduledJobRow, name)
    return row.finished_at if row else None


def finish(session: Session, name: str, at: datetime) -> None:
    """Remember that a job has ended well."""
    row = _row(session, name)
    row.finished_at = at
    session.add(row)


def add_progress(session: Session, name: str, what: str, count: int) -> None:
    """Add to what a job's run has done so far, in the transaction that does it."""
    row = _row(session, name)
    # A dictionary of its own: one that is changed in place goes unnoticed.
    row.progress = {**row.progress, what: row.progress.get(what, 0) + count}
    session.add(row)


def take_progress(session: Session, name: str) -> dict[str, int]:
    """Return what a job's runs have done since this was last asked, those that were cut off included."""
    row = _row(session, name)
    done, row.progress = row.progress, {}
    session.add(row)
    return done


def _row(session: Session, name: str) -> ScheduledJobRow:
    return session.get(ScheduledJobRow, name) or ScheduledJobRow(name=name)
