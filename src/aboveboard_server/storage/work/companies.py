"""Companies in the store: read, and whom to reach there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlmodel import col, select

from aboveboard.error.v1 import error_reason_pb2 as reasons
from aboveboard_server.errors import ServiceError
from aboveboard_server.storage.tables import CompanyRow
from aboveboard_server.storage.work import audit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlmodel import Session

    from aboveboard_server.storage.work.audit import Act


def get(session: Session, company_id: str) -> CompanyRow:
    """Return one company; ServiceError where nobody of this id is held."""
    row = session.get(CompanyRow, company_id)
    if row is None:
        raise ServiceError(reasons.ERROR_REASON_NOT_FOUND, "no such company", field="company_id")
    session.expunge(row)
    return row


def page(session: Session, *, after: str | None, limit: int) -> Sequence[CompanyRow]:
    """Return companies in order of their id, behind one where it is given."""
    statement = select(CompanyRow).order_by(col(CompanyRow.company_id)).limit(limit)
    if after is not None:
        statement = statement.where(col(CompanyRow.company_id) > after)
    found = session.exec(statement).all()
    session.expunge_all()
    return found


def update(session: Session, company_id: str, changes: Mapping[str, str | None], act: Act) -> CompanyRow:
    """Change columns of one company; ServiceError where nobody of this id is held."""
    session.add(row := get(session, company_id))
    for column, value in changes.items():
        setattr(row, column, value)
    audit.append(session, act)
    session.refresh(row)
    session.expunge(row)
    return row
