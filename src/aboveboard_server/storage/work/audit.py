"""The audit log: entries that follow each other without gaps, each with the hash of the one before."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlmodel import col, desc, select

from aboveboard_server.storage.privacy_tables import AuditEntryRow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlmodel import Session

# Held by whoever appends: an entry needs the one before it.
AUDIT_LOCK = 0x61626F76_0003


@dataclass(frozen=True, slots=True)
class Act:
    """Who did what, as an entry tells it; `details` never name the Subject."""

    actor: str
    action: str
    subject_digest: bytes = b""
    reference: str = ""
    details: str = ""


def append(session: Session, *acts: Act) -> None:
    """Append an entry of each act in the transaction of what they tell."""
    if session.get_bind().dialect.name == "postgresql":
        session.connection().execute(text(f"SELECT pg_advisory_xact_lock({AUDIT_LOCK})"))
    last = session.exec(select(AuditEntryRow).order_by(desc(AuditEntryRow.entry_id)).limit(1)).first()
    for act in acts:
        entry = AuditEntryRow(
            entry_id=last.entry_id + 1 if last else 1,
            recorded_at=datetime.now(UTC),
            actor=act.actor,
            action=act.action,
            subject_digest=act.subject_digest,
            reference=act.reference,
            details=act.details,
            previous_hash=last.hash if last else b"",
            hash=b"",
        )
        entry.hash = entry_hash(entry)
        session.add(entry)
        last = entry
    session.flush()


def entry_hash(entry: AuditEntryRow) -> bytes:
    """Return an entry's hash, 32 bytes, as AuditEntry.hash in audit.proto defines it."""
    fields: tuple[bytes, ...] = (
        str(entry.entry_id).encode(),
        entry.recorded_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ").encode(),
        entry.actor.encode(),
        entry.action.encode(),
        entry.subject_digest,
        entry.reference.encode(),
        entry.details.encode(),
        entry.previous_hash,
    )
    return hashlib.sha256(b"".join(len(field).to_bytes(8, "big") + field for field in fields)).digest()


def page(session: Session, *, before: int | None, limit: int) -> Sequence[AuditEntryRow]:
    """Return entries, the newest first, below an entry's id where one is given."""
    statement = select(AuditEntryRow).order_by(desc(AuditEntryRow.entry_id)).limit(limit)
    if before is not None:
        statement = statement.where(col(AuditEntryRow.entry_id) < before)
    found = session.exec(statement).all()
    session.expunge_all()
    return found
