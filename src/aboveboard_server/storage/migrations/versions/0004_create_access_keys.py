"""Create the table of keys."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from aboveboard_server.storage.columns import UUID_TEXT, UtcMicros

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Create the table; the server makes the first key when it starts."""
    op.create_table(
        "access_key",
        sa.Column("key_id", UUID_TEXT, primary_key=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("secret_digest", sa.LargeBinary(), nullable=False),
        sa.Column("secret_end", sa.Text(), nullable=False),
        sa.Column("display_name", sa.Text()),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("solution", sa.Text(), nullable=False),
        sa.Column("company_digest", sa.LargeBinary()),
        sa.Column("company_id", sa.Text()),
        sa.Column("allowed_origins", sa.Text()),
        sa.Column("request_id", UUID_TEXT),
        sa.Column("created_at", UtcMicros(), nullable=False),
        sa.Column("expires_at", UtcMicros()),
        sa.Column("revoked_at", UtcMicros()),
    )
    op.create_index("access_key_by_digest", "access_key", ["secret_digest"], unique=True)
    op.create_index("access_key_by_request", "access_key", ["request_id"], unique=True)
    op.create_index("access_key_by_company", "access_key", ["company_id"])
