"""The "Disable Telemetry" tick box: what a source wants for its user, its deployment or itself."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from aboveboard.error.v1 import error_reason_pb2 as reasons
from aboveboard.ingest.v1.ingest_service_pb2 import SetCollectionPreferenceRequest as Request
from aboveboard.ingest.v1.ingest_service_pb2 import SetCollectionPreferenceResponse as Response
from aboveboard_server.errors import ServiceError
from aboveboard_server.privacy import subjects
from aboveboard_server.privacy.audit import SELF_SERVICE_ACTOR
from aboveboard_server.privacy.opt_outs import set_opt_out
from aboveboard_server.storage.ports import SELF_SERVICE
from aboveboard_server.storage.work import opt_outs
from aboveboard_server.storage.work.audit import Act

if TYPE_CHECKING:
    from aboveboard_server.ingest.gate import Gate
    from aboveboard_server.ingest.sources import SourceReader
    from aboveboard_server.privacy.deletion import Deletions
    from aboveboard_server.privacy.journal_writer import JournalWriter
    from aboveboard_server.storage.ports import EventStore, SubjectRecord

KINDS = {
    Request.SCOPE_USER: subjects.USER,
    Request.SCOPE_DEPLOYMENT: subjects.DEPLOYMENT,
    Request.SCOPE_SERVER: subjects.SERVER,
}


class Preferences:
    """What SetCollectionPreference promises."""

    def __init__(
        self,
        sources: SourceReader,
        gate: Gate,
        store: EventStore,
        journal: JournalWriter,
        deletions: Deletions,
    ) -> None:
        self._sources = sources
        self._gate = gate
        self._store = store
        self._journal = journal
        self._deletions = deletions

    async def set(self, request: Request, *, is_bound: bool = False) -> Response:
        """Switch collection off or on, and return what holds then; ServiceError where it cannot be meant.

        `is_bound` is whether the caller's write key is bound to the source's company; see `Gate`.
        """
        if not request.HasField("source"):
            raise ServiceError(reasons.ERROR_REASON_SOURCE_MISSING, "required", field="source")
        source = self._sources.read(request.source)
        kind = KINDS.get(request.scope)
        if kind is None:
            text = "USER, DEPLOYMENT or SERVER is required"
            raise ServiceError(reasons.ERROR_REASON_SCOPE_INVALID, text, field="scope")
        subject = await self._sources.subject(request.source, kind)
        if subject is None:
            text = f"{kind} needs a source that holds its key"
            raise ServiceError(reasons.ERROR_REASON_SCOPE_INVALID, text, field="scope")
        if request.preference not in {Request.PREFERENCE_ENABLED, Request.PREFERENCE_DISABLED}:
            text = "ENABLED or DISABLED is required"
            raise ServiceError(reasons.ERROR_REASON_ARGUMENT_INVALID, text, field="preference")
        disabled = request.preference == Request.PREFERENCE_DISABLED
        if request.erase_history and not disabled:
            text = "only together with DISABLED"
            raise ServiceError(reasons.ERROR_REASON_ARGUMENT_INVALID, text, field="erase_history")
        await self._change(subject, disabled=disabled)
        deletion_id = ""
        if request.erase_history:
            # Anyone can name another's company, but nobody guesses a server's UUID.
            confirmed = kind == subjects.SERVER
            deletion_id = await self._deletions.erase_history(
                subject, request.source.deployment.user_id, confirmed=confirmed
            )
        status = self._gate.status(source, is_bound=is_bound)
        return Response(collection_status=status, deletion_id=deletion_id)

    async def _change(self, subject: SubjectRecord, *, disabled: bool) -> None:
        # Anyone may ask: what changes nothing must not hold up those who send.
        lifted = await self._store.read(opt_outs.in_force, subject, SELF_SERVICE)
        if disabled == bool(lifted):
            return
        now = datetime.now(UTC)
        act = Act(SELF_SERVICE_ACTOR, "SetCollectionPreference", subject.digest, details=subject.kind)
        if disabled:
            await set_opt_out(self._store, self._journal, subject, origin=SELF_SERVICE, act=act)
        else:
            await self._journal.revocation(lifted, now)
            await self._store.work(opt_outs.revoke_all, subject, origin=SELF_SERVICE, revoked_at=now, act=act)
