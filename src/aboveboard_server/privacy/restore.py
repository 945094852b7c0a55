"""Applies what the journal knows and the database does not: a restored backup resurrects nobody."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import structlog

from aboveboard_server.privacy import subjects
from aboveboard_server.privacy.audit import SERVER_ACTOR
from aboveboard_server.privacy.journal_lines import KeyRevocation, OptOut, Revocation, Tombstone
from aboveboard_server.schema.erasure import NAMED_BY
from aboveboard_server.storage.columns import from_micros
from aboveboard_server.storage.ports import ADMINISTRATOR, SubjectRecord
from aboveboard_server.storage.work import access_keys, deletions, erasing, opt_outs
from aboveboard_server.storage.work.audit import Act

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from aboveboard_server.privacy.journal_writer import JournalWriter
    from aboveboard_server.storage.ports import EventStore

log = structlog.get_logger()

# Rows that are looked at together where Subjects are searched for by their digests.
PAGE = 5_000
ACTION = "RestoreFromJournal"


class Finder:
    """Finds the names of Subjects that are known by their digests alone, in whatever the store holds."""

    def __init__(self, store: EventStore, digest_key: bytes) -> None:
        self._store = store
        self._digest_key = digest_key

    async def named(self, subject: SubjectRecord) -> SubjectRecord:
        """Return a Subject with its names; without, where the store holds nothing of it."""
        if subject.company_id or subject.server_uuid:
            return subject
        return (await self.find([subject])).get(subject.digest, subject)

    async def find(self, wanted: Collection[SubjectRecord]) -> dict[bytes, SubjectRecord]:
        """Return those of whom the store holds something, by their digests."""
        by_digest = {subject.stored_digest or subject.digest: subject for subject in wanted}
        found: dict[bytes, SubjectRecord] = {}
        for table in erasing.keyed_tables():
            after = None
            while rows := await self._store.read(erasing.keyed_rows, table, after, PAGE):
                for row in rows:
                    for digest, named in self._subjects(row.names):
                        if digest in by_digest:
                            subject = by_digest[digest]
                            found[subject.digest] = replace(
                                named, digest=subject.digest, stored_digest=subject.stored_digest
                            )
                after = rows[-1].place
        return found

    def _subjects(self, names: Mapping[str, str]) -> list[tuple[bytes, SubjectRecord]]:
        """Return every Subject that a row's names name, with its digest as it is stored."""
        digests = subjects.digests(self._digest_key, names)
        if subjects.USER in digests:
            digests[subjects.USER] = subjects.stored_user(
                self._digest_key,
                names[subjects.COMPANY],
                names[subjects.DEPLOYMENT],
                names[subjects.USER],
            )
        return [
            (digest, _named(kind, digest, {part: names[part] for part in NAMED_BY[kind]}))
            for kind, digest in digests.items()
        ]


async def restore(store: EventStore, journal: JournalWriter, finder: Finder) -> frozenset[bytes]:
    """Put in force what the journal says and the store does not know; StartupError where it cannot be read.

    To be done before the first answer. What it says of rows is carried out by the eraser. Return the digests
    of the secrets that may let nobody in again, whether the store knows their keys or not.
    """
    entries = await journal.read()
    if not entries:
        await journal.begin()
        return frozenset()
    ended = [entry for entry in entries if isinstance(entry, KeyRevocation)]
    revoked = {entry.opt_out_id: entry.revoked_at for entry in entries if isinstance(entry, Revocation)}
    done = {
        "deletions": await _restore_deletions(
            store, finder, [entry for entry in entries if isinstance(entry, Tombstone)]
        ),
        "opt_outs": await _restore_opt_outs(
            store,
            journal,
            [entry for entry in entries if isinstance(entry, OptOut) and entry.opt_out_id not in revoked],
        ),
        "revocations": await _restore_revocations(store, revoked),
        "keys": await _end_keys(store, ended),
    }
    if any(done.values()):
        log.warning("restored_from_journal", **done)
    return frozenset(entry.secret_digest for entry in ended)


