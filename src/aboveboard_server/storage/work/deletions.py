"""Deletions in the store: begun, confirmed, restored, read.

Those that wait for an administrator are in `waiting_deletions`; `erasure_queue` carries on what has begun.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlmodel import col, select

from aboveboard.error.v1 import error_reason_pb2 as reasons
from aboveboard_server.errors import ServiceError
from aboveboard_server.schema.erasure import annotated_columns
from aboveboard_server.storage.ports import ADMINISTRATOR, SELF_SERVICE, SubjectRecord
from aboveboard_server.storage.privacy_tables import DeletionRow
from aboveboard_server.storage.unit_of_work import forbids
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
REJECTED = "REJECTED"
LAPSED = "LAPSED"
# The states of a deletion whose tombstone is in force.
BEGUN = (RUNNING, ERASED, SCRUBBED)


@dataclass(frozen=True, slots=True)
class Order:
    """What a deletion is asked for with; `opt_out_id` is that of the opt-out made in the same step, if any.

    `at` is when it was asked for, and its cut-off where it begins at once. `scrubs` says whether the store
    knows scrubbing. `sealed_subject` finds the subject of one that waits under any later company key.
    `no_cut_off` says that the clock is suspect: it begins without a cut-off, and waits for one.
    """

    deletion_id: str
    origin: str
    at: datetime
    reference: str = ""
    request_id: str | None = None
    scrub_now: bool = False
    also_opt_out: bool = False
    opt_out_id: str | None = None
    scrubs: bool = False
    sealed_subject: bytes | None = None
    no_cut_off: bool = False

    @property
    def cut_off_at(self) -> datetime | None:
        """The cut-off that it begins with, if any."""
        return None if self.no_cut_off else self.at


@dataclass(frozen=True, slots=True)
class Decision:
    """What an administrator decides of a deletion that waits, and how the audit log tells it.

    `opt_out_id` and `no_cut_off` as in an Order.
    """

    deletion_id: str
    at: datetime
    act: Act
    reference: str = ""
    scrub_now: bool = False
    reason: str = ""
    opt_out_id: str | None = None
    no_cut_off: bool = False


@forbids
def begin(session: Session, subject: SubjectRecord, order: Order, act: Act) -> DeletionRow:
    """Begin a deletion; return it, or the one that the same request has begun before.

    Of a subject of whom nothing at all is held it is over at once: there is nothing to erase or to scrub.
    """
    if order.request_id and (made := by_request(session, order.request_id, subject)):
        if order.cut_off_at:
            # The journal tells of this one too, and the database must not know less.
            tombstones.place(session, subject, order.cut_off_at, made.deletion_id)
        return made
    row = new(subject, order)
    row.known = erasing.is_known(session, subject)
    row.sealed_subject = order.sealed_subject
    if _start(session, row, subject, order.cut_off_at):
        _end_at_once(row, order)
    session.add(row)
    _opt_out(session, subject, order, act)
    audit.append(session, act)
    return requests.detached(session, row)


@forbids
def confirm(session: Session, subject: SubjectRecord, decision: Decision) -> DeletionRow:
    """Begin a deletion that waits; ServiceError where there is none, or where it does not wait.

    Its user is known from now on as `subject` says: its company may have another key by now.
    """
    row = find_pending(session, decision.deletion_id, for_update=True)
    row.confirmed_at, row.reference, row.scrub_now = decision.at, decision.reference, decision.scrub_now
    row.stored_digest = subject.stored_digest or row.stored_digest
    order = Order(
        decision.deletion_id,
        ADMINISTRATOR,
        decision.at,
        decision.reference,
        opt_out_id=decision.opt_out_id,
        no_cut_off=decision.no_cut_off,
    )
    _start(session, row, subject, order.cut_off_at)
    session.add(row)
    _opt_out(session, subject, order, decision.act)
    audit.append(session, decision.act)
    return requests.detached(session, row)


@forbids
def restore(session: Session, subject: SubjectRecord, order: Order, act: Act) -> bool:
    """Begin a deletion that the journal tells of, unless it is known; return whether it was not.

    One that waits for its cut-off gets the journal's.
    """
    row = session.get(DeletionRow, order.deletion_id)
    if row is not None and row.state in BEGUN and (order.no_cut_off or row.cut_off_at):
        return False
    if row is None:
        row = new(subject, order)
    elif row.state not in BEGUN:
        # It waited when the backup was made, and what begins a deletion that waits is its confirmation.
        row.confirmed_at, row.ended_at = order.at, None
    _start(session, row, subject, order.cut_off_at)
    session.add(row)
    audit.append(session, act)
    return True


@forbids
def cut_off(  # noqa: PLR0913  # what is cut off, and what ends with that
    session: Session, deletion_id: str, subject: SubjectRecord, *, at: datetime, lifted: str, act: Act
) -> bool:
    """Put a deletion in force that waited for a plausible clock; return whether it still did.

    `lifted` is the opt-out that has kept its subject's events out meanwhile: the cut-off does that now.
    """
    row = session.get(DeletionRow, deletion_id)
    if row is None or row.state != RUNNING or row.cut_off_at:
        return False
    row.stored_digest = subject.stored_digest or row.stored_digest
    _start(session, row, subject, at)
    session.add(row)
    audit.append(session, act)
    if opt_outs.is_in_force(session, lifted):
        opt_outs.revoke(session, lifted, revoked_at=at, act=replace(act, action="RevokeOptOut"))
    return True


def by_request(session: Session, request_id: str, subject: SubjectRecord) -> DeletionRow | None:
    """Return the deletion that a request has made; ServiceError where it was made of another Subject."""
    return requests.made_by(session, DeletionRow, request_id, subject)


def waiting_of(session: Session, subject: SubjectRecord) -> DeletionRow | None:
    """Return the deletion of a subject that waits for an administrator."""
    return _of(session, subject, PENDING)


def history_of(session: Session, subject: SubjectRecord) -> tuple[str, bool]:
    """Return the id of a subject's own deletion that waits or runs, or "", and whether anything is held."""
    found = waiting_of(session, subject) or _of(session, subject, RUNNING)
    return (found.deletion_id if found else ""), erasing.is_known(session, subject)


