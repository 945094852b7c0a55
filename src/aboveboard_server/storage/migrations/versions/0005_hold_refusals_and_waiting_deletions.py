"""Add what preference tokens, and deletions that wait, are rejected or lapse, need."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from aboveboard_server.storage.columns import UtcMicros

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the columns; rows that are there have no token, and nothing sealed."""
    columns: dict[str, list[sa.Column[Any]]] = {
        "opt_out": [
            sa.Column("token_digest", sa.LargeBinary()),
            sa.Column("is_unseen", sa.Boolean(), nullable=False, server_default=sa.false()),
        ],
        "deletion": [
            sa.Column("sealed_subject", sa.LargeBinary()),
            sa.Column("known", sa.Boolean()),
            sa.Column("rejection_reason", sa.Text(), nullable=False, server_default=""),
            sa.Column("ended_at", UtcMicros()),
        ],
    }
    for table, added in columns.items():
        for column in added:
            op.add_column(table, column)