async def _restore_deletions(store: EventStore, finder: Finder, entries: list[Tombstone]) -> int:
    begun = await store.read(deletions.begun)
    # By their ids and never by time: clocks differ, and are set back.
    unknown = {entry.deletion_id: entry for entry in _latest(entries) if entry.deletion_id not in begun}
    if not unknown:
        return 0
    wanted = {
        entry.subject_digest: SubjectRecord(entry.subject_kind, entry.subject_digest, entry.stored_digest)
        for entry in unknown.values()
    }
    found = await finder.find(wanted.values())
    restored = 0
    for entry in unknown.values():
        # One that was taken while the clock was suspect, and never got a cut-off, gets the one of now.
        cut_off_at = datetime.now(UTC) if entry.cut_off_at is None else from_micros(entry.cut_off_at)
        order = deletions.Order(entry.deletion_id, ADMINISTRATOR, cut_off_at, scrub_now=True)
        subject = found.get(entry.subject_digest, wanted[entry.subject_digest])
        act = Act(SERVER_ACTOR, ACTION, entry.subject_digest, details=entry.subject_kind)
        restored += await store.work(deletions.restore, subject, order, act)
    return restored


def _latest(entries: list[Tombstone]) -> list[Tombstone]:
    """Return one tombstone for each deletion: that with its latest cut-off."""
    found: dict[str, Tombstone] = {}
    for entry in entries:
        known = found.get(entry.deletion_id)
        if known is None or (known.cut_off_at or 0) < (entry.cut_off_at or 0):
            found[entry.deletion_id] = entry
    return list(found.values())


async def _restore_opt_outs(store: EventStore, journal: JournalWriter, entries: list[OptOut]) -> int:
    known = await store.read(opt_outs.known)
    unknown = [entry for entry in entries if entry.opt_out_id not in known]
    for entry in unknown:
        created_at = from_micros(entry.created_at)
        row = await store.work(
            opt_outs.create,
            SubjectRecord(entry.subject_kind, entry.subject_digest, entry.stored_digest),
            opt_out_id=entry.opt_out_id,
            origin=entry.origin,
            created_at=created_at,
            reference=entry.reference,
            token_digest=entry.token_digest,
            act=Act(SERVER_ACTOR, ACTION, entry.subject_digest, entry.reference, entry.subject_kind),
        )
        if row.opt_out_id != entry.opt_out_id:
            # Another one says the same: with it, this one must end as well.
            await journal.revocation([entry.opt_out_id], created_at)
    return len(unknown)


async def _restore_revocations(store: EventStore, revoked: Mapping[str, int]) -> int:
    known = await store.read(opt_outs.known)
    due = [opt_out_id for opt_out_id in revoked if known.get(opt_out_id)]
    for opt_out_id in due:
        row = await store.read(opt_outs.get, opt_out_id)
        act = Act(SERVER_ACTOR, ACTION, row.subject_digest, row.reference, row.subject_kind)
        await store.work(opt_outs.revoke, opt_out_id, revoked_at=from_micros(revoked[opt_out_id]), act=act)
    return len(due)


async def _end_keys(store: EventStore, entries: list[KeyRevocation]) -> int:
    in_force = {key.key_id for key in await store.read(access_keys.in_force)}
    due = {entry.key_id: entry for entry in entries if entry.key_id in in_force}
    for key_id, entry in due.items():
        row = await store.read(access_keys.get, key_id)
        act = Act(SERVER_ACTOR, ACTION, row.company_digest or b"", details=f"{row.kind} {key_id}")
        await store.work(access_keys.revoke, key_id, revoked_at=from_micros(entry.revoked_at), act=act)
    return len(due)


def _named(kind: str, digest: bytes, names: Mapping[str, str]) -> SubjectRecord:
    return SubjectRecord(
        kind,
        digest,
        company_id=names.get(subjects.COMPANY),
        deployment_id=names.get(subjects.DEPLOYMENT),
        server_uuid=names.get(subjects.SERVER),
        user_id=names.get(subjects.USER),
    )
