"""Scheduled jobs in the store: when each last ended well."""

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
    row = session.get(ScheduledJobRow, name) or ScheduledJobRow(name=name)
    row.finished_at = at
    session.add(row)
