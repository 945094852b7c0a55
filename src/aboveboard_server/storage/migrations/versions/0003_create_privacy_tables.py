"""Create the tables of the privacy operations, and widen the opt-outs to what an administrator needs."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from aboveboard_server.storage.columns import JSON_OBJECT, UUID_TEXT, UtcMicros

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add what is missing; rows that are there stay as they are."""
    for name in ("contact_name", "contact_email", "contact_phone", "contact_note"):
        op.add_column("company", sa.Column(name, sa.Text()))
    op.create_table(
        "company_key",
        sa.Column("company_id", sa.Text(), primary_key=True),
        sa.Column("wrapped_key", sa.LargeBinary(), nullable=False),
    )
    _widen_opt_outs()
    _create_deletions()
    _create_retention()
    _create_audit()


def _widen_opt_outs() -> None:
    columns: list[sa.Column[Any]] = [
        sa.Column("stored_digest", sa.LargeBinary()),
        sa.Column("reference", sa.Text(), nullable=False, server_default=""),
        sa.Column("request_id", UUID_TEXT),
        sa.Column("epoch", sa.BigInteger(), nullable=False, server_default="0"),
        *_clear_subject(),
    ]
    for column in columns:
        op.add_column("opt_out", column)
    op.create_index("opt_out_by_epoch", "opt_out", ["epoch"])
    op.create_index("opt_out_by_request", "opt_out", ["request_id"], unique=True)
    op.create_index("opt_out_by_company", "opt_out", ["company_id"])
    op.create_index("opt_out_by_server", "opt_out", ["server_uuid"])


def _create_deletions() -> None:
    op.create_table(
        "tombstone",
        sa.Column("subject_digest", sa.LargeBinary(), primary_key=True),
        sa.Column("subject_kind", sa.Text(), nullable=False),
        sa.Column("stored_digest", sa.LargeBinary()),
        sa.Column("deletion_id", UUID_TEXT, nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("cut_off_at", UtcMicros(), nullable=False),
    )
    op.create_index("tombstone_by_epoch", "tombstone", ["epoch"])
    op.create_table(
        "deletion",
        sa.Column("deletion_id", UUID_TEXT, primary_key=True),
        sa.Column("subject_kind", sa.Text(), nullable=False),
        sa.Column("subject_digest", sa.LargeBinary(), nullable=False),
        sa.Column("stored_digest", sa.LargeBinary()),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("request_id", UUID_TEXT),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("also_opt_out", sa.Boolean(), nullable=False),
        sa.Column("scrub_now", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcMicros(), nullable=False),
        sa.Column("confirmed_at", UtcMicros()),
        sa.Column("cut_off_at", UtcMicros()),
        sa.Column("erased_at", UtcMicros()),
        sa.Column("scrubbed_at", UtcMicros()),
        sa.Column("removed", JSON_OBJECT, nullable=False),
        sa.Column("receipt", sa.LargeBinary()),
        sa.Column("receipt_sequence", sa.BigInteger()),
        *_clear_subject(),
    )
    op.create_index("deletion_by_request", "deletion", ["request_id"], unique=True)
    op.create_index("deletion_by_receipt", "deletion", ["receipt_sequence"], unique=True)
    op.create_index("deletion_by_state", "deletion", ["state"])
    op.create_index("deletion_by_company", "deletion", ["company_id"])
    op.create_index("deletion_by_server", "deletion", ["server_uuid"])


def _create_retention() -> None:
    op.create_table(
        "retention_policy",
        sa.Column("event_type", sa.Text(), primary_key=True),
        sa.Column("retention_days", sa.Integer()),
        sa.Column("updated_at", UtcMicros(), nullable=False),
    )
    op.create_table(
        "scheduled_job",
        sa.Column("name", sa.Text(), primary_key=True),
        sa.Column("finished_at", UtcMicros()),
        sa.Column("progress", JSON_OBJECT, nullable=False),
    )
    op.create_table(
        "archive_release",
        sa.Column("month", sa.Text(), primary_key=True),
        sa.Column("settings", JSON_OBJECT, nullable=False),
        sa.Column("noise", JSON_OBJECT, nullable=False),
        sa.Column("drawn_at", UtcMicros(), nullable=False),
        sa.Column("released_at", UtcMicros()),
    )
    op.create_table(
        "archived_aggregate",
        sa.Column("month", sa.Text(), primary_key=True),
        sa.Column("event_type", sa.Text(), primary_key=True),
        sa.Column("change_type", sa.Text(), primary_key=True),
        sa.Column("solution", sa.Text(), primary_key=True),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("count_expected_error", sa.Float(53), nullable=False),
        sa.Column("contributors", sa.BigInteger(), nullable=False),
        sa.Column("contributors_expected_error", sa.Float(53), nullable=False),
        sa.Column("epsilon", sa.Float(53), nullable=False),
    )


def _create_audit() -> None:
    op.create_table(
        "audit_entry",
        sa.Column("entry_id", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("recorded_at", UtcMicros(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject_digest", sa.LargeBinary(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("previous_hash", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION audit_entry_is_append_only() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN RAISE EXCEPTION 'audit_entry is append-only'; END $$"
        )
        op.execute(
            "CREATE TRIGGER audit_entry_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entry"
            " FOR EACH STATEMENT EXECUTE FUNCTION audit_entry_is_append_only()"
        )
        return
    for verb in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER audit_entry_no_{verb.lower()} BEFORE {verb} ON audit_entry"
            " BEGIN SELECT RAISE(ABORT, 'audit_entry is append-only'); END"
        )


def _clear_subject() -> list[sa.Column[Any]]:
    """Return the columns that name a Subject until it is erased."""
    return [
        sa.Column("company_id", sa.Text()),
        sa.Column("deployment_id", sa.Text()),
        sa.Column("server_uuid", UUID_TEXT),
        sa.Column("user_id", sa.Text()),
    ]
