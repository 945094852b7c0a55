"""Deletions in the store: asked for, begun, carried on, ended, read."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlmodel import col, func, select

from aboveboard.error.v1 import error_reason_pb2 as reasons
from aboveboard_server.errors import ServiceError
from aboveboard_server.schema.erasure import annotated_columns
from aboveboard_server.storage.ports import SubjectRecord
from aboveboard_server.storage.privacy_tables import DeletionRow, TombstoneRow
from aboveboard_server.storage.unit_of_work import forbids
from aboveboard_server.storage.unknown_tables import refuse_to_erase
from aboveboard_server.storage.work import audit, erasing, opt_outs, pages, requests, tombstones

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlmodel import Session

    from aboveboard_server.storage.work.audit import Act

PENDING = "PENDING_CONFIRMATION"
RUNNING = "RUNNING"
ERASED = "ERASED"
SCRUBBED = "SCRUBBED"


@dataclass(frozen=True, slots=True)
class Order:
    """What a deletion is asked for with; `opt_out_id` is that of the opt-out made in the same step, if any.

    `at` is when it was asked for, and its cut-off where it begins at once.
    """

    deletion_id: str
    origin: str
    at: datetime
    reference: str = ""
    request_id: str | None = None
    scrub_now: bool = False
    also_opt_out: bool = False
    opt_out_id: str | None = None


@dataclass(frozen=True, slots=True)
class SignedReceipt:
    """A serialized Receipt, and its place in the chain."""

    sequence: int
    data: bytes


@forbids
def begin(session: Session, subject: SubjectRecord, order: Order, act: Act) -> DeletionRow:
    """Begin a deletion; return it, or the one that the same request has begun before."""
    if order.request_id and (made := by_request(session, order.request_id, subject)):
        # The journal tells of this one too, and the database must not know less.
        tombstones.place(session, subject, order.at, made.deletion_id)
        return made
    row = _new(subject, order)
    _start(session, row, subject, order.at)
    if order.opt_out_id:
        opt_outs.create(
            session,
            _nameless(subject),
            opt_out_id=order.opt_out_id,
            origin=order.origin,
            created_at=order.at,
            reference=order.reference,
            act=replace(act, action="CreateOptOut"),
        )
    audit.append(session, act)
    return requests.detached(session, row)


def ask(session: Session, subject: SubjectRecord, order: Order, act: Act) -> DeletionRow:
    """Leave a deletion to be confirmed; return it, or the one of this Subject that waits already."""
    if waiting := open_of(session, subject, order.origin):
        return waiting
    row = _new(subject, order)
    session.add(row)
    audit.append(session, act)
    return requests.detached(session, row)


@forbids
def confirm(  # noqa: PLR0913  # what a confirmation is made of
    session: Session,
    deletion_id: str,
    subject: SubjectRecord,
    *,
    at: datetime,
    reference: str,
    scrub_now: bool,
    act: Act,
) -> DeletionRow:
    """Begin a deletion that waits; ServiceError where there is none, or where it does not wait."""
    row = _pending(session, deletion_id)
    row.confirmed_at, row.reference, row.scrub_now = at, reference, scrub_now
    _start(session, row, subject, at)
    audit.append(session, act)
    return requests.detached(session, row)


@forbids
def restore(session: Session, subject: SubjectRecord, order: Order, act: Act) -> bool:
    """Begin a deletion that the journal tells of, unless it is known; return whether it was not."""
    row = session.get(DeletionRow, order.deletion_id)
    if row is not None and row.state != PENDING:
        return False
    _start(session, row or _new(subject, order), subject, order.at)
    audit.append(session, act)
    return True


def carry_on(session: Session, deletion_id: str, limit: int) -> bool | None:
    """Remove up to `limit` more rows; return whether there were any, None while another server removes.

    UnknownTableError where rows would stay in a table that this schema does not know.
    """
    if not erasing.is_alone(session):
        return None
    refuse_to_erase(session.connection())
    row = session.get_one(DeletionRow, deletion_id)
    removed = erasing.remove(session, deletion_id, row.removed, limit)
    if removed is None:
        return False
    row.removed = removed
    session.add(row)
    return True


def end(
    session: Session, deletion_id: str, state: str, *, at: datetime, receipt: SignedReceipt | None
) -> bool:
    """Say that a deletion is ERASED or SCRUBBED; return whether it is, and its receipt next in the chain.

    UnknownTableError as for `carry_on`.
    """
    if not erasing.is_alone(session):
        return False
    refuse_to_erase(session.connection())
    if receipt and receipt.sequence != _newest_sequence(session) + 1:
        return False
    row = session.get_one(DeletionRow, deletion_id)
    row.state = state
    set_time(row, state, at)
    for name in annotated_columns(DeletionRow.metadata.tables["deletion"]):
        setattr(row, name, None)
    if receipt:
        row.receipt, row.receipt_sequence = receipt.data, receipt.sequence
    session.add(row)
    return True


def set_time(row: DeletionRow, state: str, at: datetime) -> None:
    """Note in a row when its deletion came to the state ERASED or SCRUBBED."""
    if state == ERASED:
        row.erased_at = at
    else:
        row.scrubbed_at = at


def newest_receipt(session: Session) -> bytes | None:
    """Return the serialized receipt at the head of the chain, None where there is none yet."""
    return session.exec(
        select(DeletionRow.receipt).where(DeletionRow.receipt_sequence == _newest_sequence(session))
    ).first()


def by_request(session: Session, request_id: str, subject: SubjectRecord) -> DeletionRow | None:
    """Return the deletion that a request has made; ServiceError where it was made of another Subject."""
    return requests.made_by(session, DeletionRow, request_id, subject)


def open_of(session: Session, subject: SubjectRecord, origin: str) -> DeletionRow | None:
    """Return a Subject's deletion of this origin that waits or is under way."""
    row = session.exec(
        select(DeletionRow).where(
            DeletionRow.subject_digest == subject.digest,
            DeletionRow.origin == origin,
            col(DeletionRow.state).in_((PENDING, RUNNING)),
        )
    ).first()
    return row and requests.detached(session, row)


