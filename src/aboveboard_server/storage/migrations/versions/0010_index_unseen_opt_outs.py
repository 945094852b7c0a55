"""Index the opt-outs of unseen subjects, which are counted once a minute."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Create the index."""
    op.create_index(
        "opt_out_unseen",
        "opt_out",
        ["is_unseen"],
        sqlite_where=sa.text("is_unseen = 1"),
        postgresql_where=sa.text("is_unseen"),
    )
