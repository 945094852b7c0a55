"""The "Disable Telemetry" tick box: what a source wants for its user, its deployment or itself."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from aboveboard.error.v1 import error_reason_pb2 as reasons
from aboveboard.ingest.v1.ingest_service_pb2 import SetCollectionPreferenceRequest as Request
from aboveboard.ingest.v1.ingest_service_pb2 import SetCollectionPreferenceResponse as Response
from aboveboard_server.errors import OverloadedError, ServiceError
from aboveboard_server.ids import uuid7
from aboveboard_server.privacy import subjects
from aboveboard_server.privacy.journal_writer import opt_out_entry
from aboveboard_server.storage.ports import SELF_SERVICE
from aboveboard_server.storage.work import erasing
from aboveboard_server.storage.work import refusals as work

if TYPE_CHECKING:
    from aboveboard_server.ingest.gate import Gate
    from aboveboard_server.ingest.sources import SourceReader
    from aboveboard_server.privacy.deletion import Deletions
    from aboveboard_server.privacy.doubts import Doubts
    from aboveboard_server.privacy.journal_writer import JournalWriter
    from aboveboard_server.privacy.unseen import UnseenRefusals
    from aboveboard_server.storage.ports import EventStore, SubjectRecord

KINDS = {
    Request.SCOPE_USER: subjects.USER,
    Request.SCOPE_DEPLOYMENT: subjects.DEPLOYMENT,
    Request.SCOPE_SERVER: subjects.SERVER,
}
TOKEN_BYTES = 32
# Attempts to store a refusal while others change those of the same subject.
ATTEMPTS = 5


class Preferences:
    """What SetCollectionPreference promises."""

    def __init__(
        self,
        sources: SourceReader,
        gate: Gate,
        deletions: Deletions,
        refusals: Refusals,
    ) -> None:
        self._sources = sources
        self._gate = gate
        self._deletions = deletions
        self._refusals = refusals

    async def set(self, request: Request, *, is_bound: bool = False) -> Response:
        """Switch collection off or on, and return what holds then; ServiceError where it cannot be meant.

        `is_bound` is whether the caller's write key is bound to the source's company; see `Gate`.
        """
        if not request.HasField("source"):
            raise ServiceError(reasons.ERROR_REASON_SOURCE_MISSING, "required", field="source")
        source = self._sources.read(request.source)
        kind = _checked_kind(request)
        subject = await self._sources.subject(request.source, kind)
        if subject is None:
            text = f"{kind} needs a source that holds its key"
            raise ServiceError(reasons.ERROR_REASON_SCOPE_INVALID, text, field="scope")
        if request.preference == Request.PREFERENCE_DISABLED:
            await self._refusals.refuse(subject, request.preference_token)
        else:
            await self._refusals.lift(subject, request.preference_token)
        deletion_id = ""
        if request.erase_history:
            # Anyone can name another's company, but nobody guesses a server's UUID.
            confirmed = kind == subjects.SERVER
            deletion_id = await self._deletions.erase_history(
                subject, request.source.deployment.user_id, confirmed=confirmed
            )
        status = self._gate.status(source, is_bound=is_bound)
        return Response(collection_status=status, deletion_id=deletion_id)


class Refusals:
    """Opt-outs that sources set of themselves.

    What changes nothing writes nothing. No change is audited: anyone may make any number of them, and the
    audit log never forgets. The opt-outs themselves say when they were set and lifted.
    """

    def __init__(
        self,
        store: EventStore,
        journal: JournalWriter,
        digest_key: bytes,
        unseen: UnseenRefusals,
        doubts: Doubts,
    ) -> None:
        self._store = store
        self._journal = journal
        self._doubts = doubts
        self._digest_key = digest_key
        self._unseen = unseen

    async def refuse(self, subject: SubjectRecord, token: bytes) -> None:
        """Opt a Subject out; in force everywhere once this has returned, and lifted by the same token."""
        wanted = self._digest(subject, token)
        await self._doubts.settle(subject.digest)
        for _ in range(ATTEMPTS):
            planned = work.plan(await self._store.read(work.of_subject, subject), wanted)
            if planned is None or await self._store_refusal(subject, planned):
                return
        raise OverloadedError

    async def lift(self, subject: SubjectRecord, token: bytes) -> None:
        """Lift the refusal that this token has set; ServiceError where others are in force, and it fits none.

        One that it has lifted before stays lifted.
        """
        await self._doubts.settle(subject.digest)
        held = await self._store.read(work.of_subject, subject)
        if not any(refusal.is_in_force for refusal in held):
            return
        fitting = work.fitting(held, self._digest(subject, token))
        if not fitting:
            text = "nothing in force was set with this token; an administrator can lift it"
            raise ServiceError(reasons.ERROR_REASON_PREFERENCE_TOKEN_REQUIRED, text, field="preference_token")
        due = [refusal.opt_out_id for refusal in fitting if refusal.is_in_force]
        if due:
            self._doubts.require_room()
            now = datetime.now(UTC)
            async with self._doubts.unless_done(subject.digest, due, lifted_at=now):
                await self._journal.revocation(due, now)
                await self._store.work(work.lift, due, revoked_at=now)

    def _digest(self, subject: SubjectRecord, token: bytes) -> bytes | None:
        return subjects.preference_token(self._digest_key, subject.digest, token) if token else None

    async def _store_refusal(self, subject: SubjectRecord, planned: work.Plan) -> bool:
        """Store a refusal, the journal first; return False where others have changed what it was planned by.

        Each has an id of its own: where it replaces one that was lifted, the journal's revocation of the
        older id does not end it after a restore.
        """
        self._doubts.require_room()
        is_unseen = not await self._store.read(erasing.is_known, subject)
        if is_unseen:
            self._unseen.take()
        stored = False
        opt_out_id, now = str(uuid7()), datetime.now(UTC)
        entry = opt_out_entry(
            subject,
            opt_out_id,
            origin=SELF_SERVICE,
            reference="",
            created_at=now,
            token_digest=planned.token_digest,
        )
        try:
            async with self._doubts.unless_done(subject.digest, [opt_out_id]):
                await self._journal.opt_out(entry)
                stored = await self._store.work(
                    work.refuse, subject, planned, opt_out_id=opt_out_id, is_unseen=is_unseen, created_at=now
                )
                if not stored:
                    # The journal's must not outlive it.
                    await self._journal.revocation([opt_out_id], now)
        finally:
            if is_unseen and not stored:
                self._unseen.give_back()
        return stored


def _checked_kind(request: Request) -> str:
    """Return the kind of Subject that a request means; ServiceError naming the field that cannot be meant."""
    kind = KINDS.get(request.scope)
    if kind is None:
        text = "USER, DEPLOYMENT or SERVER is required"
        raise ServiceError(reasons.ERROR_REASON_SCOPE_INVALID, text, field="scope")
    if request.preference not in {Request.PREFERENCE_ENABLED, Request.PREFERENCE_DISABLED}:
        raise _invalid("ENABLED or DISABLED is required", "preference")
    if request.erase_history and request.preference != Request.PREFERENCE_DISABLED:
        raise _invalid("only together with DISABLED", "erase_history")
    if len(request.preference_token) not in {0, TOKEN_BYTES}:
        raise _invalid(f"{TOKEN_BYTES} bytes, or none", "preference_token")
    return kind


def _invalid(text: str, field: str) -> ServiceError:
    return ServiceError(reasons.ERROR_REASON_ARGUMENT_INVALID, text, field=field)