def pending(session: Session, deletion_id: str) -> DeletionRow:
    """Return a deletion that waits; ServiceError where there is none, or where it does not wait."""
    return requests.detached(session, _pending(session, deletion_id))


def get(session: Session, deletion_id: str) -> DeletionRow:
    """Return one deletion; ServiceError where there is none of this id."""
    return requests.detached(session, _found(session, deletion_id))


def page(
    session: Session, *, before: tuple[datetime, str] | None, limit: int, state: str | None
) -> Sequence[DeletionRow]:
    """Return deletions, the newest first; `before` is the time and the id of the last of the page before."""
    place = (col(DeletionRow.created_at), col(DeletionRow.deletion_id))
    statement = select(DeletionRow).order_by(place[0].desc(), place[1].desc()).limit(limit)
    if before is not None:
        statement = statement.where(pages.before(place, before))
    if state is not None:
        statement = statement.where(DeletionRow.state == state)
    found = session.exec(statement).all()
    session.expunge_all()
    return found


def unfinished(session: Session) -> Sequence[DeletionRow]:
    """Return the deletions that are under way, or wait for their receipts, in order of their cut-offs."""
    found = session.exec(
        select(DeletionRow)
        .where(col(DeletionRow.state).in_((RUNNING, ERASED)), col(DeletionRow.receipt_sequence).is_(None))
        .order_by(col(DeletionRow.cut_off_at), col(DeletionRow.deletion_id))
    ).all()
    session.expunge_all()
    return found


def begun(session: Session) -> set[str]:
    """Return the ids of all deletions that have begun."""
    return set(session.exec(select(DeletionRow.deletion_id).where(DeletionRow.state != PENDING)))


def cut_offs(session: Session) -> dict[bytes, datetime]:
    """Return the cut-offs of all tombstones, by the digests of their Subjects."""
    return dict(session.exec(select(TombstoneRow.subject_digest, TombstoneRow.cut_off_at)).all())


def subject_of(row: DeletionRow) -> SubjectRecord:
    """Return the Subject of a deletion, as far as its row still names it."""
    return SubjectRecord(
        kind=row.subject_kind,
        digest=row.subject_digest,
        stored_digest=row.stored_digest,
        company_id=row.company_id,
        deployment_id=row.deployment_id,
        server_uuid=row.server_uuid,
        user_id=row.user_id,
    )


def _start(session: Session, row: DeletionRow, subject: SubjectRecord, at: datetime) -> None:
    """Put a deletion in force: from the end of this transaction nothing older of its Subject comes in."""
    tombstones.place(session, subject, at, row.deletion_id)
    row.state, row.cut_off_at = RUNNING, at
    row.removed = erasing.condemn(session, subject, row.deletion_id)
    session.add(row)
    session.flush()


def _new(subject: SubjectRecord, order: Order) -> DeletionRow:
    return DeletionRow(
        deletion_id=order.deletion_id,
        subject_kind=subject.kind,
        subject_digest=subject.digest,
        stored_digest=subject.stored_digest,
        origin=order.origin,
        reference=order.reference,
        request_id=order.request_id,
        state=PENDING,
        also_opt_out=order.also_opt_out,
        scrub_now=order.scrub_now,
        created_at=order.at,
        company_id=subject.company_id,
        deployment_id=subject.deployment_id,
        server_uuid=subject.server_uuid,
        user_id=subject.user_id,
    )


def _nameless(subject: SubjectRecord) -> SubjectRecord:
    return SubjectRecord(subject.kind, subject.digest, subject.stored_digest)


def _newest_sequence(session: Session) -> int:
    return session.exec(select(func.max(DeletionRow.receipt_sequence))).one() or 0


def _found(session: Session, deletion_id: str) -> DeletionRow:
    row = session.get(DeletionRow, deletion_id)
    if row is None:
        raise ServiceError(reasons.ERROR_REASON_NOT_FOUND, "no such deletion", field="deletion_id")
    return row


def _pending(session: Session, deletion_id: str) -> DeletionRow:
    row = _found(session, deletion_id)
    if row.state != PENDING:
        raise ServiceError(
            reasons.ERROR_REASON_DELETION_NOT_PENDING, "the deletion is not pending confirmation"
        )
    return row
