"""A service without its listeners: one database, two key directories, a clock that may be wrong, and a model.

Everything is real but the request: the journal's files, the SQLite file, the units of work. The model holds
what was promised, and `check` compares it with what a start has made of the database.
"""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tests.support import erasures
from tests.support.batches import KEY, batch_of
from tests.support.clients import new_id, ping, server_source
from tests.support.clocks import NO_GUARD
from tests.support.in_process import InProcess
from tests.support.server import new_database

from aboveboard_server.ids import uuid7
from aboveboard_server.privacy import journal, journal_compaction, journal_transfer, subjects
from aboveboard_server.privacy.journal_lapse import PAIR, REJECTION, SELF_SERVICE_PAIR
from aboveboard_server.privacy.journal_lines import ClockMark
from aboveboard_server.privacy.journal_writer import JournalWriter, opt_out_entry
from aboveboard_server.privacy.restore import Finder, restore
from aboveboard_server.storage.columns import from_micros, to_micros
from aboveboard_server.storage.ports import ADMINISTRATOR, SELF_SERVICE, SubjectRecord
from aboveboard_server.storage.work import archive, deletions, journalled, opt_outs, waiting_deletions
from aboveboard_server.storage.work.audit import Act

if TYPE_CHECKING:
    from pathlib import Path

    from aboveboard_server.privacy.journal_lines import Entry

SUBJECTS = 3
SERVERS = ("one", "other")


@dataclass
class OptedOut:
    """An opt-out as it was promised."""

    subject: int
    origin: str
    token_digest: bytes | None
    created_at: datetime
    revoked_at: datetime | None = None
    # Both its entries may have gone: an older backup may then have it in force.
    may_return: bool = False


@dataclass
class Model:
    """What must hold after every start."""

    sent: dict[int, set[str]] = field(default_factory=lambda: {one: set() for one in range(SUBJECTS)})
    doomed: set[str] = field(default_factory=set)
    # By subject the latest cut-off of each of its deletions.
    deleted: dict[int, dict[str, datetime]] = field(
        default_factory=lambda: {one: {} for one in range(SUBJECTS)}
    )
    rejected: dict[str, datetime] = field(default_factory=dict)
    opted_out: dict[str, OptedOut] = field(default_factory=dict)
    released: dict[str, int] = field(default_factory=dict)


