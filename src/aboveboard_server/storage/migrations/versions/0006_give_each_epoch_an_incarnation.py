"""Give each epoch a random incarnation, so that one that goes back is noticed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from aboveboard_server.storage.incarnations import first, new_incarnation

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the columns, and draw the incarnation of the epoch as it stands."""
    with op.batch_alter_table("ingest_epoch") as table:
        table.add_column(sa.Column("incarnation", sa.BigInteger(), nullable=False, server_default="0"))
        table.add_column(
            sa.Column("recent_incarnations", sa.LargeBinary(), nullable=False, server_default="")
        )
    incarnation = new_incarnation()
    op.execute(
        sa.text(
            "UPDATE ingest_epoch SET incarnation = :incarnation, recent_incarnations = :recent"
        ).bindparams(incarnation=incarnation, recent=first(incarnation))
    )
