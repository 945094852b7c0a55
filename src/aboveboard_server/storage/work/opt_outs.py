"""Opt-outs in the store: set, lifted, read."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import update
from sqlmodel import col, select

from aboveboard.error.v1 import error_reason_pb2 as reasons
from aboveboard_server.errors import ServiceError
from aboveboard_server.storage.ports import SELF_SERVICE
from aboveboard_server.storage.privacy_tables import OptOutRow
from aboveboard_server.storage.unit_of_work import epoch_of, forbids
from aboveboard_server.storage.work import audit, pages, requests
from aboveboard_server.storage.work.audit import Act

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlmodel import Session

    from aboveboard_server.storage.ports import SubjectRecord


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
    """Opt a Subject out; return the opt-out that is in force, which may have been there before.

    One with a `token_digest` is there only where the same token has set it.
    """
    if request_id and (made := by_request(session, request_id, subject)):
        return made
    found = [row for row in _in_force(session, subject, origin) if row.token_digest == token_digest]
    if not found:
        row = insert(
            session,
            subject,
            opt_out_id=opt_out_id,
            origin=origin,
            reference=reference,
            request_id=request_id,
            created_at=created_at,
            token_digest=token_digest,
            # Without its names, whether anything is held of the Subject is not looked for.
            is_unseen=origin == SELF_SERVICE and not (subject.company_id or subject.server_uuid),
        )
        audit.append(session, act)
        found = [row]
    return requests.detached(session, found[0])


class Restored(NamedTuple):
    """An opt-out as a journal tells of it, and what the audit log says of that."""

    opt_out_id: str
    subject: SubjectRecord
    origin: str
    created_at: datetime
    reference: str
    token_digest: bytes | None
    act: Act


@forbids
def restore(session: Session, restored: Sequence[Restored]) -> list[str]:
    """Put opt-outs in force again, as `create` does each of them.

    Return the ids of those that others in force stand for: with these, they must end as well.
    """
    digests = [one.subject.digest for one in restored]
    in_force = set(
        session.exec(
            select(OptOutRow.subject_digest, OptOutRow.origin, OptOutRow.token_digest).where(
                col(OptOutRow.subject_digest).in_(digests), col(OptOutRow.revoked_at).is_(None)
            )
        )
    )
    stood_for, acts = [], []
    for one in restored:
        said = (one.subject.digest, one.origin, one.token_digest)
        if said in in_force:
            stood_for.append(one.opt_out_id)
            continue
        in_force.add(said)
        if one.subject.stored_digest is not None:
            # Rows of the same user that were added above are noted as well.
            session.flush()
        insert(
            session,
            one.subject,
            opt_out_id=one.opt_out_id,
            origin=one.origin,
            reference=one.reference,
            created_at=one.created_at,
            token_digest=one.token_digest,
            # A journal holds no names: whether anything is held of the Subject is not looked for.
            is_unseen=one.origin == SELF_SERVICE,
        )
        acts.append(one.act)
    audit.append(session, *acts)
    return stood_for


def insert(  # noqa: PLR0913  # what an opt-out is made of
    session: Session,
    subject: SubjectRecord,
    *,
    opt_out_id: str,
    origin: str,
    created_at: datetime,
    reference: str = "",
    request_id: str | None = None,
    token_digest: bytes | None = None,
    is_unseen: bool = False,
) -> OptOutRow:
    """Add an opt-out that is in force to the session, within a unit that forbids; return it."""
    epoch = epoch_of(session)
    if subject.stored_digest is not None:
        _share_stored_digest(session, subject, epoch)
    row = OptOutRow(
        opt_out_id=opt_out_id,
        subject_kind=subject.kind,
        subject_digest=subject.digest,
        stored_digest=subject.stored_digest,
        origin=origin,
        reference=reference,
        request_id=request_id,
        token_digest=token_digest,
        is_unseen=is_unseen,
        epoch=epoch,
        created_at=created_at,
        company_id=subject.company_id,
        deployment_id=subject.deployment_id,
        server_uuid=subject.server_uuid,
        user_id=subject.user_id,
    )
    session.add(row)
    return row


@forbids
def revoke(session: Session, opt_out_id: str, *, revoked_at: datetime, act: Act) -> OptOutRow:
    """Lift one opt-out; ServiceError where there is none of this id. Again changes nothing."""
    row = session.get(OptOutRow, opt_out_id)
    if row is None:
        raise _not_found()
    if row.revoked_at is None:
        row.revoked_at, row.epoch = revoked_at, epoch_of(session)
        # An administrator who lifts it makes room for others; see `refusals.unseen`.
        row.is_unseen = False
        session.add(row)
        audit.append(session, act)
    return requests.detached(session, row)


@forbids
def revoke_again(session: Session, revoked: Mapping[str, datetime], actor: str, action: str) -> None:
    """Lift opt-outs that a journal knows as lifted, each at its time; those in force alone."""
    acts = []
    rows = session.exec(
        select(OptOutRow).where(
            col(OptOutRow.opt_out_id).in_(revoked.keys()), col(OptOutRow.revoked_at).is_(None)
        )
    )
    for row in rows.all():
        row.revoked_at, row.epoch, row.is_unseen = revoked[row.opt_out_id], epoch_of(session), False
        session.add(row)
        acts.append(Act(actor, action, row.subject_digest, row.reference, row.subject_kind))
    audit.append(session, *acts)


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


def page(  # noqa: PLR0913  # one parameter for each condition
    session: Session,
    *,
    before: tuple[datetime, str] | None,
    limit: int,
    active: bool | None = None,
    origin: str | None = None,
    since: datetime | None = None,
) -> Sequence[OptOutRow]:
    """Return opt-outs, the newest first; `before` is the time and the id of the last of the page before."""
    place = (col(OptOutRow.created_at), col(OptOutRow.opt_out_id))
    statement = select(OptOutRow).order_by(place[0].desc(), place[1].desc()).limit(limit)
    if before is not None:
        statement = statement.where(pages.before(place, before))
    if active is not None:
        revoked_at = col(OptOutRow.revoked_at)
        statement = statement.where(revoked_at.is_(None) if active else revoked_at.is_not(None))
    if origin is not None:
        statement = statement.where(OptOutRow.origin == origin)
    if since is not None:
        statement = statement.where(col(OptOutRow.created_at) >= since)
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


def _share_stored_digest(session: Session, subject: SubjectRecord, epoch: int) -> None:
    """Note a user's digest by what is stored of it in its other opt-outs too.

    What is known of that digest is read from the rows that bear it: a row without it would let go of a user
    whom it opts out, once another one is lifted.
    """
    session.connection().execute(
        update(OptOutRow)
        .where(
            col(OptOutRow.subject_digest) == subject.digest,
            col(OptOutRow.stored_digest).is_(None),
            col(OptOutRow.revoked_at).is_(None),
        )
        .values(stored_digest=subject.stored_digest, epoch=epoch)
    )


def _not_found() -> ServiceError:
    return ServiceError(reasons.ERROR_REASON_NOT_FOUND, "no such opt-out", field="opt_out_id")
