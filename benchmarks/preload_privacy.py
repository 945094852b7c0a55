"""Puts opt-outs, tombstones and users into a new database, as many as a service has after some years."""

from __future__ import annotations

import secrets
import uuid
from datetime import UTC, datetime, timedelta

import sqlalchemy
from sqlalchemy import insert

from aboveboard_server.privacy import subjects
from aboveboard_server.schema.tables import source_row_class
from aboveboard_server.storage.ports import ADMINISTRATOR
from aboveboard_server.storage.privacy_tables import OptOutRow, TombstoneRow

# Of each kind.
COUNT = 10_000


def preload_privacy(url: str) -> None:
    """Fill a database that no server has opened yet."""
    now = datetime.now(UTC)
    opt_outs = [
        {
            "opt_out_id": str(uuid.uuid4()),
            "subject_kind": subjects.DEPLOYMENT,
            "subject_digest": secrets.token_bytes(32),
            "origin": ADMINISTRATOR,
            "reference": f"T-{number}",
            "epoch": number,
            "created_at": now,
            "company_id": f"opted-out-{number}",
            "deployment_id": "d",
        }
        for number in range(COUNT)
    ]
    tombstones = [
        {
            "subject_digest": secrets.token_bytes(32),
            "subject_kind": subjects.COMPANY,
            "deletion_id": str(uuid.uuid4()),
            "epoch": COUNT + number,
            "cut_off_at": now - timedelta(days=1),
        }
        for number in range(COUNT)
    ]
    users = [
        {
            "fingerprint": secrets.token_bytes(32),
            "origin": "deployment",
            "first_seen_at": now,
            "last_seen_at": now,
            "company_id": f"company-of-users-{number % 100}",
            "deployment_id": "d",
            "user_id": secrets.token_hex(32),
        }
        for number in range(COUNT)
    ]
    engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.pool.NullPool)
    with engine.begin() as connection:
        connection.execute(insert(OptOutRow), opt_outs)
        connection.execute(insert(TombstoneRow), tombstones)
        connection.execute(insert(source_row_class()), users)
        connection.execute(sqlalchemy.text(f"UPDATE ingest_epoch SET epoch = {2 * COUNT}"))  # noqa: S608  # a number
