"""Retention policies in the store, and the end of a run that has kept them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlmodel import select

from aboveboard_server.storage.privacy_tables import RetentionPolicyRow
from aboveboard_server.storage.work import audit, clock, jobs

if TYPE_CHECKING:
    from datetime import datetime

    from sqlmodel import Session

    from aboveboard_server.storage.work.audit import Act


def policies(session: Session) -> dict[str, RetentionPolicyRow]:
    """Return every policy that was ever changed, by its event's name."""
    found = session.exec(select(RetentionPolicyRow)).all()
    session.expunge_all()
    return {row.event_type: row for row in found}


def update(  # noqa: PLR0913  # what a change is made of
    session: Session,
    event_type: str,
    *,
    retention_days: int | None,
    at: datetime,
    act: Act,
    consents: bool = False,
) -> RetentionPolicyRow:
    """Change how long events of a type live; None goes back to the default.

    `consents` is whether it counts as consent to what a sweep removes by a clock that shows `at`.
    """
    row = session.get(RetentionPolicyRow, event_type)
    if row is None:
        row = RetentionPolicyRow(event_type=event_type, updated_at=at)
    elif row.retention_days == retention_days:
        session.expunge(row)
        return row
    row.retention_days, row.updated_at = retention_days, at
    if consents:
        clock.sweep_ended(session, at)
    session.add(row)
    audit.append(session, act)
    session.flush()
    session.expunge(row)
    return row


def conclude(session: Session, job: str, act: Act, *, swept_at: datetime) -> None:
    """Tell in the audit log what a run has removed, the runs that were cut off before it included.

    `swept_at` is what the clock showed when it began: the clock is held against it from now on.
    """
    clock.sweep_ended(session, swept_at)
    removed = jobs.take_progress(session, job)
    if removed:
        details = ", ".join(f"{table} {rows}" for table, rows in sorted(removed.items()))
        audit.append(session, replace(act, details=details))
