"""Refusals in the store: opt-outs that sources set of themselves, lifted by the token they came with."""

from __future__ import annotations

import hmac
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

from sqlmodel import col, func, select

from aboveboard_server.storage.ports import SELF_SERVICE
from aboveboard_server.storage.privacy_tables import OptOutRow
from aboveboard_server.storage.unit_of_work import epoch_of, forbids
from aboveboard_server.storage.work import company_keys, journalled, opt_outs

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlmodel import Session

    from aboveboard_server.storage.ports import SubjectRecord

# Refusals of a Subject that have a token of their own; one more counts as one without.
MOST_TOKENS = 8


class Refusal(NamedTuple):
    """A refusal, by the keyed digest of its token; None where only an administrator lifts it."""

    opt_out_id: str
    token_digest: bytes | None
    is_in_force: bool


class Plan(NamedTuple):
    """The token digest that a further refusal is stored with."""

    token_digest: bytes | None


def of_subject(session: Session, subject: SubjectRecord) -> list[Refusal]:
    """Return a Subject's refusals, those that were lifted included, the oldest first."""
    return [_refusal(row) for row in _rows(session, subject)]


def fitting(refusals: Sequence[Refusal], token_digest: bytes | None) -> list[Refusal]:
    """Return the refusals that were set with this token; none without a token."""
    if token_digest is None:
        return []
    # The time that a comparison takes says nothing of a digest, and all are compared.
    return [
        refusal
        for refusal in refusals
        if refusal.token_digest is not None and hmac.compare_digest(refusal.token_digest, token_digest)
    ]


def plan(refusals: Sequence[Refusal], token_digest: bytes | None) -> Plan | None:
    """Return how a refusal is to be stored; None where one that is in force says the same."""
    in_force = [refusal for refusal in refusals if refusal.is_in_force]
    if fitting(in_force, token_digest):
        return None
    with_token = sum(refusal.token_digest is not None for refusal in in_force)
    if token_digest is not None and with_token < MOST_TOKENS:
        return Plan(token_digest)
    return Plan(None) if with_token == len(in_force) else None


@forbids
def refuse(  # noqa: PLR0913  # what a refusal is made of
    session: Session,
    subject: SubjectRecord,
    planned: Plan,
    *,
    opt_out_id: str,
    is_unseen: bool,
    created_at: datetime,
) -> bool:
    """Store a refusal as planned; return False, and store none, where the plan is out of date.

    The lifted refusal of the same token gives way to it, and beyond MOST_TOKENS the one that was lifted
    longest ago: the rows of a Subject are bounded, however often it changes its mind.
    """
    rows = _rows(session, subject)
    if plan([_refusal(row) for row in rows], planned.token_digest) != planned or _has_new_key(
        session, subject
    ):
        return False
    if planned.token_digest is not None:
        _make_room(session, rows, planned.token_digest)
    opt_outs.insert(
        session,
        subject,
        opt_out_id=opt_out_id,
        origin=SELF_SERVICE,
        created_at=created_at,
        token_digest=planned.token_digest,
        is_unseen=is_unseen,
    )
    return True


@forbids
def lift(session: Session, opt_out_ids: Sequence[str], *, revoked_at: datetime) -> None:
    """Lift refusals, by their ids; those that were lifted before, or gave way, stay as they are."""
    statement = select(OptOutRow).where(
        col(OptOutRow.opt_out_id).in_(opt_out_ids), col(OptOutRow.revoked_at).is_(None)
    )
    for row in session.exec(statement).all():
        row.revoked_at, row.epoch = revoked_at, epoch_of(session)
        session.add(row)


@forbids
def stored(session: Session, opt_out_ids: Sequence[str]) -> set[str]:
    """Return which of those are there, in force or not; none is about to come: what sets one runs alone."""
    return journalled.known_opt_outs(session, opt_out_ids)


def unseen(session: Session) -> int:
    """Count the refusals of Subjects of whom nothing was held, in force or lifted by their source."""
    counted = select(func.count()).select_from(OptOutRow).where(col(OptOutRow.is_unseen))
    return session.exec(counted).one()


def _rows(session: Session, subject: SubjectRecord) -> Sequence[OptOutRow]:
    return session.exec(
        select(OptOutRow)
        .where(OptOutRow.subject_digest == subject.digest, OptOutRow.origin == SELF_SERVICE)
        .order_by(col(OptOutRow.created_at), col(OptOutRow.opt_out_id))
    ).all()


def _refusal(row: OptOutRow) -> Refusal:
    return Refusal(row.opt_out_id, row.token_digest, row.revoked_at is None)


def _has_new_key(session: Session, subject: SubjectRecord) -> bool:
    """Whether the company of a user has a key by now, which it had not when the user was looked for."""
    if subject.kind != "USER" or subject.stored_digest is not None:
        return False
    return bool(subject.company_id and company_keys.get(session, [subject.company_id]))


def _make_room(session: Session, rows: Sequence[OptOutRow], token_digest: bytes) -> None:
    """Delete the lifted refusal of the same token, and beyond MOST_TOKENS those lifted longest ago."""
    with_token = [row for row in rows if row.token_digest is not None]
    same = {refusal.opt_out_id for refusal in fitting([_refusal(row) for row in rows], token_digest)}
    others = [row for row in with_token if row.opt_out_id not in same]
    lifted = sorted(
        (row for row in others if row.revoked_at is not None), key=attrgetter("revoked_at", "opt_out_id")
    )
    # One more is about to come.
    surplus = max(0, len(others) + 1 - MOST_TOKENS)
    for row in [row for row in with_token if row.opt_out_id in same] + lifted[:surplus]:
        session.delete(row)
    session.flush()
