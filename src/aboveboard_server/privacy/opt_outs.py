"""Opt-outs as an administrator sets, lists and lifts them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from aboveboard.admin.v1 import opt_out_pb2 as o
from aboveboard.admin.v1 import subject_pb2
from aboveboard_server.ids import uuid7
from aboveboard_server.privacy import arguments, times
from aboveboard_server.privacy.journal_writer import opt_out_entry
from aboveboard_server.privacy.named import described, kind_number
from aboveboard_server.storage.ports import ADMINISTRATOR, SELF_SERVICE
from aboveboard_server.storage.work import opt_outs as work
from aboveboard_server.storage.work.audit import Act

if TYPE_CHECKING:
    from aboveboard_server.privacy.doubts import Doubts
    from aboveboard_server.privacy.journal_writer import JournalWriter
    from aboveboard_server.privacy.named import SubjectReader
    from aboveboard_server.storage.ports import EventStore, SubjectRecord
    from aboveboard_server.storage.privacy_tables import OptOutRow

ORIGINS = {
    ADMINISTRATOR: subject_pb2.ORIGIN_ADMINISTRATOR,
    SELF_SERVICE: subject_pb2.ORIGIN_SELF_SERVICE,
}
ORIGIN_NAMES: dict[int, str | None] = {
    subject_pb2.ORIGIN_UNSPECIFIED: None,
    **{number: name for name, number in ORIGINS.items()},
}
ACTIVE: dict[int, bool | None] = {
    o.OptOut.STATE_UNSPECIFIED: None,
    o.OptOut.STATE_ACTIVE: True,
    o.OptOut.STATE_REVOKED: False,
}


class OptOuts:
    """What AdminService promises of opt-outs."""

    def __init__(
        self, store: EventStore, subjects: SubjectReader, journal: JournalWriter, doubts: Doubts
    ) -> None:
        self._store = store
        self._subjects = subjects
        self._journal = journal
        self._doubts = doubts

    async def create(self, request: o.CreateOptOutRequest, actor: str) -> o.OptOut:
        """Opt a Subject out; in force everywhere once this has returned."""
        subject = await self._subjects.read(request)
        reference = arguments.reference(request.reference)
        request_id = arguments.request_id(request.request_id)
        act = Act(actor, "CreateOptOut", subject.digest, reference, subject.kind)
        return opt_out_message(await self._set(subject, reference, request_id, act))

    async def get(self, request: o.GetOptOutRequest) -> o.OptOut:
        """Return one opt-out."""
        opt_out_id = arguments.uuid(request.opt_out_id, "opt_out_id")
        return opt_out_message(await self._store.read(work.get, opt_out_id))

    async def page(self, request: o.ListOptOutsRequest) -> o.ListOptOutsResponse:
        """Return a page of opt-outs, the newest first."""
        size = arguments.page_size(request.page_size)
        since = None
        if request.HasField("created_since"):
            since = arguments.time(request.created_since, "created_since")
        found = await self._store.read(
            work.page,
            before=arguments.time_and_id(request.page_token),
            limit=size + 1,
            active=arguments.one_of(ACTIVE, request.state, "state"),
            origin=arguments.one_of(ORIGIN_NAMES, request.origin, "origin"),
            since=since,
        )
        response = o.ListOptOutsResponse(opt_outs=[opt_out_message(row) for row in found[:size]])
        if len(found) > size:
            last = found[size - 1]
            response.next_page_token = arguments.time_and_id_token(last.created_at, last.opt_out_id)
        return response

    async def revoke(self, request: o.RevokeOptOutRequest, actor: str) -> o.OptOut:
        """Lift one opt-out."""
        opt_out_id = arguments.uuid(request.opt_out_id, "opt_out_id")
        known = await self._store.read(work.get, opt_out_id)
        act = Act(actor, "RevokeOptOut", known.subject_digest, known.reference, known.subject_kind)
        now = datetime.now(UTC)
        async with self._doubts.unless_done(known.subject_digest, [opt_out_id], lifted_at=now, act=act):
            if known.revoked_at is None:
                await self._journal.revocation([opt_out_id], now)
            return opt_out_message(await self._store.work(work.revoke, opt_out_id, revoked_at=now, act=act))

    async def _set(
        self, subject: SubjectRecord, reference: str, request_id: str | None, act: Act
    ) -> OptOutRow:
        """Opt a Subject out, and return the opt-out that is in force; first the journal tells of it."""
        await self._doubts.settle(subject.digest)
        made = await self._store.read(work.by_request, request_id, subject) if request_id else None
        if made:
            return made
        opt_out_id, now = str(uuid7()), datetime.now(UTC)
        if in_force := await self._store.read(work.in_force, subject, ADMINISTRATOR):
            return await self._store.read(work.get, in_force[0])
        entry = opt_out_entry(subject, opt_out_id, origin=ADMINISTRATOR, reference=reference, created_at=now)
        async with self._doubts.unless_done(subject.digest, [opt_out_id]):
            await self._journal.opt_out(entry)
            row = await self._store.work(
                work.create,
                subject,
                opt_out_id=opt_out_id,
                origin=ADMINISTRATOR,
                created_at=now,
                reference=reference,
                request_id=request_id,
                act=act,
            )
            if row.opt_out_id != opt_out_id:
                # Another one came first: the journal's must not outlive it.
                await self._journal.revocation([opt_out_id], now)
        return row


def opt_out_message(row: OptOutRow) -> o.OptOut:
    """Return an opt-out as messages describe it."""
    return o.OptOut(
        opt_out_id=row.opt_out_id,
        subject=described(row),
        subject_kind=kind_number(row.subject_kind),
        subject_digest=row.subject_digest,
        reference=row.reference,
        origin=ORIGINS[row.origin],
        state=o.OptOut.STATE_REVOKED if row.revoked_at else o.OptOut.STATE_ACTIVE,
        created_at=times.timestamp(row.created_at),
        revoked_at=times.timestamp(row.revoked_at),
        has_preference_token=row.token_digest is not None,
    )
