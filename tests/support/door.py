"""The way of an event through the service, over a store that a test has opened."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from tests.support.batches import KEY, SCHEMA

from aboveboard_server.ingest.gate import Announcement, Gate
from aboveboard_server.ingest.group_commit import GroupCommitter
from aboveboard_server.ingest.quarantine import Quarantine
from aboveboard_server.ingest.service import IngestService
from aboveboard_server.ingest.sorter import Sorter
from aboveboard_server.ingest.sources import SourceReader
from aboveboard_server.privacy.company_keys import CompanyKeys
from aboveboard_server.privacy.users import Users

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aboveboard_server.storage.ports import EventStore

SORTER = Sorter(SCHEMA)
WRAPPING_KEY = b"w" * 32


def users_of(store: EventStore) -> Users:
    """Return users whose keys are in the store."""
    return Users(CompanyKeys(store, WRAPPING_KEY), KEY)


def sources_of(store: EventStore) -> SourceReader:
    """Return what reads sources, without any key in memory yet."""
    return SourceReader(SCHEMA, KEY, users_of(store), store.forbidden)


def quarantine_of(store: EventStore, sorter: Sorter = SORTER) -> Quarantine:
    """Return the quarantine as administrators have it; `sorter` may know more than a server did."""
    return Quarantine(store, sources_of(store), sorter, Gate(store, Announcement()))


@asynccontextmanager
async def service_over(
    store: EventStore, sources: SourceReader | None = None
) -> AsyncIterator[IngestService]:
    """Run a service over a store, as `bootstrap` puts it together."""
    committer = GroupCommitter(store)
    sources = sources or sources_of(store)
    yield IngestService(sources, SORTER, Gate(store, Announcement()), committer)
    await committer.close()
