"""Keys as messages describe them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from aboveboard.admin.v1 import key_pb2 as k
from aboveboard_server.privacy import times
from aboveboard_server.privacy.key_secrets import ADMIN, PREFIXES, WRITE
from aboveboard_server.schema.access import scopes

if TYPE_CHECKING:
    from aboveboard_server.storage.access_tables import AccessKeyRow

KINDS = {WRITE: k.Key.KIND_WRITE, ADMIN: k.Key.KIND_ADMIN}


def key_message(row: AccessKeyRow) -> k.Key:
    """Return a key as messages describe it: never its secret, nor the digest."""
    return k.Key(
        key_id=row.key_id,
        kind=KINDS[row.kind],
        display_name=row.display_name or "",
        scopes=[scopes()[name] for name in row.scopes.split()],
        solution=row.solution,
        company_id=row.company_id or "",
        allowed_origins=(row.allowed_origins or "").split(),
        state=_state(row),
        hint=f"{PREFIXES[row.kind]}…{row.secret_end}",
        created_at=times.timestamp(row.created_at),
        expires_at=times.timestamp(row.expires_at),
        revoked_at=times.timestamp(row.revoked_at),
    )


def _state(row: AccessKeyRow) -> k.Key.State.ValueType:
    # A key that has forgotten its company has ended with it.
    if row.revoked_at or (row.company_digest and not row.company_id):
        return k.Key.STATE_REVOKED
    expired = row.expires_at is not None and row.expires_at <= datetime.now(UTC)
    return k.Key.STATE_EXPIRED if expired else k.Key.STATE_ACTIVE
