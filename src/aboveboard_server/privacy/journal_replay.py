"""What a journal says in all, and the store does not know: read as a stream, however long it is.

Entries may stand in any order and more than once, for files are merged. What is kept while reading is what
the store does not know; of opt-outs 16 bytes each.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aboveboard_server.privacy.journal_lines import (
    ClockMark,
    Entry,
    KeyRevocation,
    OptOut,
    Rejection,
    ReleaseCell,
    ReleaseCommit,
    Revocation,
    Tombstone,
)
from aboveboard_server.storage.columns import from_micros
from aboveboard_server.storage.work import deletions, journalled

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import datetime

    from aboveboard_server.storage.ports import EventStore
    from aboveboard_server.storage.work.journalled import Held


@dataclass(slots=True)
class Due:
    """What is to be put in force.

    `deletions` by their ids, each with its newest cut-off; `cut_offs` that are to be set back, with the times
    to which; `rejections`, `revocations` with their times; the
    marks of `opt_outs`; `releases` by month, as they were first committed. `keys` is every revocation of a
    key, and `clock_marks` every time that the servers' clock has shown.
    """

    deletions: dict[str, Tombstone] = field(default_factory=dict)
    cut_offs: dict[str, datetime] = field(default_factory=dict)
    rejections: dict[str, int] = field(default_factory=dict)
    opt_outs: set[bytes] = field(default_factory=set)
    revocations: dict[str, int] = field(default_factory=dict)
    keys: list[KeyRevocation] = field(default_factory=list)
    clock_marks: list[ClockMark] = field(default_factory=list)
    releases: dict[str, tuple[ReleaseCommit, list[ReleaseCell]]] = field(default_factory=dict)


class Replay:
    """Compares a journal with a store; `unsaid` is what the store holds and the journal does not tell of."""

    def __init__(self, store: EventStore, held: Held) -> None:
        self.due = Due()
        self.unsaid = held
        self._published = set(held.months)
        self._store = store
        # Opt-outs that the store does not know and that were lifted: they may be told of again.
        self._lifted: set[bytes] = set()
        self._cells: dict[str, list[ReleaseCell]] = defaultdict(list)

    async def read(self, chunks: AsyncIterator[list[Entry]]) -> None:
        """Take in the entries of a journal."""
        async for entries in chunks:
            await self._take_deletions(entries)
            await self._take_opt_outs(entries)
            for entry in entries:
                if isinstance(entry, KeyRevocation):
                    self.due.keys.append(entry)
                    self.unsaid.keys.discard(entry.key_id)
                elif isinstance(entry, ClockMark):
                    self.due.clock_marks.append(entry)
                elif isinstance(entry, ReleaseCell):
                    self._cells[entry.release_id].append(entry)
                elif isinstance(entry, ReleaseCommit):
                    self._take_release(entry)

    async def _take_deletions(self, entries: list[Entry]) -> None:
        found = [entry for entry in entries if isinstance(entry, Tombstone | Rejection)]
        if not found:
            return
        ids = {entry.deletion_id for entry in found}
        self.unsaid.deletions.difference_update(ids)
        known = await self._store.read(journalled.known_deletions, ids)
        for entry in found:
            one = known.get(entry.deletion_id)
            if isinstance(entry, Rejection):
                if one is not None and one.state == deletions.PENDING:
                    self.due.rejections[entry.deletion_id] = entry.rejected_at
            elif one is None or not one.is_begun:
                self._take_deletion(entry)
            elif entry.cut_off_at is not None:
                if one.cut_off_at is None:
                    # It waits in the store for a cut-off that the journal knows.
                    self._take_deletion(entry)
                elif entry.acceptance and from_micros(entry.cut_off_at) < one.cut_off_at:
                    self._take_cut_off(entry.deletion_id, from_micros(entry.cut_off_at))

    def _take_deletion(self, entry: Tombstone) -> None:
        """Keep an entry unless another one of its deletion counts: see Tombstone.rank."""
        known = self.due.deletions.get(entry.deletion_id)
        if known is None or known.rank < entry.rank:
            self.due.deletions[entry.deletion_id] = entry

    def _take_cut_off(self, deletion_id: str, at: datetime) -> None:
        """Keep the earliest: a cut-off is set back, and never forth."""
        self.due.cut_offs[deletion_id] = min(at, self.due.cut_offs.get(deletion_id, at))

    async def _take_opt_outs(self, entries: list[Entry]) -> None:
        found = [entry for entry in entries if isinstance(entry, OptOut | Revocation)]
        if not found:
            return
        ids = {entry.opt_out_id for entry in found}
        self.unsaid.opt_outs.difference_update(ids)
        known = await self._store.read(journalled.opt_outs, ids)
        for entry in found:
            opt_out_id = entry.opt_out_id
            if opt_out_id in known:
                if isinstance(entry, Revocation) and known[opt_out_id]:
                    self.due.revocations[opt_out_id] = entry.revoked_at
                continue
            marked = mark(opt_out_id)
            if isinstance(entry, Revocation):
                self._lifted.add(marked)
                self.due.opt_outs.discard(marked)
            elif marked not in self._lifted:
                self.due.opt_outs.add(marked)

    def _take_release(self, commit: ReleaseCommit) -> None:
        cells = self._cells.pop(commit.release_id, [])
        if len(cells) != commit.cells:
            return
        self.unsaid.months.discard(commit.month)
        if commit.month not in self._published:
            self.due.releases.setdefault(commit.month, (commit, cells))


def mark(opt_out_id: str) -> bytes:
    """Return what an opt-out is remembered by: its id is three times as large."""
    return hashlib.blake2b(opt_out_id.encode(), digest_size=16).digest()
