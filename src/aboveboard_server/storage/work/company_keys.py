"""Companies' pseudonym keys in the store, as the wrapping key encrypts them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlmodel import col, select

from aboveboard_server.storage.privacy_tables import OptOutRow, TombstoneRow
from aboveboard_server.storage.tables import CompanyKeyRow
from aboveboard_server.storage.unit_of_work import obeys

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlmodel import Session

# In one statement: of two servers that see a company first, one makes its key and the other reads that one.
_GET_OR_MAKE = text(
    "INSERT INTO company_key (company_id, wrapped_key) VALUES (:company_id, :offered)"
    " ON CONFLICT (company_id) DO UPDATE SET company_id = excluded.company_id RETURNING wrapped_key"
)


def get(session: Session, company_id: str) -> bytes | None:
    """Return a company's wrapped key, None where it has none."""
    row = session.get(CompanyKeyRow, company_id)
    return row.wrapped_key if row else None


def get_or_make(session: Session, company_id: str, offered: bytes) -> bytes:
    """Return a company's wrapped key; where it has none that is the one offered, from now on."""
    parameters = {"company_id": company_id, "offered": offered}
    return bytes(session.connection().execute(_GET_OR_MAKE, parameters).scalar_one())


@obeys
def get_or_make_unless_forbidden(
    session: Session, company_id: str, offered: bytes, *, subjects: Sequence[bytes], epoch: int
) -> bytes | None:
    """Do the same for a source of these Subjects; None where one has opted out or was deleted after `epoch`.

    A company of whom nothing may be stored gets no key: its row would name the company.
    """
    for row in (OptOutRow, TombstoneRow):
        newer = select(row.epoch).where(col(row.subject_digest).in_(subjects), col(row.epoch) > epoch)
        if session.exec(newer.limit(1)).first() is not None:
            return None
    return get_or_make(session, company_id, offered)
