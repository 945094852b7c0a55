"""Deletions as an administrator or a source asks for them; `eraser` carries them out."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from aboveboard.admin.v1 import deletion_pb2 as d
from aboveboard_server.ids import uuid7
from aboveboard_server.privacy import arguments
from aboveboard_server.privacy.audit import SELF_SERVICE_ACTOR
from aboveboard_server.privacy.deletion_messages import deletion_message, table_counts
from aboveboard_server.privacy.journal_writer import opt_out_entry
from aboveboard_server.privacy.named import kind_number
from aboveboard_server.privacy.neighbours import neighbours_of
from aboveboard_server.storage.ports import ADMINISTRATOR, SELF_SERVICE
from aboveboard_server.storage.work import deletions as work
from aboveboard_server.storage.work import erasing, opt_outs
from aboveboard_server.storage.work.audit import Act

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from aboveboard.admin.v1.subject_pb2 import Subject
    from aboveboard_server.privacy.journal_writer import JournalWriter
    from aboveboard_server.privacy.named import SubjectReader
    from aboveboard_server.privacy.restore import Finder
    from aboveboard_server.storage.ports import EventStore, SubjectRecord
    from aboveboard_server.storage.privacy_tables import DeletionRow

STATES: dict[int, str | None] = {
    number: name.removeprefix("STATE_") if number else None for name, number in d.Deletion.State.items()
}


class Deletions:
    """What AdminService and SetCollectionPreference promise of deletions.

    `wake` is called when one has begun.
    """

    def __init__(
        self,
        store: EventStore,
        subjects: SubjectReader,
        finder: Finder,
        journal: JournalWriter,
        wake: Callable[[], None],
    ) -> None:
        self._store = store
        self._subjects = subjects
        self._finder = finder
        self._journal = journal
        self._wake = wake

    async def create(self, request: d.CreateDeletionRequest, actor: str) -> d.Deletion:
        """Begin a deletion; in force everywhere once this has returned. Or tell what would go."""
        subject = await self._subjects.read(request)
        order = work.Order(
            deletion_id=str(uuid7()),
            origin=ADMINISTRATOR,
            at=datetime.now(UTC),
            reference=arguments.reference(request.reference),
            request_id=arguments.request_id(request.request_id),
            scrub_now=request.scrub_now,
            also_opt_out=request.also_opt_out,
        )
        if request.validate_only:
            counts = await self._store.read(erasing.count, subject)
            done = _dry_run(request.subject, subject, counts)
            done.neighbours.extend(await neighbours_of(self._store, subject))
            return done
        if order.request_id:
            made = await self._store.read(work.by_request, order.request_id, subject)
            if made:
                return deletion_message(made)
        return deletion_message(await self._begin(subject, order, actor, "CreateDeletion"))

    async def confirm(self, request: d.ConfirmDeletionRequest, actor: str) -> d.Deletion:
        """Let a deletion begin that waits; or tell what would go."""
        deletion_id = arguments.uuid(request.deletion_id, "deletion_id")
        reference = arguments.reference(request.reference)
        row = await self._store.read(work.pending, deletion_id)
        subject = await self._finder.named(work.subject_of(row))
        if request.validate_only:
            message = deletion_message(row)
            message.table_counts.extend(table_counts(await self._store.read(erasing.count, subject)))
            message.neighbours.extend(await neighbours_of(self._store, subject))
            return message
        now = datetime.now(UTC)
        await self._journal.deletion(subject, deletion_id, now)
        done = await self._store.work(
            work.confirm,
            deletion_id,
            subject,
            at=now,
            reference=reference,
            scrub_now=request.scrub_now,
            act=Act(actor, "ConfirmDeletion", subject.digest, reference, subject.kind),
        )
        self._wake()
        return deletion_message(done)

    async def get(self, request: d.GetDeletionRequest) -> d.Deletion:
        """Return one deletion."""
        deletion_id = arguments.uuid(request.deletion_id, "deletion_id")
        return deletion_message(await self._store.read(work.get, deletion_id))

    async def page(self, request: d.ListDeletionsRequest) -> d.ListDeletionsResponse:
        """Return a page of deletions, the newest first."""
        size = arguments.page_size(request.page_size)
        state = arguments.one_of(STATES, request.state, "state")
        found = await self._store.read(
            work.page, before=arguments.time_and_id(request.page_token), limit=size + 1, state=state
        )
        response = d.ListDeletionsResponse(deletions=[deletion_message(row) for row in found[:size]])
        if len(found) > size:
            last = found[size - 1]
            response.next_page_token = arguments.time_and_id_token(last.created_at, last.deletion_id)
        return response

    async def erase_history(self, subject: SubjectRecord, *, confirmed: bool) -> str:
        """Begin what a source asks for of itself, or leave it to be confirmed; return the deletion's id.

        Asked again while it waits or runs, it is the same one.
        """
        made = await self._store.read(work.open_of, subject, SELF_SERVICE)
        if made:
            return made.deletion_id
        order = work.Order(deletion_id=str(uuid7()), origin=SELF_SERVICE, at=datetime.now(UTC))
        if confirmed:
            row = await self._begin(subject, order, SELF_SERVICE_ACTOR, "SetCollectionPreference")
        else:
            act = Act(SELF_SERVICE_ACTOR, "SetCollectionPreference", subject.digest, details=subject.kind)
            row = await self._store.work(work.ask, subject, order, act)
        return row.deletion_id

    async def _begin(self, subject: SubjectRecord, order: work.Order, actor: str, action: str) -> DeletionRow:
        opt_out = None
        if order.also_opt_out and not await self._store.read(opt_outs.in_force, subject, order.origin):
            order = replace(order, opt_out_id=str(uuid7()))
            opt_out = opt_out_entry(
                subject,
                order.opt_out_id or "",
                origin=order.origin,
                reference=order.reference,
                created_at=order.at,
            )
        await self._journal.deletion(subject, order.deletion_id, order.at, opt_out)
        act = Act(actor, action, subject.digest, order.reference, subject.kind)
        row = await self._store.work(work.begin, subject, order, act)
        self._wake()
        if opt_out and opt_out.opt_out_id not in await self._store.read(
            opt_outs.in_force, subject, order.origin
        ):
            # Another one came first: the journal's must not outlive it.
            await self._journal.revocation([opt_out.opt_out_id], order.at)
        return row


def _dry_run(asked: Subject, subject: SubjectRecord, counts: Mapping[str, int]) -> d.Deletion:
    done = d.Deletion(
        subject=asked, subject_kind=kind_number(subject.kind), table_counts=table_counts(counts)
    )
    # As in every answer.
    if asked.HasField("user"):
        done.subject.user.ClearField("user_id")
    return done
