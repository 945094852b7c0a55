"""The "Disable Telemetry" tick box: what a source wants for its user, its deployment or itself."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from aboveboard.error.v1 import error_reason_pb2 as reasons
from aboveboard.ingest.v1.ingest_service_pb2 import SetCollectionPreferenceRequest as Request
from aboveboard_server.errors import ServiceError
from aboveboard_server.privacy import subjects
from aboveboard_server.storage.ports import SELF_SERVICE, OptOutChange

if TYPE_CHECKING:
    from aboveboard.telemetry.v1.verdict_pb2 import CollectionStatus
    from aboveboard_server.ingest.gate import Gate
    from aboveboard_server.ingest.sources import SourceReader
    from aboveboard_server.storage.ports import EventStore

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
        await self._store.change_opt_out(
            OptOutChange(
                subject_digest=subject,
                subject_kind=kind,
                origin=SELF_SERVICE,
                disabled=request.preference == Request.PREFERENCE_DISABLED,
                changed_at=time.time_ns() // 1_000,
            )
        )
        return self._gate.status(enabled=self._gate.allows(source))
