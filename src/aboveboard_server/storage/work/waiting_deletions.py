"""Deletions that wait for an administrator: asked for by sources, bounded, rejected or lapsed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import text
from sqlmodel import col, func, select

from aboveboard_server.errors import OverloadedError
from aboveboard_server.storage.privacy_tables import DeletionRow
from aboveboard_server.storage.work import audit, clock, deletions, erasing, requests

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlmodel import Session
    from sqlmodel.sql.expression import SelectOfScalar

    from aboveboard_server.storage.ports import SubjectRecord
    from aboveboard_server.storage.work.audit import Act
    from aboveboard_server.storage.work.deletions import Decision, Order

# The most deletions that wait for an administrator: in all, and of one company. Of a subject one waits.
MOST_WAITING = 1_000
MOST_WAITING_OF_COMPANY = 50
# Seconds after which a source may ask again where they are reached: only an administrator makes room.
RETRY_FULL_SECONDS = 3_600.0
# Deletions that are found together to lapse.
LAPSED_AT_ONCE = 100
# Held by who asks for a deletion that waits: two must not both find the last place free.
WAITING_LOCK = 0x61626F76_0005


class Waiting(NamedTuple):
    """How many deletions wait for an administrator, and since when the oldest does."""

    number: int
    oldest: datetime | None


def ask(session: Session, subject: SubjectRecord, order: Order, act: Act) -> DeletionRow | None:
    """Leave a deletion to be confirmed; return it, or the one of this subject that waits already.

    None, and nothing written, where nothing is held of the subject. OverloadedError where too many wait.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.connection().execute(text(f"SELECT pg_advisory_xact_lock({WAITING_LOCK})"))
    if waiting := deletions.waiting_of(session, subject):
        return waiting
    if not erasing.is_known(session, subject):
        return None
    _refuse_where_full(session, subject)
    row = deletions.new(subject, order)
    row.known, row.sealed_subject = True, order.sealed_subject
    session.add(row)
    audit.append(session, act)
    return requests.detached(session, row)


def reject(session: Session, decision: Decision) -> DeletionRow:
    """End a deletion that waits; return it, also where it was rejected before. ServiceError as `confirm`."""
    row = deletions.find(session, decision.deletion_id, for_update=True)
    if row.state != deletions.REJECTED:
        row = deletions.find_pending(session, decision.deletion_id)
        row.rejection_reason, row.reference = decision.reason, decision.reference
        _end_waiting(session, row, deletions.REJECTED, decision.at)
        audit.append(session, decision.act)
    return requests.detached(session, row)


def overdue(session: Session, asked_before: datetime) -> Sequence[str]:
    """Return ids of deletions that have waited since before a time, the oldest first, a page of them.

    One that was asked for by a clock that was behind has not waited for as long as its time says.
    """
    statement = _overdue(session, asked_before).order_by(col(DeletionRow.created_at))
    return session.exec(statement.limit(LAPSED_AT_ONCE)).all()


def is_overdue(session: Session, deletion_id: str, asked_before: datetime) -> bool:
    """Whether a deletion is one of those that `overdue` finds."""
    statement = _overdue(session, asked_before).where(DeletionRow.deletion_id == deletion_id)
    return session.exec(statement).first() is not None


def lapse(session: Session, deletion_id: str, *, at: datetime, act: Act) -> None:
    """End a deletion that waits, unless an administrator has decided on it meanwhile."""
    row = deletions.find(session, deletion_id, for_update=True)
    if row.state == deletions.PENDING:
        _end_waiting(session, row, deletions.LAPSED, at)
        audit.append(session, replace(act, subject_digest=row.subject_digest, details=row.subject_kind))


def waiting(session: Session) -> Waiting:
    """Return how many deletions wait for an administrator, and since when the oldest does."""
    count, oldest = session.exec(
        select(func.count(), func.min(DeletionRow.created_at)).where(DeletionRow.state == deletions.PENDING)
    ).one()
    return Waiting(count, oldest)


def _overdue(session: Session, asked_before: datetime) -> SelectOfScalar[str]:
    created_at = col(DeletionRow.created_at)
    statement = select(DeletionRow.deletion_id).where(
        DeletionRow.state == deletions.PENDING, created_at <= asked_before
    )
    if spans := clock.periods(session):
        statement = statement.where(~clock.within(created_at, spans))
    return statement


def _refuse_where_full(session: Session, subject: SubjectRecord) -> None:
    count = select(func.count()).where(DeletionRow.state == deletions.PENDING)
    of_company = count.where(DeletionRow.company_id == subject.company_id)
    if session.exec(count).one() >= MOST_WAITING or session.exec(of_company).one() >= MOST_WAITING_OF_COMPANY:
        raise OverloadedError(
            RETRY_FULL_SECONDS, "too many deletions wait for an administrator; try again later"
        )


def _end_waiting(session: Session, row: DeletionRow, state: str, at: datetime) -> None:
    deletions.clear_names(row)
    row.state, row.ended_at = state, at
    session.add(row)