def pending(session: Session, deletion_id: str) -> DeletionRow:
    """Return a deletion that waits; ServiceError where there is none, or where it does not wait."""
    return requests.detached(session, find_pending(session, deletion_id))


def get(session: Session, deletion_id: str) -> DeletionRow:
    """Return one deletion; ServiceError where there is none of this id."""
    return requests.detached(session, find(session, deletion_id))


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


def clear_names(row: DeletionRow) -> None:
    """Empty what names the subject of a deletion."""
    for name in annotated_columns(DeletionRow.metadata.tables["deletion"]):
        setattr(row, name, None)
    row.sealed_subject = None


def _start(session: Session, row: DeletionRow, subject: SubjectRecord, at: datetime | None) -> bool:
    """Put a deletion in force: from the end of this transaction nothing older of its subject comes in.

    Return whether nothing at all was held of it. Without a cut-off it only begins to wait for one.
    """
    if at is None:
        row.state = RUNNING
        return False
    tombstones.place(session, subject, at, row.deletion_id)
    # Whoever carries it on finds its sources by its id.
    row.state, row.cut_off_at, row.sealed_subject = RUNNING, at, None
    condemned = erasing.condemn(session, subject, row.deletion_id)
    row.removed = condemned.removed
    return condemned.is_empty


def _opt_out(session: Session, subject: SubjectRecord, order: Order, act: Act) -> None:
    """Opt a subject out in the step that begins its deletion, where that is to be."""
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


def _end_at_once(row: DeletionRow, order: Order) -> None:
    # Before the row is written: what was never in the file need not be scrubbed from it.
    clear_names(row)
    row.state, row.erased_at = ERASED, order.at
    if order.scrubs:
        row.state, row.scrubbed_at = SCRUBBED, order.at


def _of(session: Session, subject: SubjectRecord, state: str) -> DeletionRow | None:
    row = session.exec(
        select(DeletionRow).where(
            DeletionRow.subject_digest == subject.digest,
            DeletionRow.origin == SELF_SERVICE,
            DeletionRow.state == state,
        )
    ).first()
    return row and requests.detached(session, row)


def new(subject: SubjectRecord, order: Order) -> DeletionRow:
    """Return the row of a deletion that waits, in no session yet."""
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


def find(session: Session, deletion_id: str, *, for_update: bool = False) -> DeletionRow:
    """Return one deletion within its session; ServiceError where there is none of this id."""
    row = session.get(DeletionRow, deletion_id, with_for_update=for_update or None)
    if row is None:
        raise ServiceError(reasons.ERROR_REASON_NOT_FOUND, "no such deletion", field="deletion_id")
    return row


def find_pending(session: Session, deletion_id: str, *, for_update: bool = False) -> DeletionRow:
    """Return one that waits, within its session; ServiceError where it does not, or there is none."""
    row = find(session, deletion_id, for_update=for_update)
    if row.state != PENDING:
        raise ServiceError(
            reasons.ERROR_REASON_DELETION_NOT_PENDING, "the deletion is not pending confirmation"
        )
    return row
