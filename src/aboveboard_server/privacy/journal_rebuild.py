"""A journal made anew from the database alone, where none is left."""

from __future__ import annotations

import fcntl
from typing import TYPE_CHECKING
from uuid import uuid4

from aboveboard_server.privacy import journal
from aboveboard_server.privacy.journal_draft import drafted
from aboveboard_server.privacy.journal_entries import entries_of, tombstone
from aboveboard_server.privacy.journal_lines import Begun, Entry, JournalError
from aboveboard_server.privacy.keys import digest_key
from aboveboard_server.storage.columns import to_micros
from aboveboard_server.storage.work import journalled

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime
    from pathlib import Path

    from aboveboard_server.storage.ports import EventStore


async def rebuild(store: EventStore, folder: Path, now: datetime) -> int:
    """Write a journal of all that the store knows; return how many entries. JournalError where there is one.

    What only the lost journal knew is lost: a backup that is older than this database must not be restored
    under the new one.
    """
    key = digest_key(folder)
    with drafted(folder, key) as draft:
        if draft is None:
            raise JournalError("another process writes the journal anew")
        held = await store.read(journalled.held, lifted=True)
        draft.write(_with_ids([Begun(to_micros(now))]))
        draft.write(_with_ids(tombstone(row) for row in await store.read(journalled.odd_tombstones)))
        async for entries in entries_of(store, held):
            draft.write(_with_ids(entries))
        with journal.opened(folder, fcntl.LOCK_EX):
            if journal.has_entries(folder):
                raise JournalError(f"there is a journal in {folder}: it knows more than the database does")
            draft.replace()
        return draft.lines


def _with_ids(entries: Iterable[Entry]) -> Iterator[tuple[str, Entry]]:
    return ((str(uuid4()), entry) for entry in entries)
