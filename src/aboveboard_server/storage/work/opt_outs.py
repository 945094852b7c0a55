"""Opt-outs in the store: set, lifted, read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlmodel import col, select

from aboveboard.error.v1 import error_reason_pb2 as reasons
from aboveboard_server.errors import ServiceError
from aboveboard_server.storage.privacy_tables import OptOutRow
from aboveboard_server.storage.unit_of_work import epoch_of, forbids
from aboveboard_server.storage.work import audit, pages, requests

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlmodel import Session

    from aboveboard_server.storage.ports import SubjectRecord
    from aboveboard_server.storage.work.audit import Act


@forbids
def create(  # noqa: PLR0913  # what an opt-out is made of
    session: Session,
    subject: SubjectRecord,
    *,
    opt_out_id: str,
    origin: str,
    created_at: datetime,
    act: Act,
    reference: str = "",
    request_id: str | None = None,
    token_digest: bytes | None = None,
) -> OptOutRow:
    """Opt a Subject out; return the opt-out that is in force, which may have been there before."""
    if request_id and (made := by_request(session, request_id, subject)):
        return made
    found = _in_force(session, subject, origin)
    if not found:
        row = OptOutRow(
            opt_out_id=opt_out_id,
            subject_kind=subject.kind,
            subject_digest=subject.digest,
            stored_digest=subject.stored_digest,
            origin=origin,
            reference=reference,
            request_id=request_id,
            token_digest=token_digest,
            epoch=epoch_of(session),
            created_at=created_at,
            company_id=subject.company_id,
            deployment_id=subject.deployment_id,
            server_uuid=subject.server_uuid,
            user_id=subject.user_id,
        )
        session.add(row)
        audit.append(session, act)
        found = [row]
    return requests.detached(session, found[0])


@forbids
def revoke(session: Session, opt_out_id: str, *, revoked_at: datetime, act: Act) -> OptOutRow:
    """Lift one opt-out; ServiceError where there is none of this id. Again changes nothing."""
    row = session.get(OptOutRow, opt_out_id)
    if row is None:
        raise _not_found()
    if row.revoked_at is None:
        _lift(session, row, revoked_at)
        audit.append(session, act)
    return requests.detached(session, row)


@forbids
def revoke_all(
    session: Session, subject: SubjectRecord, *, origin: str, revoked_at: datetime, act: Act
) -> list[str]:
    """Lift every opt-out of a Subject that was set in the same way; return the ids of those lifted."""
    rows = _in_force(session, subject, origin)
    for row in rows:
        _lift(session, row, revoked_at)
    if rows:
        audit.append(session, act)
    return [row.opt_out_id for row in rows]


def in_force(session: Session, subject: SubjectRecord, origin: str) -> list[str]:
    """Return the ids of a Subject's opt-outs in force that were set in this way."""
    return [row.opt_out_id for row in _in_force(session, subject, origin)]


def is_in_force(session: Session, opt_out_id: str) -> bool:
    """Whether there is an opt-out of this id, and it is not lifted."""
    row = session.get(OptOutRow, opt_out_id)
    return row is not None and row.revoked_at is None


def by_request(session: Session, request_id: str, subject: SubjectRecord) -> OptOutRow | None:
    """Return the opt-out that a request has made; ServiceError where it was made of another Subject."""
    return requests.made_by(session, OptOutRow, request_id, subject)


def get(session: Session, opt_out_id: str) -> OptOutRow:
    """Return one opt-out; ServiceError where there is none of this id."""
    row = session.get(OptOutRow, opt_out_id)
    if row is None:
        raise _not_found()
    return requests.detached(session, row)


def known(session: Session) -> dict[str, bool]:
    """Return the ids of all opt-outs there are, each with whether it is in force."""
    return {
        opt_out_id: revoked_at is None
        for opt_out_id, revoked_at in session.exec(select(OptOutRow.opt_out_id, OptOutRow.revoked_at))
    }


def page(
    session: Session, *, before: tuple[datetime, str] | None, limit: int, active: bool | None
) -> Sequence[OptOutRow]:
    """Return opt-outs, the newest first; `before` is the time and the id of the last of the page before."""
    place = (col(OptOutRow.created_at), col(OptOutRow.opt_out_id))
    statement = select(OptOutRow).order_by(place[0].desc(), place[1].desc()).limit(limit)
    if before is not None:
        statement = statement.where(pages.before(place, before))
    if active is not None:
        revoked_at = col(OptOutRow.revoked_at)
        statement = statement.where(revoked_at.is_(None) if active else revoked_at.is_not(None))
    found = session.exec(statement).all()
    session.expunge_all()
    return found


def _in_force(session: Session, subject: SubjectRecord, origin: str) -> list[OptOutRow]:
    return list(
        session.exec(
            select(OptOutRow).where(
                OptOutRow.subject_digest == subject.digest,
                OptOutRow.origin == origin,
                col(OptOutRow.revoked_at).is_(None),
            )
        )
    )


def _lift(session: Session, row: OptOutRow, revoked_at: datetime) -> None:
    row.revoked_at = revoked_at
    row.epoch = epoch_of(session)
    session.add(row)


def _not_found() -> ServiceError:
    return ServiceError(reasons.ERROR_REASON_NOT_FOUND, "no such opt-out", field="opt_out_id")
