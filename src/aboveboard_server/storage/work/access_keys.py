"""Keys in the store: made, revoked, read."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import or_, text
from sqlmodel import col, select

from aboveboard.error.v1 import error_reason_pb2 as reasons
from aboveboard_server.errors import ServiceError
from aboveboard_server.storage.access_tables import AccessKeyRow
from aboveboard_server.storage.unit_of_work import obeys, urgent
from aboveboard_server.storage.work import audit, pages, requests

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlmodel import Session

    from aboveboard_server.storage.work.audit import Act

# Held by whoever makes a key: of several servers that start at once, one makes the first.
KEY_LOCK = 0x61626F76_0005
# What a request asks for: the same request again asks for the same.
ASKED = ("kind", "display_name", "scopes", "solution", "company_digest", "allowed_origins", "expires_at")


class StoredKey(NamedTuple):
    """What is needed of a key to let its holder in."""

    secret_digest: bytes
    key_id: str
    kind: str
    display_name: str | None
    scopes: str
    solution: str
    company_id: str | None
    allowed_origins: str | None
    expires_at: datetime | None


@urgent
def in_force(session: Session) -> list[StoredKey]:
    """Return every key that was not revoked and whose company was not erased; some may have expired."""
    columns = [getattr(AccessKeyRow, name) for name in StoredKey._fields]
    statement = select(*columns).where(
        col(AccessKeyRow.revoked_at).is_(None),
        or_(col(AccessKeyRow.company_digest).is_(None), col(AccessKeyRow.company_id).is_not(None)),
    )
    return [StoredKey(*row) for row in session.exec(statement)]


@obeys
def create(session: Session, key: AccessKeyRow, act: Act) -> AccessKeyRow:
    """Add a key, or return the one that the same request has made before.

    ServiceError where the request's id was used for another. Never beside a deletion, which would leave the
    name of its company behind.
    """
    _lock(session)
    made = requests.by_id(session, AccessKeyRow, key.request_id)
    if made is not None:
        if any(getattr(made, name) != getattr(key, name) for name in ASKED):
            reused = "it was used before, with another request"
            raise ServiceError(reasons.ERROR_REASON_REQUEST_ID_REUSED, reused, field="request_id")
        return requests.detached(session, made)
    session.add(key)
    audit.append(session, act)
    return requests.detached(session, key)


def is_known(session: Session, key: AccessKeyRow, *, first: bool) -> bool:
    """Whether a key was ever made here, or with `first` any of its kind."""
    same = AccessKeyRow.kind == key.kind if first else AccessKeyRow.secret_digest == key.secret_digest
    return session.exec(select(AccessKeyRow.key_id).where(same).limit(1)).first() is not None


def ensure(session: Session, key: AccessKeyRow, act: Act, *, first: bool) -> bool:
    """Add a key unless it is known, or with `first` unless one of its kind was ever made.

    Return whether it was added.
    """
    _lock(session)
    if is_known(session, key, first=first):
        return False
    session.add(key)
    audit.append(session, act)
    return True


def revoke(session: Session, key_id: str, *, revoked_at: datetime, act: Act) -> AccessKeyRow:
    """End one key; ServiceError where there is none of this id. Again changes nothing."""
    row = _found(session, key_id)
    if row.revoked_at is None:
        row.revoked_at = revoked_at
        session.add(row)
        audit.append(session, act)
    return requests.detached(session, row)


@urgent
def get(session: Session, key_id: str) -> AccessKeyRow:
    """Return one key; ServiceError where there is none of this id."""
    return requests.detached(session, _found(session, key_id))


def page(
    session: Session, *, before: tuple[datetime, str] | None, limit: int, kind: str
) -> Sequence[AccessKeyRow]:
    """Return keys, the newest first; `before` is the time and the id of the last of the page before."""
    place = (col(AccessKeyRow.created_at), col(AccessKeyRow.key_id))
    statement = select(AccessKeyRow).order_by(place[0].desc(), place[1].desc()).limit(limit)
    if before is not None:
        statement = statement.where(pages.before(place, before))
    if kind:
        statement = statement.where(AccessKeyRow.kind == kind)
    found = session.exec(statement).all()
    session.expunge_all()
    return found


def _lock(session: Session) -> None:
    if session.get_bind().dialect.name == "postgresql":
        session.connection().execute(text(f"SELECT pg_advisory_xact_lock({KEY_LOCK})"))


def _found(session: Session, key_id: str) -> AccessKeyRow:
    row = session.get(AccessKeyRow, key_id)
    if row is None:
        raise ServiceError(reasons.ERROR_REASON_NOT_FOUND, "no such key", field="key_id")
    return row
