"""Keys as an administrator makes, lists and revokes them."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from aboveboard.admin.v1 import key_pb2 as k
from aboveboard_server.errors import StoreUnavailableError
from aboveboard_server.ids import uuid7
from aboveboard_server.privacy import arguments, key_secrets, subjects
from aboveboard_server.privacy.key_messages import KINDS, key_message
from aboveboard_server.privacy.key_secrets import ADMIN, WRITE
from aboveboard_server.schema.access import scopes
from aboveboard_server.storage.access_tables import AccessKeyRow
from aboveboard_server.storage.work import access_keys as work
from aboveboard_server.storage.work.audit import Act

if TYPE_CHECKING:
    from aboveboard_server.access.ring import KeyRing
    from aboveboard_server.privacy.journal_writer import JournalWriter
    from aboveboard_server.storage.ports import EventStore

NAMES: dict[int, str] = {number: name for name, number in KINDS.items()}
MAX_ORIGINS = 32
MAX_ORIGIN_BYTES = 256
# As browsers write it: in lower case, without a path.
_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://[a-z0-9._~%\[\]:-]+")


class Keys:
    """What AdminService promises of keys. What was changed here, `ring` knows before the answer."""

    def __init__(self, store: EventStore, journal: JournalWriter, ring: KeyRing, digest_key: bytes) -> None:
        self._store = store
        self._journal = journal
        self._ring = ring
        self._digest_key = digest_key

    async def create(self, request: k.CreateKeyRequest, actor: str) -> k.CreateKeyResponse:
        """Make a key; its secret is in this answer and nowhere else."""
        kind = arguments.one_of(NAMES, request.kind, "kind")
        secret = key_secrets.make(kind)
        key = self._key(request, kind, secret)
        key_id, digest = key.key_id, key.company_digest or b""
        act = Act(actor, "CreateKey", digest, details=f"{kind} {key_id} {key.scopes}".strip())
        row = await self._store.work(work.create, key, act)
        await self._tell()
        return k.CreateKeyResponse(key=key_message(row), secret=secret if row.key_id == key_id else "")

    async def get(self, request: k.GetKeyRequest) -> k.Key:
        """Return one key."""
        key_id = arguments.uuid(request.key_id, "key_id")
        return key_message(await self._store.read(work.get, key_id))

    async def page(self, request: k.ListKeysRequest) -> k.ListKeysResponse:
        """Return a page of keys, the newest first."""
        size = arguments.page_size(request.page_size)
        kind = arguments.one_of({k.Key.KIND_UNSPECIFIED: "", **NAMES}, request.kind, "kind")
        before = arguments.time_and_id(request.page_token)
        found = await self._store.read(work.page, before=before, limit=size + 1, kind=kind)
        response = k.ListKeysResponse(keys=[key_message(row) for row in found[:size]])
        if len(found) > size:
            last = found[size - 1]
            response.next_page_token = arguments.time_and_id_token(last.created_at, last.key_id)
        return response

    async def revoke(self, request: k.RevokeKeyRequest, actor: str) -> k.Key:
        """End one key; first the journal tells of it, so that no backup brings it back."""
        key_id = arguments.uuid(request.key_id, "key_id")
        known = await self._store.read(work.get, key_id)
        act = Act(actor, "RevokeKey", known.company_digest or b"", details=f"{known.kind} {key_id}")
        now = datetime.now(UTC)
        if known.revoked_at is None:
            await self._journal.key_revocation(key_id, known.secret_digest, now)
        row = await self._store.work(work.revoke, key_id, revoked_at=now, act=act)
        await self._tell()
        return key_message(row)

    async def _tell(self) -> None:
        # Soon enough in any case: what is done is done, and a secret is told only once.
        with suppress(StoreUnavailableError):
            await self._ring.refresh()

    def _key(self, request: k.CreateKeyRequest, kind: str, secret: str) -> AccessKeyRow:
        _check_kind(request, kind)
        company_id = arguments.text(request.company_id, "company_id", arguments.MAX_ID_BYTES)
        digest = subjects.digest(self._digest_key, subjects.COMPANY, [company_id]) if company_id else None
        return AccessKeyRow(
            key_id=str(uuid7()),
            kind=kind,
            secret_digest=key_secrets.digest(secret),
            secret_end=key_secrets.end(secret),
            display_name=arguments.identifier(request.display_name, "display_name"),
            scopes=_scopes(request),
            solution=arguments.text(request.solution, "solution", arguments.MAX_ID_BYTES),
            company_digest=digest,
            company_id=company_id or None,
            allowed_origins=_origins(request) or None,
            request_id=arguments.request_id(request.request_id),
            created_at=datetime.now(UTC),
            expires_at=_expiry(request),
        )


def _check_kind(request: k.CreateKeyRequest, kind: str) -> None:
    if kind == ADMIN and not request.scopes:
        raise arguments.invalid("scopes", "required for an admin key")
    for field in ("solution", "company_id", "allowed_origins"):
        if kind == ADMIN and getattr(request, field):
            raise arguments.invalid(field, "only for a write key")
    if kind == WRITE and request.scopes:
        raise arguments.invalid("scopes", "only for an admin key")


def _scopes(request: k.CreateKeyRequest) -> str:
    names: dict[int, str] = {number: name for name, number in scopes().items()}
    chosen = {arguments.one_of(names, number, "scopes") for number in request.scopes}
    return " ".join(name for name in scopes() if name in chosen)


def _origins(request: k.CreateKeyRequest) -> str:
    origins = request.allowed_origins
    if len(origins) > MAX_ORIGINS:
        raise arguments.invalid("allowed_origins", f"at most {MAX_ORIGINS} are taken")
    for origin in origins:
        if len(origin) > MAX_ORIGIN_BYTES or not _ORIGIN.fullmatch(origin):
            raise arguments.invalid(
                "allowed_origins", "must be scheme://host or scheme://host:port in lower case"
            )
    return " ".join(sorted(set(origins)))


def _expiry(request: k.CreateKeyRequest) -> datetime | None:
    if not request.HasField("expires_at"):
        return None
    try:
        time = request.expires_at.ToDatetime(UTC)
    except (ValueError, OverflowError):
        raise arguments.invalid("expires_at", "not a time") from None
    if time <= datetime.now(UTC):
        raise arguments.invalid("expires_at", "must be in the future")
    return time
