"""Create the epoch that every ingest transaction on PostgreSQL checks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create the table with its one row."""
    table = op.create_table(
        "ingest_epoch",
        sa.Column("ingest_epoch_id", sa.Integer(), primary_key=True),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
    )
    op.bulk_insert(table, [{"ingest_epoch_id": 1, "epoch": 0}])