class Service:
    """Does what requests do, in the order in which the service does it: first the journal, then the store.

    Where an operation `crashes`, the process dies between the two, and is started again.
    """

    def __init__(self, folder: Path) -> None:
        self.model = Model()
        self.true_time = datetime(2026, 12, 1, tzinfo=UTC)
        self.skew = timedelta()
        self.backups: list[Path] = []
        self._folder = folder
        self._database = folder / "aboveboard.db"
        self._database.write_bytes(new_database(token=""))
        self._sources = [server_source() for _ in range(SUBJECTS)]
        self._key_dirs = [self._key_dir(name) for name in SERVERS]
        self._store: Any = InProcess(self._database)
        self.start()
        self.back_up()

    @property
    def now(self) -> datetime:
        """What the server's clock shows."""
        return self.true_time + self.skew

    def send(self, one: int) -> None:
        """Send an event, which is refused where it must be."""
        tombstone = self._query(
            "SELECT cut_off_at FROM tombstone WHERE subject_digest = ?", self._digest(one)
        )
        if tombstone and to_micros(self.now) <= tombstone[0][0]:
            return
        event = ping(event_id=new_id())
        event.occurred_at.FromDatetime(self.now)
        (done,) = self._store.commit([batch_of(self._sources[one], event, received_at=to_micros(self.now))])
        if not done.opted_out:
            self.model.sent[one].add(event.event_id)

    def delete(self, one: int, server: int, *, crashes: bool) -> None:
        """Delete a subject."""
        self._begin(one, str(uuid7()), server, crashes=crashes, unit=deletions.begin)

    def ask(self, one: int) -> None:
        """Ask for a deletion that waits, which no journal knows."""
        order = deletions.Order(str(uuid7()), SELF_SERVICE, self.now)
        self._work(waiting_deletions.ask, self._subject(one), order, self._act(one))

    def confirm(self, place: int, server: int, *, crashes: bool) -> None:
        """Confirm one of the deletions that wait."""
        if waiting := self._waiting():
            deletion_id, one = waiting[place % len(waiting)]
            self._begin(one, deletion_id, server, crashes=crashes, unit=deletions.restore)

    def reject(self, place: int, server: int, *, crashes: bool) -> None:
        """Reject one of the deletions that wait."""
        if not (waiting := self._waiting()):
            return
        deletion_id, one = waiting[place % len(waiting)]
        asyncio.run(self._journal(server).rejection(deletion_id, self.now))
        self.model.rejected[deletion_id] = self.now
        if not crashes:
            self._work(journalled.reject, deletion_id, at=self.now, act=self._act(one))
        self._restart_if(crashes=crashes)

    def opt_out(self, one: int, server: int, *, by_itself: bool, crashes: bool) -> None:
        """Opt a subject out, unless it is."""
        origin = SELF_SERVICE if by_itself else ADMINISTRATOR
        if self._query(
            "SELECT 1 FROM opt_out WHERE subject_digest = ? AND origin = ? AND revoked_at IS NULL",
            self._digest(one),
            origin,
        ):
            return
        opt_out_id, token = str(uuid7()), b"t" * 32 if by_itself else None
        entry = opt_out_entry(
            self._subject(one),
            opt_out_id,
            origin=origin,
            reference="",
            created_at=self.now,
            token_digest=token,
        )
        asyncio.run(self._journal(server).opt_out(entry))
        self.model.opted_out[opt_out_id] = OptedOut(one, origin, token, self.now)
        if not crashes:
            self._work(
                opt_outs.create,
                self._subject(one),
                opt_out_id=opt_out_id,
                origin=origin,
                created_at=self.now,
                act=self._act(one),
                token_digest=token,
            )
        self._restart_if(crashes=crashes)

    def revoke(self, place: int, server: int, *, crashes: bool) -> None:
        """Lift one of the opt-outs in force."""
        in_force = self._query("SELECT opt_out_id FROM opt_out WHERE revoked_at IS NULL ORDER BY opt_out_id")
        if not in_force:
            return
        ((opt_out_id,),) = [in_force[place % len(in_force)]]
        asyncio.run(self._journal(server).revocation([opt_out_id], self.now))
        known = self.model.opted_out[opt_out_id]
        known.revoked_at, known.may_return = self.now, False
        if not crashes:
            self._work(opt_outs.revoke, opt_out_id, revoked_at=self.now, act=self._act(known.subject))
        self._restart_if(crashes=crashes)

    def release(self, month: str, count: int, server: int, *, crashes: bool) -> None:
        """Release a month that was not released, with a number drawn for it."""
        if self._query("SELECT 1 FROM archive_release WHERE month = ? AND released_at IS NOT NULL", month):
            return
        cell = {
            "event_type": "ping",
            "change_type": "",
            "solution": "Connects",
            "count": count,
            "count_expected_error": 1.5,
            "contributors": 12,
            "contributors_expected_error": 0.5,
        }
        decided = self._work(archive.decide, month, [cell], settings={"epsilon": 1.0}, decided_at=self.now)
        asyncio.run(
            self._journal(server).release(
                month,
                decided.cells,
                settings=decided.settings,
                epsilon=decided.epsilon,
                released_at=self.now,
            )
        )
        assert month not in self.model.released, "released twice"
        self.model.released[month] = decided.cells[0]["count"]
        if not crashes:
            assert self._work(archive.publish, month, released_at=self.now)
        self._restart_if(crashes=crashes)

    def back_up(self) -> None:
        """Take a backup of the database alone."""
        path = self._folder / f"backup-{len(self.backups)}"
        with closing(sqlite3.connect(self._database)) as database:
            database.execute("VACUUM INTO ?", [str(path)])
        self.backups.append(path)

    def restore(self, place: int) -> None:
        """Put a backup in the place of the database, and start."""
        self._store.close()
        for path in self._folder.glob("aboveboard.db*"):
            path.unlink()
        shutil.copyfile(self.backups[-1 - place % len(self.backups)], self._database)
        self._store = InProcess(self._database)
        self.start()

    def lose_machine(self) -> None:
        """Have a new key directory from what the first one exports."""
        lines = list(journal_transfer.export(self._key_dirs[0]))
        shutil.rmtree(self._key_dirs[0])
        self._key_dirs[0] = self._key_dir(SERVERS[0])
        assert journal_transfer.merge(self._key_dirs[0], lines).is_closed

    def compact(self, server: int) -> None:
        """Compact a journal, by the right time, most of which has lapsed."""
        journal.append(self._key_dirs[server], [ClockMark(1)] * (len(self._read(server)) + 3))
        if (
            journal_compaction.compact(self._key_dirs[server], to_micros(self.true_time), least_bytes=0)
            is None
        ):
            return
        for known in self.model.opted_out.values():
            if known.revoked_at is None:
                continue
            # One that held for a moment is hardly in a backup; it may be, and comes back then.
            is_brief = timedelta() <= known.revoked_at - known.created_at < SELF_SERVICE_PAIR
            life = SELF_SERVICE_PAIR if known.origin == SELF_SERVICE and is_brief else PAIR
            if known.revoked_at < self.true_time - life:
                known.may_return = True
        for deletion_id, rejected_at in list(self.model.rejected.items()):
            if rejected_at < self.true_time - REJECTION:
                del self.model.rejected[deletion_id]

    def start(self) -> None:
        """Start as the first server does, with all that the other's journal says; erase what is to be."""
        for here, there in ((0, 1), (1, 0)):
            with suppress(FileNotFoundError):
                journal_transfer.merge(self._key_dirs[here], journal_transfer.export(self._key_dirs[there]))
        asyncio.run(restore(self._store, self._journal(0), Finder(self._store, KEY), NO_GUARD))
        running = self._query("SELECT deletion_id FROM deletion WHERE state = 'RUNNING'")
        for (deletion_id,) in running:
            asyncio.run(erasures.carry_out(self._store, deletion_id))
        self.check()

    def check(self) -> None:
        """Compare what a start has made of the database with what was promised."""
        stored = {found for (found,) in self._query("SELECT event_id FROM ping")}
        assert not stored & self.model.doomed
        for one, begun in self.model.deleted.items():
            cut_offs = self._query(
                "SELECT cut_off_at FROM tombstone WHERE subject_digest = ?", self._digest(one)
            )
            assert not begun or from_micros(cut_offs[0][0]) >= max(begun.values())
            if not begun:
                assert not cut_offs
        states = dict(self._query("SELECT deletion_id, state FROM deletion"))
        promised = {deletion_id for begun in self.model.deleted.values() for deletion_id in begun}
        assert promised <= {found for found, state in states.items() if state in journalled.BEGUN}
        assert not [found for found in self.model.rejected if states.get(found) == deletions.PENDING]
        self._check_opt_outs()
        months = "SELECT month, count FROM archived_aggregate JOIN archive_release USING (month)"
        assert dict(self._query(f"{months} WHERE released_at IS NOT NULL")) == self.model.released

    def close(self) -> None:
        """Let go of the files."""
        self._store.close()

    def _check_opt_outs(self) -> None:
        in_force = {
            (subject, origin)
            for subject, origin in self._query(
                "SELECT subject_digest, origin FROM opt_out WHERE revoked_at IS NULL"
            )
        }
        must = {
            (self._digest(known.subject), known.origin)
            for known in self.model.opted_out.values()
            if known.revoked_at is None
        }
        may = must | {
            (self._digest(known.subject), known.origin)
            for known in self.model.opted_out.values()
            if known.may_return
        }
        assert must <= in_force <= may
        tokens = self._query("SELECT opt_out_id, token_digest FROM opt_out")
        assert {self.model.opted_out[found].token_digest == token for found, token in tokens} <= {True}

    def _begin(self, one: int, deletion_id: str, server: int, *, crashes: bool, unit: Any) -> None:
        subject = self._subject(one)
        asyncio.run(self._journal(server).deletion(subject, deletion_id, self.now))
        self.model.deleted[one][deletion_id] = self.now
        self.model.doomed |= self.model.sent[one]
        if not crashes:
            order = deletions.Order(deletion_id, ADMINISTRATOR, self.now)
            self._work(unit, subject, order, self._act(one))
        self._restart_if(crashes=crashes)

    def _restart_if(self, *, crashes: bool) -> None:
        if crashes:
            self.start()

    def _key_dir(self, name: str) -> Path:
        folder = self._folder / name
        folder.mkdir()
        (folder / "digest.key").write_bytes(KEY)
        return folder

    def _read(self, server: int) -> list[Entry]:
        return journal.read(self._key_dirs[server])

    def _journal(self, server: int) -> JournalWriter:
        return JournalWriter(self._key_dirs[server], self._store.make_room)

    def _waiting(self) -> list[tuple[str, int]]:
        found = self._query(
            "SELECT deletion_id, subject_digest FROM deletion WHERE state = ? ORDER BY deletion_id",
            deletions.PENDING,
        )
        by_digest = {self._digest(one): one for one in range(SUBJECTS)}
        return [(deletion_id, by_digest[digest]) for deletion_id, digest in found]

    def _subject(self, one: int) -> SubjectRecord:
        uuid = self._sources[one].server.server_uuid
        return SubjectRecord(subjects.SERVER, self._digest(one), server_uuid=uuid)

    def _digest(self, one: int) -> bytes:
        return subjects.digest(KEY, subjects.SERVER, [self._sources[one].server.server_uuid])

    def _act(self, one: int) -> Act:
        return Act("test", "Test", self._digest(one))

    def _work(self, unit: Any, *args: Any, **kwargs: Any) -> Any:
        return asyncio.run(self._store.work(unit, *args, **kwargs))

    def _query(self, statement: str, *parameters: Any) -> list[Any]:
        with closing(sqlite3.connect(f"{self._database.as_uri()}?mode=ro", uri=True)) as database:
            return database.execute(statement, parameters).fetchall()
