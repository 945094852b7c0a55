"""Create the hand-written tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from aboveboard_server.storage.columns import ROW_ID, UUID_TEXT, UtcMicros

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the registry, the quarantine, the opt-outs and the key fingerprints."""
    op.create_table(
        "company",
        sa.Column("company_id", sa.Text(), primary_key=True),
        sa.Column("company_name", sa.Text()),
        *_seen(),
    )
    op.create_table(
        "deployment",
        sa.Column("company_id", sa.Text(), primary_key=True),
        sa.Column("deployment_id", sa.Text(), primary_key=True),
        sa.Column("deployment_name", sa.Text()),
        *_seen(),
    )
    op.create_table("server", sa.Column("server_uuid", UUID_TEXT, primary_key=True), *_seen())
    op.create_table(
        "quarantined_event",
        sa.Column("quarantined_event_id", ROW_ID, primary_key=True),
        sa.Column("source_id", sa.BigInteger(), nullable=False),
        sa.Column("received_at", UtcMicros(), nullable=False),
        sa.Column("event_id", UUID_TEXT, nullable=False),
        sa.Column("occurred_at", UtcMicros(), nullable=False),
        sa.Column("occurred_at_corrected", UtcMicros(), nullable=False),
        sa.Column("event_field_number", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Integer(), nullable=False),
        sa.Column("envelope", sa.LargeBinary(), nullable=False),
        sa.UniqueConstraint("event_id", "event_field_number"),
        sqlite_autoincrement=True,
    )
    op.create_index("quarantined_event_by_source", "quarantined_event", ["source_id", "received_at"])
    op.create_table(
        "opt_out",
        sa.Column("opt_out_id", UUID_TEXT, primary_key=True),
        sa.Column("subject_digest", sa.LargeBinary(), nullable=False),
        sa.Column("subject_kind", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("created_at", UtcMicros(), nullable=False),
        sa.Column("revoked_at", UtcMicros()),
    )
    op.create_index("opt_out_by_subject", "opt_out", ["subject_digest"])
    op.create_table(
        "key_fingerprint",
        sa.Column("name", sa.Text(), primary_key=True),
        sa.Column("fingerprint", sa.Text(), nullable=False),
    )


def _seen() -> tuple[sa.Column[object], sa.Column[object]]:
    return (
        sa.Column("first_seen_at", UtcMicros(), nullable=False),
        sa.Column("last_seen_at", UtcMicros(), nullable=False),
    )
