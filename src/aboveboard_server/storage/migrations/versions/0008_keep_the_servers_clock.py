"""Add what servers keep of their own clocks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from aboveboard_server.storage.columns import UtcMicros

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Create the tables; the first server that starts fills them in from what the database tells of time."""
    op.create_table(
        "server_clock",
        sa.Column("server_clock_id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("newest_at", UtcMicros(), nullable=False),
        sa.Column("swept_at", UtcMicros(), nullable=False),
        sa.Column("ran", sa.BigInteger(), nullable=False),
        sa.Column("ran_at_sweep", sa.BigInteger(), nullable=False),
        sa.Column("acceptance", sa.BigInteger(), nullable=False),
        sa.Column("database_ahead", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "clock_period",
        sa.Column("started_at", UtcMicros(), primary_key=True, autoincrement=False),
        sa.Column("ended_at", UtcMicros(), nullable=False),
    )
