"""Deletions as an administrator or a source asks for them; `eraser` carries them out."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import structlog

from aboveboard.admin.v1 import deletion_pb2 as d
from aboveboard.error.v1 import error_reason_pb2 as reasons
from aboveboard_server.errors import ServiceError
from aboveboard_server.ids import uuid7
from aboveboard_server.privacy import arguments
from aboveboard_server.privacy.audit import SELF_SERVICE_ACTOR, SERVER_ACTOR
from aboveboard_server.privacy.cut_offs import opt_out_of
from aboveboard_server.privacy.deletion_messages import deletion_message, table_counts
from aboveboard_server.privacy.journal_writer import opt_out_entry
from aboveboard_server.privacy.named import kind_number
from aboveboard_server.privacy.neighbours import neighbours_of
from aboveboard_server.privacy.one_at_a_time import one_at_a_time
from aboveboard_server.storage.ports import ADMINISTRATOR, SELF_SERVICE
from aboveboard_server.storage.work import deletions as work
from aboveboard_server.storage.work import erasing, opt_outs
from aboveboard_server.storage.work import waiting_deletions as waiting_work
from aboveboard_server.storage.work.audit import Act

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractAsyncContextManager
    from datetime import timedelta

    from aboveboard.admin.v1.subject_pb2 import Subject
    from aboveboard_server.privacy.clock_guard import ClockGuard
    from aboveboard_server.privacy.journal_lines import OptOut
    from aboveboard_server.privacy.journal_writer import JournalWriter
    from aboveboard_server.privacy.named import SubjectReader
    from aboveboard_server.privacy.restore import Finder
    from aboveboard_server.privacy.sealed_subjects import SealedSubjects
    from aboveboard_server.storage.ports import EventStore, SubjectRecord
    from aboveboard_server.storage.privacy_tables import DeletionRow

log = structlog.get_logger()

STATES: dict[int, str | None] = {
    number: name.removeprefix("STATE_") if number else None for name, number in d.Deletion.State.items()
}


# Made once, at random: ids of deletions are derived under it from the ids of their requests.
REQUESTS = uuid.UUID("3f0c2d0e-6a8b-4a53-9d0f-5f3a1c4b7e92")
JOB = "deletion-lapse"


class Deletions:
    """What AdminService and SetCollectionPreference promise of deletions.

    `wake` is called when one has begun. One that waits lapses after `lapse`.
    """

    def __init__(  # noqa: PLR0913, PLR0917  # the parts that a deletion passes through
        self,
        store: EventStore,
        subjects: SubjectReader,
        finder: Finder,
        sealed: SealedSubjects,
        journal: JournalWriter,
        wake: Callable[[], None],
        lapse: timedelta,
        guard: ClockGuard,
    ) -> None:
        self._store = store
        self._subjects = subjects
        self._finder = finder
        self._sealed = sealed
        self._journal = journal
        self._wake = wake
        self._lapse = lapse
        self._guard = guard

    async def create(self, request: d.CreateDeletionRequest, actor: str) -> d.Deletion:
        """Begin a deletion, or tell what would go; of equal requests at the same time one does it."""
        same = "" if request.validate_only else request.request_id
        async with self._alone("request", same):
            return await self._create(request, actor)

    async def confirm(self, request: d.ConfirmDeletionRequest, actor: str) -> d.Deletion:
        """Let a deletion begin that waits, or tell what would go; of two decisions the journal tells one."""
        async with self._alone("deletion", request.deletion_id):
            return await self._confirm(request, actor)

    async def reject(self, request: d.RejectDeletionRequest, actor: str) -> d.Deletion:
        """End a deletion that waits; again changes nothing. As for `confirm` of two decisions."""
        async with self._alone("deletion", request.deletion_id):
            return await self._reject(request, actor)

    def _alone(self, kind: str, identity: str) -> AbstractAsyncContextManager[None]:
        return one_at_a_time(self._store, f"{kind} {identity.lower()}" if identity else "")

    async def _create(self, request: d.CreateDeletionRequest, actor: str) -> d.Deletion:
        """Begin a deletion; in force everywhere once this has returned. Or tell what would go.

        While the clock is suspect the subject is opted out instead, and the deletion waits for its cut-off.
        """
        subject = await self._subjects.read(request, makes_key=not request.validate_only)
        request_id = arguments.request_id(request.request_id)
        order = work.Order(
            deletion_id=_deletion_id(request_id, subject),
            origin=ADMINISTRATOR,
            at=datetime.now(UTC),
            reference=arguments.reference(request.reference),
            request_id=request_id,
            scrub_now=request.scrub_now,
            also_opt_out=request.also_opt_out,
            scrubs=self._store.scrubs,
        )
        if request.validate_only:
            counts = await self._store.read(erasing.count, subject)
            known = await self._store.read(erasing.is_known, subject)
            done = _dry_run(request.subject, subject, counts, known=known)
            done.neighbours.extend(await neighbours_of(self._store, subject))
            return done
        if order.request_id:
            made = await self._store.read(work.by_request, order.request_id, subject)
            if made:
                return self._message(made)
        user_id = request.subject.user.user_id
        return self._message(await self._begin(subject, order, actor, "CreateDeletion", user_id))

    async def _confirm(self, request: d.ConfirmDeletionRequest, actor: str) -> d.Deletion:
        """Let a deletion begin that waits; or tell what would go."""
        deletion_id = arguments.uuid(request.deletion_id, "deletion_id")
        reference = arguments.reference(request.reference)
        row = await self._waiting(deletion_id)
        subject = await self._subject_of(row, makes_key=not request.validate_only)
        if request.validate_only:
            message = self._message(row)
            message.table_counts.extend(table_counts(await self._store.read(erasing.count, subject)))
            message.neighbours.extend(await neighbours_of(self._store, subject))
            return message
        judged = await self._guard.judge()
        act = Act(actor, "ConfirmDeletion", subject.digest, reference, subject.kind)
        order = work.Order(
            deletion_id, ADMINISTRATOR, judged.cut_off, reference, no_cut_off=bool(judged.suspicion)
        )
        order, opt_out = await self._opt_out(subject, order)
        await self._journal.deletion(subject, deletion_id, order.cut_off_at, opt_out)
        decision = work.Decision(
            deletion_id,
            judged.cut_off,
            act,
            reference,
            request.scrub_now,
            opt_out_id=order.opt_out_id,
            no_cut_off=order.no_cut_off,
        )
        done = await self._store.work(work.confirm, subject, decision)
        self._wake()
        return self._message(done)

    async def _reject(self, request: d.RejectDeletionRequest, actor: str) -> d.Deletion:
        """End a deletion that waits; again changes nothing."""
        deletion_id = arguments.uuid(request.deletion_id, "deletion_id")
        reason = arguments.text(request.reason, "reason", arguments.MAX_REFERENCE_BYTES)
        reference = arguments.reference(request.reference)
        row = await self._store.read(work.get, deletion_id)
        if row.state == work.REJECTED:
            return self._message(row)
        row = await self._waiting(deletion_id)
        now = datetime.now(UTC)
        await self._journal.rejection(deletion_id, now)
        act = Act(actor, "RejectDeletion", row.subject_digest, reference, row.subject_kind)
        decision = work.Decision(deletion_id, now, act, reference, reason=reason)
        return self._message(await self._store.work(waiting_work.reject, decision))

    async def lapse(self, now: datetime) -> None:
        """End the deletions that have waited for too long, as a scheduled job."""
        while found := await self._store.read(waiting_work.overdue, now - self._lapse):
            for deletion_id in found:
                async with self._alone("deletion", deletion_id):
                    await self._end(deletion_id, now)
            log.info("deletions_lapsed", count=len(found))

    async def get(self, request: d.GetDeletionRequest) -> d.Deletion:
        """Return one deletion."""
        deletion_id = arguments.uuid(request.deletion_id, "deletion_id")
        return self._message(await self._store.read(work.get, deletion_id))

    async def page(self, request: d.ListDeletionsRequest) -> d.ListDeletionsResponse:
        """Return a page of deletions, the newest first."""
        size = arguments.page_size(request.page_size)
        state = arguments.one_of(STATES, request.state, "state")
        found = await self._store.read(
            work.page, before=arguments.time_and_id(request.page_token), limit=size + 1, state=state
        )
        response = d.ListDeletionsResponse(deletions=[self._message(row) for row in found[:size]])
        if len(found) > size:
            last = found[size - 1]
            response.next_page_token = arguments.time_and_id_token(last.created_at, last.deletion_id)
        return response

    async def erase_history(self, subject: SubjectRecord, user_id: str, *, confirmed: bool) -> str:
        """Begin what a source asks for of itself, or leave it to be confirmed; return the deletion's id.

        `user_id` is the one that was sent, for a user. Asked again while it waits, or while it runs and
        nothing new came, it is the same one. Empty where nothing is held: then nothing is written.
        OverloadedError where too many wait.
        """
        made, known = await self._store.read(work.history_of, subject)
        if not known:
            return made
        order = work.Order(
            deletion_id=str(uuid7()),
            origin=SELF_SERVICE,
            at=datetime.now(UTC),
            scrubs=self._store.scrubs,
        )
        if confirmed:
            row = await self._begin(subject, order, SELF_SERVICE_ACTOR, "SetCollectionPreference")
            return row.deletion_id
        order = replace(order, sealed_subject=self._sealed.seal(order.deletion_id, subject, user_id))
        act = Act(SELF_SERVICE_ACTOR, "SetCollectionPreference", subject.digest, details=subject.kind)
        waiting = await self._store.work(waiting_work.ask, subject, order, act)
        return waiting.deletion_id if waiting else made

    async def _subject_of(self, row: DeletionRow, *, makes_key: bool) -> SubjectRecord:
        """Return the subject of a deletion that waits; ServiceError where nobody can be found."""
        if sealed := await self._sealed.find(row, makes_key=makes_key):
            return sealed
        # It was asked for before subjects were sealed: what is left are its names, and what is held.
        found = await self._finder.named(work.subject_of(row))
        named = bool(found.company_id or found.server_uuid)
        # A user's name was made with a key that may be gone: it finds what is held, or nobody ever.
        if not named or (found.user_id and not await self._store.read(erasing.is_known, found)):
            text = "nobody can be found by it any more; reject it, and ask the source to ask again"
            raise ServiceError(reasons.ERROR_REASON_DELETION_SUBJECT_LOST, text)
        return found

    async def _waiting(self, deletion_id: str) -> DeletionRow:
        """Return a deletion that waits; ServiceError where it does not, as once its time is up.

        That is looked at here too, for the job that ends what has lapsed may come an hour later.
        """
        row = await self._store.read(work.pending, deletion_id)
        judged = await self._guard.judge()
        asked_before = judged.now - self._lapse
        if not judged.suspicion and await self._store.read(
            waiting_work.is_overdue, deletion_id, asked_before
        ):
            await self._end(deletion_id, judged.now)
            row = await self._store.read(work.pending, deletion_id)
        return row

    async def _end(self, deletion_id: str, now: datetime) -> None:
        act = Act(SERVER_ACTOR, "LapseDeletion")
        await self._store.work(waiting_work.lapse, deletion_id, at=now, act=act)

    def _message(self, row: DeletionRow) -> d.Deletion:
        return deletion_message(row, self._lapse)

    async def _begin(
        self, subject: SubjectRecord, order: work.Order, actor: str, action: str, user_id: str = ""
    ) -> DeletionRow:
        judged = await self._guard.judge()
        order = replace(order, at=judged.cut_off, no_cut_off=bool(judged.suspicion))
        if order.no_cut_off and user_id:
            sealed = self._sealed.seal(order.deletion_id, subject, user_id)
            order = replace(order, sealed_subject=sealed)
        order, opt_out = await self._opt_out(subject, order)
        await self._journal.deletion(subject, order.deletion_id, order.cut_off_at, opt_out)
        act = Act(actor, action, subject.digest, order.reference, subject.kind)
        row = await self._store.work(work.begin, subject, order, act)
        self._wake()
        if opt_out and opt_out.opt_out_id not in await self._store.read(
            opt_outs.in_force, subject, order.origin
        ):
            # Another one came first: the journal's must not outlive it.
            await self._journal.revocation([opt_out.opt_out_id], order.at)
        return row

    async def _opt_out(self, subject: SubjectRecord, order: work.Order) -> tuple[work.Order, OptOut | None]:
        """Return an order with the opt-out that is to be made in the same step, and what the journal says.

        It is asked for with the deletion, or made until that has its cut-off. None where one is in force.
        """
        if not (order.also_opt_out or order.no_cut_off):
            return order, None
        if await self._store.read(opt_outs.in_force, subject, order.origin):
            return order, None
        opt_out_id = str(uuid7()) if order.also_opt_out else opt_out_of(order.deletion_id)
        entry = opt_out_entry(
            subject, opt_out_id, origin=order.origin, reference=order.reference, created_at=order.at
        )
        return replace(order, opt_out_id=opt_out_id), entry


def _deletion_id(request_id: str | None, subject: SubjectRecord) -> str:
    """Return the id of a deletion: of two equal requests at the same time the journal tells one.

    The subject is a part of it: of another one with the same request_id, which is refused, it tells nothing.
    """
    if request_id is None:
        return str(uuid7())
    return str(uuid.uuid5(REQUESTS, f"{request_id} {subject.digest.hex()}"))


def _dry_run(asked: Subject, subject: SubjectRecord, counts: Mapping[str, int], *, known: bool) -> d.Deletion:
    done = d.Deletion(
        subject=asked,
        subject_kind=kind_number(subject.kind),
        table_counts=table_counts(counts),
        known=known,
    )
    # As in every answer.
    if asked.HasField("user"):
        done.subject.user.ClearField("user_id")
    return done
