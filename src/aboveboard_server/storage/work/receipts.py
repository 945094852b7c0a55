"""The chain of receipts in the store: its newest, and all in order, a page at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlmodel import col, select

from aboveboard_server.storage.privacy_tables import DeletionRow

if TYPE_CHECKING:
    from sqlmodel import Session


def page(session: Session, *, start: int, limit: int) -> list[tuple[int, bytes]]:
    """Return receipts from a sequence on, in order: each one's sequence, and the Receipt serialized."""
    found = session.exec(
        select(DeletionRow.receipt_sequence, DeletionRow.receipt)
        .where(col(DeletionRow.receipt_sequence) >= start)
        .order_by(col(DeletionRow.receipt_sequence))
        .limit(limit)
    )
    return [(sequence, data) for sequence, data in found if sequence is not None and data is not None]
