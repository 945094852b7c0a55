"""What opt-outs, deletions and keys have alike: rows made by requests, known again by the request's id."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from sqlmodel import SQLModel, select

from aboveboard.error.v1 import error_reason_pb2 as reasons
from aboveboard_server.errors import ServiceError
from aboveboard_server.storage.access_tables import AccessKeyRow
from aboveboard_server.storage.privacy_tables import DeletionRow, OptOutRow

if TYPE_CHECKING:
    from sqlmodel import Session

    from aboveboard_server.storage.ports import SubjectRecord

Row = TypeVar("Row", DeletionRow, OptOutRow)
Held = TypeVar("Held", bound=SQLModel)
Asked = TypeVar("Asked", DeletionRow, OptOutRow, AccessKeyRow)


def by_id(session: Session, row_class: type[Asked], request_id: str | None) -> Asked | None:
    """Return the row that a request of that id has made, None where there is none or it has no id."""
    if request_id is None:
        return None
    return session.exec(select(row_class).where(row_class.request_id == request_id)).first()


def made_by(session: Session, row_class: type[Row], request_id: str, subject: SubjectRecord) -> Row | None:
    """Return the row that a request has made; ServiceError where it was made of another Subject."""
    row = by_id(session, row_class, request_id)
    if row is not None and row.subject_digest != subject.digest:
        text = "it was used before, with another subject"
        raise ServiceError(reasons.ERROR_REASON_REQUEST_ID_REUSED, text, field="request_id")
    return row and detached(session, row)


def detached(session: Session, row: Held) -> Held:
    """Return a row that outlives its session, with all that it holds."""
    session.flush()
    session.refresh(row)
    session.expunge(row)
    return row
