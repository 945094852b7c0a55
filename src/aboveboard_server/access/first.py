"""The key that opens a new server, and the one that opens it again for whoever has lost all others."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import structlog

from aboveboard_server.ids import uuid7
from aboveboard_server.privacy import key_secrets
from aboveboard_server.privacy.audit import SERVER_ACTOR
from aboveboard_server.privacy.key_secrets import ADMIN
from aboveboard_server.schema.access import scopes
from aboveboard_server.storage.access_tables import AccessKeyRow
from aboveboard_server.storage.work import access_keys as work
from aboveboard_server.storage.work.audit import Act

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from aboveboard_server.storage.ports import EventStore

log = structlog.get_logger()

NAME = "bootstrap"
ACTION = "CreateKey"


async def ensure_admin_key(
    store: EventStore, token: str, revoked: Collection[bytes], announce: Callable[[str], None]
) -> None:
    """Make an admin key with every scope where none was ever made, and announce its secret.

    A `token`, which whoever starts the server gives, becomes a key unless it was one before, even one that
    was revoked since; nothing is announced then. `revoked` are digests of secrets that were, though the store
    may know nothing of them.
    """
    secret = token or key_secrets.make(ADMIN)
    if key_secrets.digest(secret) in revoked:
        return
    key, act = admin_key(secret)
    key_id = key.key_id
    # Asked first, for on SQLite a unit that writes has the writer load what it may not need for long.
    if await store.read(work.is_known, key, first=not token):
        return
    if not await store.work(work.ensure, key, act, first=not token):
        return
    log.warning("admin_key_made", key_id=key_id, announced=not token)
    if not token:
        announce(f"export ABOVEBOARD_TOKEN={secret}  # the first admin key, shown only once")


def admin_key(secret: str) -> tuple[AccessKeyRow, Act]:
    """Return the key of this secret, with every scope, and what the audit log says when it is added."""
    key = AccessKeyRow(
        key_id=str(uuid7()),
        kind=ADMIN,
        secret_digest=key_secrets.digest(secret),
        secret_end=key_secrets.end(secret),
        display_name=NAME,
        scopes=" ".join(scopes()),
        created_at=datetime.now(UTC),
    )
    return key, Act(SERVER_ACTOR, ACTION, details=f"{ADMIN} {key.key_id}")
