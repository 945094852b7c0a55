"""Tombstones in the store: what a deletion leaves, so that nothing older of its Subject comes back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aboveboard_server.storage.privacy_tables import TombstoneRow
from aboveboard_server.storage.unit_of_work import epoch_of, forbids

if TYPE_CHECKING:
    from datetime import datetime

    from sqlmodel import Session

    from aboveboard_server.storage.ports import SubjectRecord


@forbids
def place(session: Session, subject: SubjectRecord, cut_off_at: datetime, deletion_id: str) -> None:
    """Take nothing more of a Subject that occurred at or before the cut-off; of two the later one holds.

    A unit that forbids may call this as a part of its own transaction.
    """
    row = session.get(TombstoneRow, subject.digest)
    if row is None:
        row = TombstoneRow(
            subject_digest=subject.digest,
            subject_kind=subject.kind,
            deletion_id=deletion_id,
            epoch=0,
            cut_off_at=cut_off_at,
        )
    elif row.cut_off_at < cut_off_at:
        row.cut_off_at, row.deletion_id = cut_off_at, deletion_id
    # Its user may be keyed anew meanwhile: what the older key made is gone with that key.
    row.stored_digest = subject.stored_digest or row.stored_digest
    # Also where the cut-off stays: what was sorted before this is read anew.
    row.epoch = epoch_of(session)
    session.add(row)
    session.flush()
