"""What the journal says of what the store holds: for a journal that is made anew, or that lacks something."""

from __future__ import annotations

import json
from itertools import islice
from typing import TYPE_CHECKING
from uuid import uuid4

from aboveboard_server.privacy.journal_lapse import has_lapsed
from aboveboard_server.privacy.journal_lines import (
    Entry,
    KeyRevocation,
    OptOut,
    Rejection,
    ReleaseCell,
    ReleaseCommit,
    Revocation,
    Tombstone,
)
from aboveboard_server.storage.columns import to_micros
from aboveboard_server.storage.work import archive, journalled

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime
    from typing import Any

    from aboveboard_server.storage.access_tables import AccessKeyRow
    from aboveboard_server.storage.ports import EventStore
    from aboveboard_server.storage.privacy_tables import DeletionRow, OptOutRow, TombstoneRow
    from aboveboard_server.storage.work.journalled import Held

# Rows that are read together.
PAGE = 1_000


async def entries_of(store: EventStore, held: Held, now: int | None = None) -> AsyncIterator[list[Entry]]:
    """Yield what a journal says of these ids, some at a time; each release is in one list.

    Where it is given what time it is, in µs, nothing is said of deletions that have lapsed by then.
    """
    for ids in _pages(held.deletions):
        rows = await store.read(journalled.deletion_rows, ids)
        yield [_deletion(row) for row in rows if now is None or not is_over(row, now)]
    for ids in _pages(held.opt_outs):
        yield [entry for row in await store.read(journalled.opt_out_rows, ids) for entry in _opt_out(row)]
    for ids in _pages(held.keys):
        yield [_key(row) for row in await store.read(journalled.key_rows, ids)]
    for month in sorted(held.months):
        if found := await store.read(archive.released, month):
            decision, released_at = found
            yield release(
                month,
                decision.cells,
                settings=decision.settings,
                epsilon=decision.epsilon,
                released_at=released_at,
            )


def release(
    month: str,
    cells: Sequence[Mapping[str, Any]],
    *,
    settings: Mapping[str, Any],
    epsilon: float,
    released_at: datetime,
) -> list[Entry]:
    """Return what the journal says of a month's release."""
    release_id = str(uuid4())
    commit = ReleaseCommit(
        release_id, month, len(cells), epsilon, json.dumps(settings), to_micros(released_at)
    )
    return [*(ReleaseCell(release_id, **cell) for cell in cells), commit]


def is_over(row: DeletionRow, now: int) -> bool:
    """Whether a deletion has lapsed, so that a journal need not know of it."""
    return row.cut_off_at is not None and has_lapsed(to_micros(row.cut_off_at), now)


def tombstone(row: TombstoneRow) -> Entry:
    """Return what the journal says of a tombstone."""
    cut_off_at = to_micros(row.cut_off_at)
    return Tombstone(row.deletion_id, row.subject_kind, row.subject_digest, row.stored_digest, cut_off_at)


def _deletion(row: DeletionRow) -> Entry:
    if row.state == journalled.REJECTED:
        return Rejection(row.deletion_id, to_micros(row.ended_at or row.created_at))
    cut_off_at = None if row.cut_off_at is None else to_micros(row.cut_off_at)
    return Tombstone(row.deletion_id, row.subject_kind, row.subject_digest, row.stored_digest, cut_off_at)


def _opt_out(row: OptOutRow) -> list[Entry]:
    entries: list[Entry] = [
        OptOut(
            row.opt_out_id,
            row.subject_kind,
            row.subject_digest,
            row.stored_digest,
            row.origin,
            row.reference,
            to_micros(row.created_at),
            row.token_digest,
        )
    ]
    if row.revoked_at is not None:
        entries.append(Revocation(row.opt_out_id, to_micros(row.revoked_at)))
    return entries


def _key(row: AccessKeyRow) -> Entry:
    return KeyRevocation(row.key_id, row.secret_digest, to_micros(row.revoked_at or row.created_at))


def _pages(ids: Iterable[str]) -> Iterator[list[str]]:
    left = iter(sorted(ids))
    while page := list(islice(left, PAGE)):
        yield page
