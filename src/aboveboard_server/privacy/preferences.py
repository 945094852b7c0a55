"""The "Disable Telemetry" tick box: what a source wants for its user, its deployment or itself."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from aboveboard.error.v1 import error_reason_pb2 as reasons
from aboveboard.ingest.v1.ingest_service_pb2 import SetCollectionPreferenceRequest as Request
from aboveboard_server.errors import ServiceError
from aboveboard_server.ids import uuid7
from aboveboard_server.privacy import subjects
from aboveboard_server.privacy.audit import SELF_SERVICE_ACTOR
from aboveboard_server.storage.ports import SELF_SERVICE
from aboveboard_server.storage.work import opt_outs
from aboveboard_server.storage.work.audit import Act

if TYPE_CHECKING:
    from aboveboard.telemetry.v1.verdict_pb2 import CollectionStatus
    from aboveboard_server.ingest.gate import Gate
    from aboveboard_server.ingest.sources import SourceReader
    from aboveboard_server.storage.ports import EventStore, SubjectRecord

KINDS = {
    Request.SCOPE_USER: subjects.USER,
    Request.SCOPE_DEPLOYMENT: subjects.DEPLOYMENT,
    Request.SCOPE_SERVER: subjects.SERVER,
}


class Preferences:
    """What SetCollectionPreference promises."""

    def __init__(self, sources: SourceReader, gate: Gate, store: EventStore) -> None:
        self._sources = sources
        self._gate = gate
        self._store = store

    async def set(self, request: Request) -> CollectionStatus:
        """Switch collection off or on, and return what holds then; ServiceError where it cannot be meant."""
        if not request.HasField("source"):
            raise ServiceError(reasons.ERROR_REASON_SOURCE_MISSING, "required", field="source")
        source = self._sources.read(request.source)
        kind = KINDS.get(request.scope)
        if kind is None:
            text = "USER, DEPLOYMENT or SERVER is required"
            raise ServiceError(reasons.ERROR_REASON_SCOPE_INVALID, text, field="scope")
        subject = self._sources.subject(request.source, kind)
        if subject is None:
            text = f"{kind} needs a source that holds its key"
            raise ServiceError(reasons.ERROR_REASON_SCOPE_INVALID, text, field="scope")
        if request.preference not in {Request.PREFERENCE_ENABLED, Request.PREFERENCE_DISABLED}:
            text = "ENABLED or DISABLED is required"
            raise ServiceError(reasons.ERROR_REASON_ARGUMENT_INVALID, text, field="preference")
        if request.erase_history:
            text = "erase_history is not implemented"
            raise ServiceError(reasons.ERROR_REASON_NOT_IMPLEMENTED, text)
        await self._change(subject, disabled=request.preference == Request.PREFERENCE_DISABLED)
        return self._gate.status(enabled=self._gate.allows(source))

    async def _change(self, subject: SubjectRecord, *, disabled: bool) -> None:
        # Anyone may ask: what changes nothing must not hold up those who send.
        if disabled == bool(await self._store.read(opt_outs.in_force, subject, SELF_SERVICE)):
            return
        now = datetime.now(UTC)
        act = Act(SELF_SERVICE_ACTOR, "SetCollectionPreference", subject.digest, details=subject.kind)
        if disabled:
            await self._store.work(
                opt_outs.create,
                subject,
                opt_out_id=str(uuid7()),
                origin=SELF_SERVICE,
                created_at=now,
                act=act,
            )
        else:
            await self._store.work(opt_outs.revoke_all, subject, origin=SELF_SERVICE, revoked_at=now, act=act)
