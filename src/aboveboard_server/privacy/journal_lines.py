"""What the deletion journal says: one entry for each thing that must outlive the database.

Digests only: no entry holds a subject in the clear, nor does a `reference`, which the operator chooses so.
Times are in µs since 1970. `journal_codec` writes entries as lines.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


class JournalError(Exception):
    """Says in one line why the journal, or what is to be imported into it, cannot be used."""


@dataclass(frozen=True, slots=True)
class Begun:
    """Says that a journal was begun at `begun_at`: one without any entry was lost, or is not there yet."""

    begun_at: int


@dataclass(frozen=True, slots=True)
class Tombstone:
    """Refuses a subject's events that occurred at or before `cut_off_at`.

    `stored_digest` is that of `subjects.stored_user`, for a user; None for every other kind, and where the
    company's key was not there to make it. `cut_off_at` is None for a deletion that was taken while the clock
    was suspect: another entry of the same `deletion_id` holds its cut-off once it has one. `acceptance` is
    that of the clock by which a cut-off that lay in the future was set back, 0 where it was not: of one
    deletion's entries that of the latest acceptance counts.
    """

    deletion_id: str
    subject_kind: str
    subject_digest: bytes
    stored_digest: bytes | None
    cut_off_at: int | None
    acceptance: int = 0

    @property
    def rank(self) -> tuple[int, int]:
        """Of one deletion's entries that of the highest rank counts."""
        return self.acceptance, self.cut_off_at or 0


@dataclass(frozen=True, slots=True)
class Rejection:
    """Ends a deletion that waited for its confirmation: it is not waiting again after a restore."""

    deletion_id: str
    rejected_at: int


@dataclass(frozen=True, slots=True)
class OptOut:
    """Refuses a subject's events from `created_at`; `stored_digest` as in a Tombstone.

    `token_digest` is the keyed digest of the preference token that lifts it, None where only an administrator
    does.
    """

    opt_out_id: str
    subject_kind: str
    subject_digest: bytes
    stored_digest: bytes | None
    origin: str
    reference: str
    created_at: int
    token_digest: bytes | None = None


@dataclass(frozen=True, slots=True)
class Revocation:
    """Lifts one opt-out at `revoked_at`."""

    opt_out_id: str
    revoked_at: int


@dataclass(frozen=True, slots=True)
class KeyRevocation:
    """Ends one access key at `revoked_at`.

    `secret_digest` is that of its secret, as the database holds it.
    """

    key_id: str
    secret_digest: bytes
    revoked_at: int


@dataclass(frozen=True, slots=True)
class ReleaseCell:
    """Holds one published cell of a month's release; it counts once its release has a ReleaseCommit."""

    release_id: str
    event_type: str
    change_type: str
    solution: str
    count: int
    count_expected_error: float
    contributors: int
    contributors_expected_error: float


@dataclass(frozen=True, slots=True)
class ReleaseCommit:
    """Closes a month's release of that many `cells`: from here on the month is never drawn again.

    `settings` are those that it was drawn under, as a JSON object.
    """

    release_id: str
    month: str
    cells: int
    epsilon: float
    settings: str
    released_at: int


@dataclass(frozen=True, slots=True)
class ClockMark:
    """Says that the servers' own clock has shown `at` after an administrator had accepted it so many times.

    Of several that of the latest acceptance counts, and of these the newest: a clock may be accepted that
    shows an earlier time.
    """

    at: int
    acceptance: int = 0

    @property
    def rank(self) -> tuple[int, int]:
        """Of several that of the highest rank counts."""
        return self.acceptance, self.at


Entry: TypeAlias = (
    Begun
    | Tombstone
    | Rejection
    | OptOut
    | Revocation
    | KeyRevocation
    | ReleaseCell
    | ReleaseCommit
    | ClockMark
)
