"""From when on an entry of the journal may go: then nothing that it forbids can come back.

What is left out is told of nowhere else, so that each rule says what could still bring it back, and how long.
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from heapq import heappush, heappushpop
from typing import TYPE_CHECKING, Any

from aboveboard_server.privacy.journal_lines import (
    Begun,
    ClockMark,
    KeyRevocation,
    OptOut,
    Rejection,
    ReleaseCell,
    ReleaseCommit,
    Revocation,
    Tombstone,
)
from aboveboard_server.schema.expiry import GRACE_DAYS, LONGEST_DAYS
from aboveboard_server.settings import MAX_LAPSE_DAYS
from aboveboard_server.storage.columns import MICROSECOND
from aboveboard_server.storage.id_set import IdSet, packed
from aboveboard_server.storage.ports import SELF_SERVICE

if TYPE_CHECKING:
    from collections.abc import Callable

    from aboveboard_server.privacy.journal_lines import Entry

# No event lives longer, in whatever backup.
TOMBSTONE = timedelta(days=LONGEST_DAYS + GRACE_DAYS)
# An older backup would opt the subject out again, and only an administrator lifts that: the source forgets
# its token once it has lifted.
PAIR = timedelta(days=35)
# Anybody may write pairs of a source's own, so that most must go soon: those that held for less than this
# go as soon after, for hardly a backup has them in force.
SELF_SERVICE_PAIR = timedelta(hours=1)
# Of the others, which whoever has patience may write as well, the newest stay: some 80 MB.
MOST_OWN_PAIRS = 100_000
# A deletion that waits lapses sooner, in whatever backup and however --deletion-lapse-days is set.
REJECTION = timedelta(days=MAX_LAPSE_DAYS + 5)


def has_lapsed(cut_off_at: int, now: int) -> bool:
    """Whether the tombstone of a cut-off, in µs as the time is, forbids nothing any more."""
    return cut_off_at < now - TOMBSTONE // MICROSECOND


class Lapse:
    """Decides by the journal as a whole, read once to `learn` and once more to ask what it `keeps`.

    In between, where it `must_weigh`, once to `weigh`.
    """

    def __init__(self, now: int) -> None:
        self._now = now
        self._pairs, self._rejections, self._own_pairs = (
            now - life // MICROSECOND for life in (PAIR, REJECTION, SELF_SERVICE_PAIR)
        )
        # Opt-outs that were lifted long enough ago for one of a source itself, with when, and for any.
        self._lifted: dict[bytes, int] = {}
        self._long_lifted = IdSet()
        self._gone = IdSet()
        # When the newest of a source's own pairs were lifted that are not brief.
        self._newest: list[int] = []
        # Deletions that got their cut-off later.
        self._cut_off: set[str] = set()
        # By which acceptance of the clock the cut-offs of deletions were set back last, where they were.
        self._accepted: dict[str, int] = {}
        self._cells: Counter[str] = Counter()
        self._months: set[str] = set()
        self._releases: set[str] = set()
        self._newest_mark: ClockMark | None = None
        # A journal without any entry would be one that was lost.
        self.is_begun = False
        self._once: set[tuple[str, str]] = set()
        self._rules: dict[type[Entry], Callable[[Any], bool]] = {
            Begun: lambda _: self._is_first("begun", ""),
            Tombstone: self._keeps_tombstone,
            Rejection: lambda entry: entry.rejected_at >= self._rejections,
            OptOut: self._keeps_opt_out,
            Revocation: self._keeps_revocation,
            KeyRevocation: lambda entry: self._is_first("key", entry.key_id),
            ReleaseCell: lambda entry: entry.release_id in self._releases,
            ReleaseCommit: lambda entry: entry.release_id in self._releases,
            ClockMark: lambda entry: entry == self._newest_mark and self._is_first("mark", ""),
        }

    def learn(self, entry: Entry) -> None:
        """Take in an entry."""
        if isinstance(entry, Revocation):
            self._learn_revocation(entry)
        elif isinstance(entry, Tombstone):
            if entry.cut_off_at is not None:
                self._cut_off.add(entry.deletion_id)
            if entry.acceptance > self._accepted.get(entry.deletion_id, 0):
                self._accepted[entry.deletion_id] = entry.acceptance
        elif isinstance(entry, ReleaseCell):
            self._cells[entry.release_id] += 1
        elif isinstance(entry, ReleaseCommit):
            self._learn_release(entry)
        elif isinstance(entry, ClockMark):
            if self._newest_mark is None or self._newest_mark.rank < entry.rank:
                self._newest_mark = entry
        elif isinstance(entry, Begun):
            self.is_begun = True

    def _learn_revocation(self, entry: Revocation) -> None:
        if entry.revoked_at < self._pairs:
            self._long_lifted.add(entry.opt_out_id)
        elif entry.revoked_at < self._own_pairs:
            self._lifted[packed(entry.opt_out_id)] = entry.revoked_at

    def _learn_release(self, entry: ReleaseCommit) -> None:
        # The first one of a month is the one that comes back.
        if entry.month not in self._months and self._cells[entry.release_id] == entry.cells:
            self._months.add(entry.month)
            self._releases.add(entry.release_id)

    @property
    def must_weigh(self) -> bool:
        """Whether a source's own pairs may be more than are kept."""
        return len(self._lifted) > MOST_OWN_PAIRS

    def weigh(self, entry: Entry) -> None:
        """Take in an entry a second time, once all were learnt."""
        if not isinstance(entry, OptOut) or entry.origin != SELF_SERVICE:
            return
        lifted_at = self._lifted.get(packed(entry.opt_out_id))
        if lifted_at is None or _is_brief(entry, lifted_at):
            return
        if len(self._newest) < MOST_OWN_PAIRS:
            heappush(self._newest, lifted_at)
        else:
            heappushpop(self._newest, lifted_at)

    def keeps(self, entry: Entry) -> bool:
        """Whether an entry must stay; to be asked of each in its order."""
        return self._rules[type(entry)](entry)

    def _keeps_tombstone(self, entry: Tombstone) -> bool:
        if entry.acceptance < self._accepted.get(entry.deletion_id, 0):
            # A cut-off that lay in the future.
            return False
        if entry.cut_off_at is None:
            return entry.deletion_id not in self._cut_off
        return not has_lapsed(entry.cut_off_at, self._now)

    def _keeps_opt_out(self, entry: OptOut) -> bool:
        if entry.opt_out_id in self._long_lifted:
            return False
        lifted_at = self._lifted.get(packed(entry.opt_out_id))
        if entry.origin != SELF_SERVICE or lifted_at is None:
            return True
        if not _is_brief(entry, lifted_at) and lifted_at >= self._oldest_kept:
            return True
        self._gone.add(entry.opt_out_id)
        return False

    @property
    def _oldest_kept(self) -> int:
        """Return when the oldest of a source's own pairs was lifted that is kept, if not all are."""
        return self._newest[0] if len(self._newest) == MOST_OWN_PAIRS else 0

    def _keeps_revocation(self, entry: Revocation) -> bool:
        return entry.opt_out_id not in self._long_lifted and entry.opt_out_id not in self._gone

    def _is_first(self, kind: str, name: str) -> bool:
        """Whether nothing before says the same."""
        if (kind, name) in self._once:
            return False
        self._once.add((kind, name))
        return True


def _is_brief(entry: OptOut, lifted_at: int) -> bool:
    """Whether an opt-out held for a moment; not where the clock was set back meanwhile: nobody knows then."""
    return 0 <= lifted_at - entry.created_at < SELF_SERVICE_PAIR // MICROSECOND
