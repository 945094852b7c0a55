"""The queue of deletions that are to be carried out: erased in chunks, scrubbed together, signed in order.

Administrators' deletions, and those that they confirmed, come before those that sources began by
themselves. Each unit is bounded, whatever waits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import and_, or_, true, update
from sqlmodel import col, func, select

from aboveboard_server.storage.ports import ADMINISTRATOR, SELF_SERVICE
from aboveboard_server.storage.privacy_tables import DeletionRow
from aboveboard_server.storage.unknown_tables import refuse_to_erase
from aboveboard_server.storage.work import erasing
from aboveboard_server.storage.work.deletions import BEGUN, ERASED, RUNNING, SCRUBBED, clear_names

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement
    from sqlmodel import Session

# Deletions of sources that go on in one transaction, and receipts that are signed in one.
ANONYMOUS_AT_ONCE = 20
RECEIPTS_AT_ONCE = 50

# Each is found by the index of deletions without a receipt, in order of the cut-offs: a confirmation is one.
_CONFIRMED = col(DeletionRow.confirmed_at).is_not(None)
_CREATED = and_(col(DeletionRow.confirmed_at).is_(None), col(DeletionRow.origin) == ADMINISTRATOR)
_ANONYMOUS = and_(col(DeletionRow.confirmed_at).is_(None), col(DeletionRow.origin) == SELF_SERVICE)
_FIRST = (_CREATED, _CONFIRMED)


class Batch(NamedTuple):
    """Deletions that go on together: one of an administrator, or some of sources; empty where none runs."""

    deletion_ids: tuple[str, ...]
    is_anonymous: bool


class Unscrubbed(NamedTuple):
    """When the oldest deletion was erased that is to be scrubbed: of administrators, and of sources.

    `at_once` says whether an administrator asked for one to be scrubbed at once.
    """

    administrators: datetime | None
    anonymous: datetime | None
    at_once: bool


@dataclass(frozen=True, slots=True)
class SignedReceipt:
    """A deletion's serialized Receipt, and its place in the chain."""

    deletion_id: str
    sequence: int
    data: bytes


def is_anything_unfinished(session: Session) -> bool:
    """Return whether a deletion that has begun has no receipt yet."""
    found = select(DeletionRow.deletion_id).where(or_(*map(_unsigned, BEGUN)))
    return session.exec(found.limit(1)).first() is not None


def without_cut_off(session: Session) -> DeletionRow | None:
    """Return the deletion that waits longest for a plausible clock to cut it off, None where none does."""
    found = session.exec(
        select(DeletionRow)
        .where(col(DeletionRow.state) == RUNNING, col(DeletionRow.cut_off_at).is_(None))
        .order_by(col(DeletionRow.deletion_id))
        .limit(1)
    ).first()
    session.expunge_all()
    return found


def running(session: Session) -> Batch:
    """Return the deletions that are to go on next."""
    first = [row for one in _FIRST for row in _oldest(session, RUNNING, one, 1)]
    if first:
        return Batch((min(first, key=_place).deletion_id,), is_anonymous=False)
    anonymous = _oldest(session, RUNNING, _ANONYMOUS, ANONYMOUS_AT_ONCE)
    return Batch(tuple(row.deletion_id for row in anonymous), is_anonymous=True)


def carry_on(session: Session, deletion_ids: Sequence[str], limit: int) -> list[str] | None:
    """Remove up to `limit` more rows; return the deletions of which no row was left before.

    None while another server removes. What is removed here is not erased before this is committed.
    UnknownTableError where rows would stay in a table that this schema does not know.
    """
    if not erasing.is_alone(session):
        return None
    refuse_to_erase(session.connection())
    done = []
    for deletion_id in deletion_ids:
        row = session.get_one(DeletionRow, deletion_id)
        removed = erasing.remove(session, deletion_id, row.removed, limit)
        if removed is None:
            done.append(deletion_id)
            continue
        limit -= sum(removed.values()) - sum(row.removed.values())
        row.removed = removed
        session.add(row)
        if limit <= 0:
            break
    return done


