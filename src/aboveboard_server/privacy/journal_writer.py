"""The journal as the service writes it: before what it tells is put in force, and off the event loop."""

from __future__ import annotations

import asyncio
import errno
from contextlib import closing
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

import structlog

from aboveboard_server.errors import StartupError, StoreUnavailableError
from aboveboard_server.privacy import journal, journal_entries
from aboveboard_server.privacy.journal_lines import (
    Begun,
    ClockMark,
    Entry,
    JournalError,
    KeyRevocation,
    OptOut,
    Rejection,
    Revocation,
    Tombstone,
)
from aboveboard_server.privacy.keys import sync_folder
from aboveboard_server.reserve import Reserve
from aboveboard_server.storage.columns import to_micros

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
    from pathlib import Path

    from aboveboard_server.storage.ports import SubjectRecord

log = structlog.get_logger()

# Kept free beside the journal: some thousand entries.
RESERVE = "journal.reserve"
RESERVE_BYTES = 1 << 20
# Lines that are read at once.
CHUNK = 5_000


class JournalWriter:
    """Appends to the journal in a folder. What appends returns when its entry would survive a power cut.

    StoreUnavailableError where it cannot be written: nothing may be put in force then. On a full disk
    `make_room` is asked first, for the store may be on the same disk, and keeps more free.
    """

    def __init__(self, folder: Path, make_room: Callable[[], Awaitable[None]]) -> None:
        self._folder = folder
        self._make_room = make_room
        self._reserve = Reserve(folder / RESERVE, RESERVE_BYTES)

    async def deletion(
        self,
        subject: SubjectRecord,
        deletion_id: str,
        cut_off_at: datetime | None,
        opt_out: OptOut | None = None,
    ) -> None:
        """Tell of a tombstone, and of the opt-out that is made in the same step.

        Without a cut-off, which is told of later, where the clock is suspect.
        """
        cut_off = None if cut_off_at is None else to_micros(cut_off_at)
        tombstone = Tombstone(deletion_id, subject.kind, subject.digest, subject.stored_digest, cut_off)
        await self._append(tombstone, *([opt_out] if opt_out else []))

    async def rejection(self, deletion_id: str, rejected_at: datetime) -> None:
        """Tell of a deletion that waited and is rejected."""
        await self._append(Rejection(deletion_id, to_micros(rejected_at)))

    async def opt_out(self, entry: OptOut) -> None:
        """Tell of an opt-out."""
        await self._append(entry)

    async def revocation(self, opt_out_ids: list[str], revoked_at: datetime) -> None:
        """Tell of opt-outs that are lifted."""
        if opt_out_ids:
            await self._append(*(Revocation(found, to_micros(revoked_at)) for found in opt_out_ids))

    async def key_revocation(self, key_id: str, secret_digest: bytes, revoked_at: datetime) -> None:
        """Tell of an access key that is revoked."""
        await self._append(KeyRevocation(key_id, secret_digest, to_micros(revoked_at)))

    async def release(
        self,
        month: str,
        cells: Sequence[Mapping[str, Any]],
        *,
        settings: Mapping[str, Any],
        epsilon: float,
        released_at: datetime,
    ) -> None:
        """Tell of a month's release with all its published cells."""
        entries = journal_entries.release(
            month, cells, settings=settings, epsilon=epsilon, released_at=released_at
        )
        await self._append(*entries)

    async def clock_mark(self, at: datetime, acceptance: int = 0) -> None:
        """Tell what time the servers' own clock has shown, after so many acceptances of it."""
        await self._append(ClockMark(to_micros(at), acceptance))

    async def cut_off(
        self, subject: SubjectRecord, deletion_id: str, cut_off_at: datetime, lifted: list[str]
    ) -> None:
        """Tell of the cut-off of a deletion that waited for it, and of the opt-outs that end with that."""
        at = to_micros(cut_off_at)
        tombstone = Tombstone(deletion_id, subject.kind, subject.digest, subject.stored_digest, at)
        await self._append(tombstone, *(Revocation(found, at) for found in lifted))

    async def accepted(self, tombstones: list[Tombstone], at: datetime, acceptance: int) -> None:
        """Tell of a clock that an administrator has accepted, and of the cut-offs that it sets back."""
        await self._append(*tombstones, ClockMark(to_micros(at), acceptance))

    async def begin(self) -> None:
        """Begin a journal where there is none: a file without any entry is one that was lost."""
        await self._append(Begun(to_micros(datetime.now(UTC))))

    async def complete(self, entries: Sequence[Entry]) -> None:
        """Tell of what the database held and the journal did not."""
        await self._append(*entries)

    def is_begun(self) -> bool:
        """Whether there is a journal."""
        return journal.has_entries(self._folder)

    async def settle(self) -> None:
        """Make the file's name last: who put it in place may have been killed before it had done so."""
        await asyncio.to_thread(sync_folder, self._folder)

    async def chunks(self) -> AsyncIterator[list[Entry]]:
        """Yield every entry in order, some at a time; StartupError where the journal cannot be read whole."""
        with closing(journal.stream(self._folder)) as lines:
            while True:
                try:
                    found = await asyncio.to_thread(lambda: list(islice(lines, CHUNK)))
                except (OSError, JournalError) as error:
                    raise StartupError(f"the journal in {self._folder}: {error}") from error
                if not found:
                    return
                yield [line.entry for line in found]

    async def _append(self, *entries: Entry) -> None:
        more_room = iter((self._make_room, self._give_up_reserve))
        while True:
            try:
                await asyncio.to_thread(journal.append, self._folder, entries)
            except (OSError, JournalError) as error:
                make_room = next(more_room, None) if _is_full(error) else None
                if make_room is None:
                    log.error("journal_not_written", error=str(error))  # noqa: TRY400  # it says all there is
                    raise StoreUnavailableError from error
                await make_room()
            else:
                self._reserve.make()
                return

    async def _give_up_reserve(self) -> None:
        self._reserve.release()


def _is_full(error: Exception) -> bool:
    return isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}


def opt_out_entry(  # noqa: PLR0913  # what an opt-out is made of
    subject: SubjectRecord,
    opt_out_id: str,
    *,
    origin: str,
    reference: str,
    created_at: datetime,
    token_digest: bytes | None = None,
) -> OptOut:
    """Return what the journal says of an opt-out."""
    return OptOut(
        opt_out_id,
        subject.kind,
        subject.digest,
        subject.stored_digest,
        origin,
        reference,
        to_micros(created_at),
        token_digest,
    )
