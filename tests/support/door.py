"""The way of an event through the service, over a store that a test has opened."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from tests.support.batches import SCHEMA, SOURCES

from aboveboard_server.ingest.gate import Announcement, Gate
from aboveboard_server.ingest.group_commit import GroupCommitter
from aboveboard_server.ingest.service import IngestService
from aboveboard_server.ingest.sorter import Sorter

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aboveboard_server.storage.ports import EventStore

SORTER = Sorter(SCHEMA)


@asynccontextmanager
async def service_over(store: EventStore) -> AsyncIterator[IngestService]:
    """Run a service over a store, as `bootstrap` puts it together."""
    committer = GroupCommitter(store)
    yield IngestService(SOURCES, SORTER, Gate(store, Announcement()), committer)
    await committer.close()
