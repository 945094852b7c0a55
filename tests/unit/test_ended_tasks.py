"""A task that does one piece of work and is ended leaves nobody waiting."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast

import pytest
from tests.unit.ingest.test_group_commit import Store, batch, committing

from aboveboard.ingest.v1 import ingest_service_pb2 as ingest
from aboveboard_server.background import Background
from aboveboard_server.errors import StoreUnavailableError
from aboveboard_server.ingest.readiness import Readiness
from aboveboard_server.ingest.stream import Streams, acknowledge
from aboveboard_server.privacy.company_keys import Company, CompanyKeys
from aboveboard_server.storage.forbidden import Forbidden

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aboveboard_server.ingest.service import IngestService
    from aboveboard_server.ingest.stream import Requests
    from aboveboard_server.storage.ports import EventStore

# Seconds until a test gives up.
PATIENCE = 20
COMPANY = Company("acme", (b"d" * 32,))


class Silent:
    """A store that says nothing until its task is ended."""

    def __init__(self) -> None:
        self.forbidden = Forbidden()
        self.asked: asyncio.Task[Any] | None = None
        self.entered = asyncio.Event()
        self.answers = False

    async def read(self, *_: object) -> dict[str, bytes]:
        """Note who asks, and answer where it may."""
        self.asked = asyncio.current_task()
        self.entered.set()
        if not self.answers:
            await asyncio.Event().wait()
        return {}

    async def work(self, _: object, offers: list[Any]) -> dict[str, bytes]:
        """Return the keys that were offered."""
        return {offer.company_id: offer.wrapped_key for offer in offers}

    async def probe(self) -> None:
        """Say nothing, as `read` does."""
        await self.read()

    async def end(self) -> None:
        """End whoever has asked."""
        await asyncio.wait_for(self.entered.wait(), PATIENCE)
        assert self.asked is not None
        self.asked.cancel()
        self.entered.clear()


async def test_whoever_waits_for_a_commit() -> None:
    """It is told that the store is not available, and the next commit goes through."""
    store = Store()
    async with committing(store) as committer:
        before = asyncio.all_tasks()
        store.open.clear()
        future = committer.submit(batch())
        await asyncio.wait_for(store.entered.wait(), PATIENCE)
        (commit,) = asyncio.all_tasks() - before
        commit.cancel()
        with pytest.raises(StoreUnavailableError):
            await asyncio.wait_for(future, PATIENCE)
        store.open.set()
        assert (await asyncio.wait_for(committer.submit(batch(3)), PATIENCE)).duplicates == {"ping": [3]}
        assert committer.pending == 0


async def test_whoever_waits_for_a_companys_key() -> None:
    """It is told so, and whoever asks next is answered."""
    store = Silent()
    keys = CompanyKeys(cast("EventStore", store), b"k" * 32)
    finding = asyncio.ensure_future(keys.find(COMPANY))
    await store.end()
    with pytest.raises(StoreUnavailableError):
        await asyncio.wait_for(finding, PATIENCE)
    store.answers = True
    assert await asyncio.wait_for(keys.find(COMPANY), PATIENCE)


async def test_whoever_asks_whether_the_server_is_ready() -> None:
    """It is not, as far as anybody knows; the next probe may say otherwise."""
    store = Silent()
    async with committing(Store()) as committer:
        readiness = Readiness(cast("EventStore", store), committer, Background())
        asking = asyncio.ensure_future(readiness.is_ready())
        await store.end()
        assert not await asyncio.wait_for(asking, PATIENCE)
        store.answers = True
        assert await asyncio.wait_for(readiness.is_ready(), PATIENCE)


async def test_whoever_waits_for_what_a_stream_reads() -> None:
    """The stream is cut off, as where its client reads no answer."""
    reading: list[asyncio.Task[Any] | None] = []
    entered = asyncio.Event()

    async def requests() -> AsyncIterator[ingest.StreamEventsRequest]:
        reading.append(asyncio.current_task())
        entered.set()
        await asyncio.Event().wait()
        yield ingest.StreamEventsRequest()

    async def answer() -> list[object]:
        answers = acknowledge(cast("Requests", requests()), cast("IngestService", None), Streams(3_600))
        return [one async for one in answers]

    answering = asyncio.ensure_future(answer())
    await asyncio.wait_for(entered.wait(), PATIENCE)
    (reader,) = reading
    assert reader is not None
    reader.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(answering, PATIENCE)
