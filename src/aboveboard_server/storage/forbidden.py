"""What may not be stored, as it is held in memory: opted-out Subjects, and the tombstones of deleted ones.

Every change has the epoch of the database in which it was made. Whoever knows an epoch asks for what came
later, and a commit that meets a tombstone newer than what its batch was sorted by sends the batch back.
"""

from __future__ import annotations

import marshal
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# What a change is of: the epoch itself (its recent incarnations, its number, its own incarnation), an opt-out
# (whether in force), a tombstone (cut-off, epoch).
EPOCH, OPT_OUT, TOMBSTONE = "epoch", "opt_out", "tombstone"
Change: TypeAlias = "tuple[str, bytes | None, int, int]"
# An epoch, the Subjects that are opted out as bytes, and a change for each tombstone.
Known: TypeAlias = "tuple[int, bytes, list[Change]]"

EPOCH_AS_CHANGE = f"SELECT '{EPOCH}', recent_incarnations, epoch, incarnation FROM ingest_epoch"
# Opt-outs and tombstones that are taken in together at the start: as rows they take twice their memory.
CHANGES_AT_ONCE = 10_000
# Before every epoch, those below 0 included, which somebody may have set by hand.
BEGINNING = -(1 << 62)


class Tombstone(NamedTuple):
    """Nothing of a Subject is taken that occurred at or before `cut_off`, in µs since 1970."""

    cut_off: int
    epoch: int


class Forbidden:
    """What may not be stored, as of `epoch`; nothing is known before the first changes are taken in."""

    def __init__(self) -> None:
        self.epoch = -1
        # What is added to the epochs that the database counts, and the first epoch since that last changed:
        # see `postgres_known`.
        self.base, self.floor = 0, -1
        self.opted_out: set[bytes] = set()
        self.erased: dict[bytes, Tombstone] = {}
        # The epoch of the newest tombstone.
        self.erased_epoch = -1

    def take(self, changes: Iterable[Change]) -> None:
        """Take in what `changes_since` has read, unless something newer was taken in meanwhile."""
        found = list(changes)
        epoch = self.base + next(value for kind, _, value, _ in found if kind == EPOCH)
        if epoch < self.epoch:
            return
        self.learn(found, epoch)
        self.epoch = epoch

    def learn(self, changes: Iterable[Change], epoch: int) -> None:
        """Take in a part of the changes up to an epoch, which is known once all of them are."""
        for kind, digest, value, made_in in changes:
            if kind == EPOCH or digest is None:
                continue
            if kind == TOMBSTONE:
                # It is known by now, whatever its number: one may be left of an epoch that was set back.
                known_since = min(self.base + made_in, epoch)
                self.erased[digest] = Tombstone(value, known_since)
                self.erased_epoch = max(self.erased_epoch, known_since)
            elif value:
                self.opted_out.add(digest)
            else:
                self.opted_out.discard(digest)

    def known(self) -> Known:
        """Return all that is known, as `take_known` takes it in another process."""
        erased: list[Change] = [(TOMBSTONE, digest, *found) for digest, found in self.erased.items()]
        # Of version 2: later ones look for objects that occur twice, in three times the memory.
        return self.epoch, marshal.dumps(self.opted_out, 2), erased

    def take_known(self, known: Known) -> None:
        """Know what another process knows of the same database, and nothing else."""
        epoch, opted_out, erased = known
        # Whatever was known before: the file may be another.
        self.epoch = -1
        self.opted_out, self.erased = marshal.loads(opted_out), {}  # noqa: S302  # from our own other half
        self.take([(EPOCH, None, epoch, epoch), *erased])

    def clear(self) -> None:
        """Forget everything but the epoch, to take it in again."""
        self.opted_out, self.erased = set(), {}
        # Caches that follow it are not older than a fall, see `erased_after`.
        self.erased_epoch = self.floor

    def allows(self, subjects: Iterable[bytes]) -> bool:
        """Whether none of these Subjects has opted out."""
        return self.opted_out.isdisjoint(subjects)

    def cut_off(self, subjects: Sequence[bytes]) -> int | None:
        """Return the latest cut-off of a deletion of these Subjects, in µs; None where there is none."""
        if self.erased.keys().isdisjoint(subjects):
            return None
        return max(found.cut_off for subject in subjects if (found := self.erased.get(subject)))

    def erased_since(self, subjects: Sequence[bytes], epoch: int) -> bool:
        """Whether one of these Subjects was deleted after that epoch, or may have been: see `floor`."""
        if epoch < self.floor:
            return True
        if self.epoch <= epoch or self.erased.keys().isdisjoint(subjects):
            return False
        return any(found.epoch > epoch for subject in subjects if (found := self.erased.get(subject)))

    def counted(self, epoch: int) -> int:
        """Return an epoch as the database counts it; one before all, where the database went back since."""
        return BEGINNING if epoch < self.floor else epoch - self.base

    def erased_after(self, epoch: int) -> set[bytes]:
        """Return every Subject that was deleted after that epoch."""
        return {digest for digest, found in self.erased.items() if found.epoch > epoch}


def changes_since(parameter: str, cut_off: str) -> str:
    """Return the statement that reads every change after an epoch, with `parameter` as its placeholder.

    One statement sees one moment: an epoch never goes with the changes of another. `cut_off` is the
    expression that reads that column in µs.
    """
    parts = [EPOCH_AS_CHANGE]
    for digest in ("subject_digest", "stored_digest"):
        # Of a row in force no other one need be looked at: a million of them are read in a second. What is
        # known of a user by its stored digest goes by the Subject as well: another refusal may be in force.
        parts.append(
            f"SELECT '{OPT_OUT}', {digest}, CASE WHEN revoked_at IS NULL THEN 1 WHEN EXISTS"
            " (SELECT 1 FROM opt_out other WHERE other.subject_digest = opt_out.subject_digest"
            " AND other.revoked_at IS NULL) THEN 1 ELSE 0 END, 0"
            f" FROM opt_out WHERE epoch > {parameter} AND {digest} IS NOT NULL"
        )
        parts.append(
            f"SELECT '{TOMBSTONE}', {digest}, {cut_off}, epoch FROM tombstone"
            f" WHERE epoch > {parameter} AND {digest} IS NOT NULL"
        )
    return " UNION ALL ".join(parts)


# How often `changes_since` wants its parameter.
PARAMETERS = 4
