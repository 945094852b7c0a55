"""Applies what the journal knows and the database does not: a restored backup resurrects nobody."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

import structlog

from aboveboard_server.errors import StartupError
from aboveboard_server.privacy import subjects
from aboveboard_server.privacy.audit import SERVER_ACTOR
from aboveboard_server.privacy.journal_entries import entries_of
from aboveboard_server.privacy.journal_lines import KeyRevocation, OptOut, Tombstone
from aboveboard_server.privacy.journal_replay import Due, Replay
from aboveboard_server.schema.erasure import NAMED_BY
from aboveboard_server.storage.columns import from_micros, to_micros
from aboveboard_server.storage.ports import ADMINISTRATOR, SubjectRecord
from aboveboard_server.storage.work import (
    access_keys,
    archive,
    cut_offs,
    deletions,
    erasing,
    journalled,
    opt_outs,
)
from aboveboard_server.storage.work.audit import Act

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from aboveboard_server.privacy.clock_guard import ClockGuard
    from aboveboard_server.privacy.journal_writer import JournalWriter
    from aboveboard_server.storage.id_set import IdSet
    from aboveboard_server.storage.ports import EventStore
    from aboveboard_server.storage.work.journalled import Held

log = structlog.get_logger()
T = TypeVar("T")

# Rows that are looked at together where Subjects are searched for by their digests.
PAGE = 5_000
# Opt-outs that are put in force, or lifted, in one transaction: no event is stored meanwhile.
AT_ONCE = 1_000
ACTION = "RestoreFromJournal"
MISSING = (
    "the deletion journal is missing from the key directory, though this database has one; put the newest"
    " back (aboveboard journal import), or where there is none left: aboveboard journal rebuild"
)


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


async def restore(
    store: EventStore, journal: JournalWriter, finder: Finder, guard: ClockGuard
) -> frozenset[bytes]:
    """Put in force what the journal says and the store does not know, and tell it what only the store knows.

    To be done before the first answer; StartupError where the journal cannot be read, or is missing though
    there was one. What it says of rows is carried out by the eraser. Return the digests of the secrets that
    may let nobody in again, whether the store knows their keys or not.
    """
    await _require(store, journal)
    # Before the journal is read: what the store knows by now, the journal knew before.
    waiting = await store.read(journalled.without_cut_off)
    replay = Replay(await store.read(journalled.held), waiting)
    async for entries in journal.chunks():
        replay.take(entries)
    due = replay.due
    # Before anything is written: where nothing is kept of time, what is written tells it.
    await guard.start(due.clock_marks)
    done = {
        "cut_offs": await _set_back(store, due.cut_offs),
        "deletions": await _restore_deletions(store, finder, due.deletions),
        "rejections": await _restore_rejections(store, due.rejections),
        # Before the opt-outs: one that is lifted must not stand for one that came after it.
        "revocations": await _restore_revocations(store, due.revocations),
        "opt_outs": await _restore_opt_outs(store, journal, due.opt_outs) if due.opt_outs else 0,
        "keys": await _end_keys(store, due.keys),
        "releases": await _restore_releases(store, due),
    }
    if any(done.values()):
        log.warning("restored_from_journal", **done)
    # What has lapsed by a plausible clock was left out of the journal, and stays out.
    now = None if guard.suspicion else to_micros(guard.clock.now())
    await _complete(store, journal, replay.unsaid, now)
    return frozenset(entry.secret_digest for entry in due.keys)


async def _require(store: EventStore, journal: JournalWriter) -> None:
    """Begin the journal of a new database; StartupError where one that has a journal is without it."""
    if journal.is_begun():
        await journal.settle()
    elif not await store.read(journalled.needs_journal):
        await journal.begin()
    elif not journal.is_begun():
        # Asked again: another process may have begun both since.
        raise StartupError(MISSING)
    await store.pin_keys({journalled.MARK: "begun"})


async def _complete(store: EventStore, journal: JournalWriter, unsaid: Held, now: int | None) -> None:
    """Tell the journal of what it lacks: one put back from an older copy, or of an earlier version."""
    count = 0
    async for entries in entries_of(store, unsaid, now):
        if entries:
            await journal.complete(entries)
        count += len(entries)
    if count:
        log.warning("journal_completed", entries=count)


async def _restore_deletions(store: EventStore, finder: Finder, unknown: Mapping[str, Tombstone]) -> int:
    """Begin deletions by their ids and never by time: clocks differ, and are set back.

    One that no database ever knew is begun too, for nothing tells it from one that a backup has lost.
    """
    if not unknown:
        return 0
    wanted = {
        entry.subject_digest: SubjectRecord(entry.subject_kind, entry.subject_digest, entry.stored_digest)
        for entry in unknown.values()
    }
    found = await finder.find(wanted.values())
    restored = 0
    for entry in unknown.values():
        # One that was taken while the clock was suspect, and has no cut-off yet, goes on waiting for one.
        at = datetime.now(UTC) if entry.cut_off_at is None else from_micros(entry.cut_off_at)
        order = deletions.Order(
            entry.deletion_id, ADMINISTRATOR, at, scrub_now=True, no_cut_off=entry.cut_off_at is None
        )
        subject = found.get(entry.subject_digest, wanted[entry.subject_digest])
        act = Act(SERVER_ACTOR, ACTION, entry.subject_digest, details=entry.subject_kind)
        restored += await store.work(deletions.restore, subject, order, act)
    return restored


async def _set_back(store: EventStore, entries: Mapping[str, Tombstone]) -> int:
    """Set back the cut-offs that the store has from before an administrator accepted the clock."""
    times = {name: from_micros(one.cut_off_at) for name, one in entries.items() if one.cut_off_at is not None}
    later = await store.read(cut_offs.later, times) if times else {}
    if not later:
        return 0
    act = Act(SERVER_ACTOR, ACTION, details=f"cut-offs set back: {len(later)}")
    return await store.work(cut_offs.set_back, later, act)


async def _restore_rejections(store: EventStore, rejected: Mapping[str, int]) -> int:
    restored = 0
    for row in await store.read(journalled.waiting_rows) if rejected else ():
        if row.deletion_id in rejected:
            act = Act(SERVER_ACTOR, ACTION, row.subject_digest, details=row.subject_kind)
            at = from_micros(rejected[row.deletion_id])
            restored += await store.work(journalled.reject, row.deletion_id, at=at, act=act)
    return restored


async def _restore_opt_outs(store: EventStore, journal: JournalWriter, unknown: IdSet) -> int:
    """Put opt-outs in force again, each once: what was lifted here is not in force, but known."""
    restored = 0
    async for entries in journal.chunks():
        found = {
            entry.opt_out_id: entry
            for entry in entries
            if isinstance(entry, OptOut) and entry.opt_out_id in unknown
        }
        for opt_out_id in found:
            unknown.discard(opt_out_id)
        for some in _batches(found.values()):
            known = await store.read(journalled.known_opt_outs, [entry.opt_out_id for entry in some])
            lost = [_restored(entry) for entry in some if entry.opt_out_id not in known]
            stood_for = await store.work(opt_outs.restore, lost) if lost else []
            # Others say the same: with them, these must end as well.
            await journal.revocation(stood_for, datetime.now(UTC))
            restored += len(lost)
    return restored


def _restored(entry: OptOut) -> opt_outs.Restored:
    return opt_outs.Restored(
        entry.opt_out_id,
        SubjectRecord(entry.subject_kind, entry.subject_digest, entry.stored_digest),
        entry.origin,
        from_micros(entry.created_at),
        entry.reference,
        entry.token_digest,
        Act(SERVER_ACTOR, ACTION, entry.subject_digest, entry.reference, entry.subject_kind),
    )


async def _restore_releases(store: EventStore, due: Due) -> int:
    restored = 0
    for month, (commit, cells) in due.releases.items():
        columns = [asdict(cell) for cell in cells]
        for values in columns:
            del values["release_id"]
        restored += await store.work(
            archive.restore,
            month,
            columns,
            settings=json.loads(commit.settings),
            epsilon=commit.epsilon,
            released_at=from_micros(commit.released_at),
        )
    return restored


async def _restore_revocations(store: EventStore, due: Mapping[str, int]) -> int:
    for some in _batches(due.items()):
        revoked = {opt_out_id: from_micros(at) for opt_out_id, at in some}
        await store.work(opt_outs.revoke_again, revoked, SERVER_ACTOR, ACTION)
    return len(due)


async def _end_keys(store: EventStore, entries: list[KeyRevocation]) -> int:
    in_force = {key.key_id for key in await store.read(access_keys.in_force)}
    due = {entry.key_id: entry for entry in entries if entry.key_id in in_force}
    for key_id, entry in due.items():
        row = await store.read(access_keys.get, key_id)
        act = Act(SERVER_ACTOR, ACTION, row.company_digest or b"", details=f"{row.kind} {key_id}")
        await store.work(access_keys.revoke, key_id, revoked_at=from_micros(entry.revoked_at), act=act)
    return len(due)


def _batches(found: Iterable[T]) -> Iterator[list[T]]:
    left = iter(found)
    while some := list(islice(left, AT_ONCE)):
        yield some


def _named(kind: str, digest: bytes, names: Mapping[str, str]) -> SubjectRecord:
    return SubjectRecord(
        kind,
        digest,
        company_id=names.get(subjects.COMPANY),
        deployment_id=names.get(subjects.DEPLOYMENT),
        server_uuid=names.get(subjects.SERVER),
        user_id=names.get(subjects.USER),
    )
