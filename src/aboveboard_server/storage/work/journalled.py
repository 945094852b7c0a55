"""What the journal and the store both know: asked for by ids, so that neither is ever held whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeVar
from uuid import UUID

from sqlalchemy import exists
from sqlmodel import col, select

from aboveboard_server.schema.erasure import annotated_columns
from aboveboard_server.storage.access_tables import AccessKeyRow
from aboveboard_server.storage.id_set import IdSet
from aboveboard_server.storage.privacy_tables import ArchiveReleaseRow, DeletionRow, OptOutRow, TombstoneRow
from aboveboard_server.storage.tables import KeyFingerprintRow
from aboveboard_server.storage.work import audit, deletions

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, MutableSet, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Mapped
    from sqlmodel import Session

    from aboveboard_server.storage.work.audit import Act

Row = TypeVar("Row")

# Pinned beside the keys' fingerprints from the first start on: this database has a journal.
MARK = "journal"
# The states of a deletion whose tombstone is in force, and the one whose rejection must be known again.
BEGUN = (deletions.RUNNING, deletions.ERASED, deletions.SCRUBBED)
REJECTED = "REJECTED"
# Ids that are read together.
IDS_AT_ONCE = 10_000


class Held(NamedTuple):
    """The ids of what the store holds and a journal has to know."""

    deletions: MutableSet[str]
    opt_outs: MutableSet[str]
    keys: MutableSet[str]
    months: MutableSet[str]

    @classmethod
    def nothing(cls) -> Held:
        """Return sets to be filled."""
        return cls(IdSet(), IdSet(), set(), set())


def needs_journal(session: Session) -> bool:
    """Whether a journal was begun for this database, or must have been."""
    marked = select(KeyFingerprintRow.name).where(KeyFingerprintRow.name == MARK)
    deleted = select(DeletionRow.deletion_id).where(col(DeletionRow.state).in_(BEGUN))
    return any(
        session.exec(statement.limit(1)).first() is not None
        for statement in (marked, deleted, select(TombstoneRow.deletion_id))
    )


def held(session: Session, *, lifted: bool = False) -> Held:
    """Return the ids of what a journal has to know: what has begun, is in force, revoked or released.

    With `lifted` those of opt-outs that were lifted and of deletions that were rejected too, which an older
    backup may hold in force or waiting.
    """
    states = (*BEGUN, REJECTED) if lifted else BEGUN
    in_force = () if lifted else (col(OptOutRow.revoked_at).is_(None),)
    revoked = select(AccessKeyRow.key_id).where(col(AccessKeyRow.revoked_at).is_not(None))
    released = select(ArchiveReleaseRow.month).where(col(ArchiveReleaseRow.released_at).is_not(None))
    return Held(
        deletions=IdSet(_ids(session, col(DeletionRow.deletion_id), col(DeletionRow.state).in_(states))),
        opt_outs=IdSet(_ids(session, col(OptOutRow.opt_out_id), *in_force)),
        keys=set(session.exec(revoked)),
        months=set(session.exec(released)),
    )


def _ids(session: Session, column: Mapped[str], *conditions: ColumnElement[bool]) -> Iterator[str]:
    """Yield the ids of rows, read a page at a time: there may be a million."""
    last = str(UUID(int=0))
    while page := session.exec(
        select(column).where(column > last, *conditions).order_by(column).limit(IDS_AT_ONCE)
    ).all():
        yield from page
        last = page[-1]


def known_opt_outs(session: Session, opt_out_ids: Collection[str]) -> set[str]:
    """Return which of those opt-outs the store knows, in force or not."""
    statement = select(OptOutRow.opt_out_id)
    return set(session.exec(statement.where(col(OptOutRow.opt_out_id).in_(opt_out_ids))))


def without_cut_off(session: Session) -> set[str]:
    """Return the ids of deletions that have begun, and wait for a plausible clock to cut them off."""
    waiting = (DeletionRow.state == deletions.RUNNING, col(DeletionRow.cut_off_at).is_(None))
    return set(session.exec(select(DeletionRow.deletion_id).where(*waiting)))


def waiting_rows(session: Session) -> Sequence[DeletionRow]:
    """Return the rows of the deletions that wait."""
    return _detached(
        session, session.exec(select(DeletionRow).where(DeletionRow.state == deletions.PENDING)).all()
    )


def deletion_rows(session: Session, deletion_ids: Collection[str]) -> Sequence[DeletionRow]:
    """Return the rows of deletions."""
    return _detached(
        session, session.exec(select(DeletionRow).where(col(DeletionRow.deletion_id).in_(deletion_ids))).all()
    )


def opt_out_rows(session: Session, opt_out_ids: Collection[str]) -> Sequence[OptOutRow]:
    """Return the rows of opt-outs."""
    return _detached(
        session, session.exec(select(OptOutRow).where(col(OptOutRow.opt_out_id).in_(opt_out_ids))).all()
    )


def key_rows(session: Session, key_ids: Collection[str]) -> Sequence[AccessKeyRow]:
    """Return the rows of access keys."""
    return _detached(
        session, session.exec(select(AccessKeyRow).where(col(AccessKeyRow.key_id).in_(key_ids))).all()
    )


def odd_tombstones(session: Session) -> Sequence[TombstoneRow]:
    """Return the tombstones that no deletion's row tells of as they are."""
    told = exists().where(
        col(DeletionRow.deletion_id) == col(TombstoneRow.deletion_id),
        col(DeletionRow.cut_off_at) == col(TombstoneRow.cut_off_at),
    )
    return _detached(session, session.exec(select(TombstoneRow).where(~told)).all())


def reject(session: Session, deletion_id: str, *, at: datetime, act: Act) -> bool:
    """End a deletion that the journal knows as rejected; return whether it waited."""
    row = session.get(DeletionRow, deletion_id)
    if row is None or row.state != deletions.PENDING:
        return False
    row.state, row.ended_at, row.sealed_subject = REJECTED, at, None
    for name in annotated_columns(DeletionRow.metadata.tables["deletion"]):
        setattr(row, name, None)
    session.add(row)
    audit.append(session, act)
    return True


def _detached(session: Session, rows: Sequence[Row]) -> Sequence[Row]:
    session.expunge_all()
    return rows
