"""Index deletions by their subject, and those without a receipt in the order they are carried out."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Add the indexes."""
    op.create_index("deletion_by_subject", "deletion", ["subject_digest"])
    op.create_index(
        "deletion_unfinished",
        "deletion",
        ["state", "confirmed_at", "origin", "cut_off_at"],
        sqlite_where=sa.text("receipt_sequence IS NULL"),
        postgresql_where=sa.text("receipt_sequence IS NULL"),
    )
