"""What a journal says in all, and the store does not know: read as a stream, however long it is.

Entries may stand in any order and more than once, for files are merged. What is kept while reading is what
the store does not know; of opt-outs and deletions, ids of 16 bytes.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aboveboard_server.privacy.journal_lines import (
    Begun,
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
from aboveboard_server.storage.id_set import IdSet
from aboveboard_server.storage.work.journalled import Held

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, MutableSet


@dataclass(slots=True)
class Due:
    """What is to be put in force, unless the store knows better by now.

    `deletions` by their ids, each with its newest cut-off; `cut_offs` of those that the store knows, which
    were set back; `rejections`, `revocations` with their times; `releases` by month, as they were first
    committed. `keys` is every revocation of a key, and `clock_marks` every time that the
    servers' clock has shown.
    """

    deletions: dict[str, Tombstone] = field(default_factory=dict)
    cut_offs: dict[str, Tombstone] = field(default_factory=dict)
    rejections: dict[str, int] = field(default_factory=dict)
    opt_outs: IdSet = field(default_factory=IdSet)
    revocations: dict[str, int] = field(default_factory=dict)
    keys: list[KeyRevocation] = field(default_factory=list)
    clock_marks: list[ClockMark] = field(default_factory=list)
    releases: dict[str, tuple[ReleaseCommit, list[ReleaseCell]]] = field(default_factory=dict)


class Replay:
    """Compares a journal with what a store holds, by ids; of that `unsaid` is what it does not tell of."""

    def __init__(self, held: Held, waiting: Collection[str] = ()) -> None:
        self.due = Due()
        # Deletions that have begun, and wait in the store for a plausible clock to cut them off.
        self._waiting = waiting
        # Each id is in one of both.
        self.unsaid, self._said = held, Held.nothing()
        # Opt-outs that are not in force and were lifted: they may be told of again.
        self._lifted = IdSet()
        self._cells: dict[str, list[ReleaseCell]] = defaultdict(list)
        self._take: dict[type[Entry], Callable[[Any], object]] = {
            Begun: lambda _: None,
            Tombstone: self._take_tombstone,
            Rejection: self._take_rejection,
            OptOut: self._take_opt_out,
            Revocation: self._take_revocation,
            KeyRevocation: self._take_key,
            ReleaseCell: lambda entry: self._cells[entry.release_id].append(entry),
            ReleaseCommit: self._take_release,
            ClockMark: self.due.clock_marks.append,
        }

    def take(self, entries: Iterable[Entry]) -> None:
        """Take in entries of a journal, in their order."""
        for entry in entries:
            self._take[type(entry)](entry)

    def _take_tombstone(self, entry: Tombstone) -> None:
        # Of a confirmation and a rejection the later line counts: the store may have failed between the first
        # one's line and its row, and then the other was answered.
        self.due.rejections.pop(entry.deletion_id, None)
        if not _say(entry.deletion_id, self.unsaid.deletions, self._said.deletions):
            _keep_highest(self.due.deletions, entry)
        elif entry.cut_off_at is not None:
            if entry.deletion_id in self._waiting:
                # It waits in the store for a cut-off that the journal knows.
                _keep_highest(self.due.deletions, entry)
            elif entry.acceptance:
                _keep_highest(self.due.cut_offs, entry)

    def _take_rejection(self, entry: Rejection) -> None:
        self.due.deletions.pop(entry.deletion_id, None)
        self.due.rejections[entry.deletion_id] = entry.rejected_at

    def _take_opt_out(self, entry: OptOut) -> None:
        is_known = _say(entry.opt_out_id, self.unsaid.opt_outs, self._said.opt_outs)
        if not is_known and entry.opt_out_id not in self._lifted:
            self.due.opt_outs.add(entry.opt_out_id)

    def _take_revocation(self, entry: Revocation) -> None:
        if _say(entry.opt_out_id, self.unsaid.opt_outs, self._said.opt_outs):
            self.due.revocations[entry.opt_out_id] = entry.revoked_at
        else:
            self._lifted.add(entry.opt_out_id)
            self.due.opt_outs.discard(entry.opt_out_id)

    def _take_key(self, entry: KeyRevocation) -> None:
        self.due.keys.append(entry)
        self.unsaid.keys.discard(entry.key_id)

    def _take_release(self, commit: ReleaseCommit) -> None:
        cells = self._cells.pop(commit.release_id, [])
        if len(cells) != commit.cells:
            return
        if not _say(commit.month, self.unsaid.months, self._said.months):
            self.due.releases.setdefault(commit.month, (commit, cells))


def _say(one: str, unsaid: MutableSet[str], said: MutableSet[str]) -> bool:
    """Note that the journal tells of an id, if the store holds it; return whether it does."""
    if one not in unsaid:
        return one in said
    unsaid.discard(one)
    said.add(one)
    return True


def _keep_highest(found: dict[str, Tombstone], entry: Tombstone) -> None:
    """Keep of one deletion's entries the one that counts."""
    known = found.get(entry.deletion_id)
    if known is None or known.rank < entry.rank:
        found[entry.deletion_id] = entry