def erased(session: Session, deletion_ids: Sequence[str], at: datetime) -> bool:
    """Say that deletions are ERASED, and name nobody any more; return whether they are.

    UnknownTableError as for `carry_on`.
    """
    if not erasing.is_alone(session):
        return False
    refuse_to_erase(session.connection())
    for deletion_id in deletion_ids:
        row = session.get_one(DeletionRow, deletion_id)
        if row.state == RUNNING:
            row.state, row.erased_at = ERASED, at
            clear_names(row)
            session.add(row)
    return True


def unscrubbed(session: Session) -> Unscrubbed:
    """Return what is to be scrubbed."""

    def oldest(which: ColumnElement[bool]) -> datetime | None:
        return session.exec(select(func.min(DeletionRow.erased_at)).where(_unsigned(ERASED), which)).one()

    first = [at for at in map(oldest, _FIRST) if at]
    at_once = select(DeletionRow.deletion_id).where(_unsigned(ERASED), col(DeletionRow.scrub_now) == true())
    return Unscrubbed(
        min(first, default=None), oldest(_ANONYMOUS), session.exec(at_once.limit(1)).first() is not None
    )


def scrubbed(session: Session, at: datetime) -> None:
    """Say that every deletion that is ERASED is SCRUBBED; only while nobody else says that one is ERASED.

    UnknownTableError as for `carry_on`.
    """
    refuse_to_erase(session.connection())
    done = update(DeletionRow).where(_unsigned(ERASED)).values(state=SCRUBBED, scrubbed_at=at)
    session.connection().execute(done)


def unsigned(session: Session, *, scrubs: bool) -> Sequence[DeletionRow]:
    """Return deletions that are to have their receipts, administrators' first; `scrubs` as of EventStore."""
    found: list[DeletionRow] = []
    for which in (*_FIRST, _ANONYMOUS):
        found += _oldest(session, SCRUBBED if scrubs else ERASED, which, RECEIPTS_AT_ONCE - len(found))
    return found


def sign(session: Session, receipts: Sequence[SignedReceipt]) -> bool:
    """Keep receipts that follow each other; return whether they come next in the chain, None kept if not.

    UnknownTableError as for `carry_on`.
    """
    refuse_to_erase(session.connection())
    if not erasing.is_alone(session) or receipts[0].sequence != newest_sequence(session) + 1:
        return False
    for receipt in receipts:
        row = session.get_one(DeletionRow, receipt.deletion_id)
        row.receipt, row.receipt_sequence = receipt.data, receipt.sequence
        session.add(row)
    return True


def newest_receipt(session: Session) -> bytes | None:
    """Return the serialized receipt at the head of the chain, None where there is none yet."""
    return session.exec(
        select(DeletionRow.receipt).where(DeletionRow.receipt_sequence == newest_sequence(session))
    ).first()


def newest_sequence(session: Session) -> int:
    """Return the place of the newest receipt in the chain, 0 where there is none yet."""
    return session.exec(select(func.max(DeletionRow.receipt_sequence))).one() or 0


def _oldest(session: Session, state: str, which: ColumnElement[bool], limit: int) -> Sequence[DeletionRow]:
    order = col(DeletionRow.confirmed_at), col(DeletionRow.cut_off_at), col(DeletionRow.deletion_id)
    found = session.exec(
        select(DeletionRow).where(_unsigned(state), which).order_by(*order).limit(limit)
    ).all()
    session.expunge_all()
    return found


def _place(row: DeletionRow) -> tuple[datetime, str]:
    return row.cut_off_at or row.created_at, row.deletion_id


def _unsigned(state: str) -> ColumnElement[bool]:
    # One without a cut-off waits for a plausible clock: there is nothing to carry out yet.
    return and_(
        col(DeletionRow.state) == state,
        col(DeletionRow.receipt_sequence).is_(None),
        col(DeletionRow.cut_off_at).is_not(None),
    )
