"""Deletions carried out over a store alone, without a server."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from aboveboard_server.ids import uuid7
from aboveboard_server.storage.ports import ADMINISTRATOR
from aboveboard_server.storage.work import deletions, erasure_queue
from aboveboard_server.storage.work.audit import Act

if TYPE_CHECKING:
    from aboveboard_server.storage.ports import EventStore, SubjectRecord
    from aboveboard_server.storage.privacy_tables import DeletionRow


async def begin(store: EventStore, subject: SubjectRecord) -> str:
    """Begin a deletion, and return its id."""
    order = deletions.Order(str(uuid7()), ADMINISTRATOR, datetime.now(UTC))
    act = Act("test", "CreateDeletion", subject.digest)
    return (await store.work(deletions.begin, subject, order, act)).deletion_id


async def carry_out(store: EventStore, deletion_id: str, chunk: int = 1_000) -> DeletionRow:
    """Carry a deletion on until it is erased, and return it."""
    while not await store.work(erasure_queue.carry_on, [deletion_id], chunk):
        pass
    assert await store.work(erasure_queue.erased, [deletion_id], datetime.now(UTC))
    return await store.read(deletions.get, deletion_id)
