"""Companies' pseudonym keys in the store, as the wrapping key encrypts them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlmodel import col, select

from aboveboard_server.storage.privacy_tables import OptOutRow, TombstoneRow
from aboveboard_server.storage.tables import CompanyKeyRow, IngestEpochRow
from aboveboard_server.storage.unit_of_work import obeys

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlmodel import Session

# In one statement: of two servers that see a company first, one makes its key and the other reads that one.
_GET_OR_MAKE = text(
    "INSERT INTO company_key (company_id, wrapped_key) VALUES (:company_id, :offered)"
    " ON CONFLICT (company_id) DO UPDATE SET company_id = excluded.company_id RETURNING wrapped_key"
)


@dataclass(frozen=True, slots=True)
class Offer:
    """A key for the company of a source with these Subjects, of which all is known up to `epoch`."""

    company_id: str
    wrapped_key: bytes
    subjects: Sequence[bytes]
    epoch: int


def get(session: Session, company_ids: Sequence[str]) -> dict[str, bytes]:
    """Return the wrapped keys of those companies that have one."""
    found = select(CompanyKeyRow).where(col(CompanyKeyRow.company_id).in_(company_ids))
    return {row.company_id: row.wrapped_key for row in session.exec(found)}


def get_or_make(session: Session, company_id: str, offered: bytes) -> bytes:
    """Return a company's wrapped key; where it has none that is the one offered, from now on."""
    parameters = {"company_id": company_id, "offered": offered}
    return bytes(session.connection().execute(_GET_OR_MAKE, parameters).scalar_one())


@obeys
def make(session: Session, offers: Sequence[Offer]) -> dict[str, bytes]:
    """Return the wrapped keys of these companies, made by now.

    None is made for a source one of whose Subjects has opted out or was deleted after the offer's epoch: the
    row of a key would name a company of whom nothing may be stored.
    """
    # In an order, so that two servers do not wait for each other in a circle.
    return {
        offer.company_id: get_or_make(session, offer.company_id, offer.wrapped_key)
        for offer in sorted(offers, key=lambda offer: offer.company_id)
        if not _is_forbidden_since(session, offer)
    }


def _is_forbidden_since(session: Session, offer: Offer) -> bool:
    for row in (OptOutRow, TombstoneRow):
        newer = select(row.epoch).where(
            col(row.subject_digest).in_(offer.subjects),
            col(row.epoch) > offer.epoch,
            # Higher numbers than the newest are left of an epoch that was set back: they are known.
            col(row.epoch) <= select(IngestEpochRow.epoch).scalar_subquery(),
        )
        if session.exec(newer.limit(1)).first() is not None:
            return True
    return False
