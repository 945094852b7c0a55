"""Deletions that were taken while the clock was suspect: they get their cut-offs once it is plausible."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import structlog

from aboveboard_server.privacy.audit import SERVER_ACTOR
from aboveboard_server.storage.work import deletions, erasure_queue, opt_outs
from aboveboard_server.storage.work.audit import Act

if TYPE_CHECKING:
    from aboveboard_server.privacy.clock_guard import ClockGuard
    from aboveboard_server.privacy.journal_writer import JournalWriter
    from aboveboard_server.privacy.restore import Finder
    from aboveboard_server.privacy.sealed_subjects import SealedSubjects
    from aboveboard_server.storage.ports import EventStore
    from aboveboard_server.storage.privacy_tables import DeletionRow

log = structlog.get_logger()


class CutOffs:
    """Cuts off deletions that wait for a plausible clock."""

    def __init__(
        self,
        store: EventStore,
        guard: ClockGuard,
        finder: Finder,
        sealed: SealedSubjects,
        journal: JournalWriter,
    ) -> None:
        self._store = store
        self._guard = guard
        self._finder = finder
        self._sealed = sealed
        self._journal = journal

    async def set_next(self) -> bool:
        """Cut off the next deletion that waits where the clock is plausible; return whether there was one."""
        if self._guard.suspicion:
            return False
        row = await self._store.read(erasure_queue.without_cut_off)
        return row is not None and await self._set(row)

    async def _set(self, row: DeletionRow) -> bool:
        judged = await self._guard.judge()
        if judged.suspicion:
            return False
        at = judged.cut_off
        sealed = await self._sealed.find(row, makes_key=True)
        subject = sealed or await self._finder.named(deletions.subject_of(row))
        lifted = opt_out_of(row.deletion_id)
        ends = [lifted] if await self._store.read(opt_outs.is_in_force, lifted) else []
        # First the journal: where it ends in between, the next start applies what it says.
        await self._journal.cut_off(subject, row.deletion_id, at, ends)
        act = Act(SERVER_ACTOR, "CutOffDeletion", row.subject_digest, row.reference, row.subject_kind)
        done = await self._store.work(
            deletions.cut_off, row.deletion_id, subject, at=at, lifted=lifted, act=act
        )
        log.info("deletion_cut_off", deletion_id=row.deletion_id)
        return done


def opt_out_of(deletion_id: str) -> str:
    """Return the id of the opt-out that is made for a deletion while it waits for its cut-off.

    It follows from the deletion's: whatever was lost, it is known which opt-out ends with the waiting.
    """
    return str(uuid.uuid5(uuid.UUID(deletion_id), "aboveboard: until the clock is plausible"))
