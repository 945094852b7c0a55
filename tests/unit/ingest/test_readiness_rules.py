"""What counts as seeing that a store commits, over a store that counts how often it is asked."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, cast

import pytest

from aboveboard_server.background import Background
from aboveboard_server.errors import StoreUnavailableError
from aboveboard_server.ingest import readiness
from aboveboard_server.ingest.group_commit import GroupCommitter
from aboveboard_server.ingest.readiness import Readiness

if TYPE_CHECKING:
    from aboveboard_server.storage.ports import EventStore


class Store:
    """Counts how often it was asked; there or not."""

    def __init__(self) -> None:
        self.asked = 0
        self.there = True

    async def probe(self) -> None:
        """Do what the port says."""
        self.asked += 1
        if not self.there:
            raise StoreUnavailableError


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
async def committer(store: Store) -> GroupCommitter:
    return GroupCommitter(cast("EventStore", store))


@pytest.fixture
def asked(store: Store, committer: GroupCommitter) -> Readiness:
    return Readiness(cast("EventStore", store), committer, Background())


async def test_asking_again_costs_no_sync(store: Store, committer: GroupCommitter, asked: Readiness) -> None:
    """What a commit or a probe has just shown is not found out again."""
    assert all([await asked.is_ready() for _ in range(5)])
    assert store.asked == 1
    assert await asked.is_ready(fresh=0)
    assert store.asked == 2
    committer.committed_at = time.monotonic()
    assert await asked.is_ready(fresh=60)
    assert store.asked == 2


async def test_a_probe_that_fails_outweighs_what_went_well_before(
    store: Store, committer: GroupCommitter, asked: Readiness
) -> None:
    """However long an older commit would still count, the newest word holds, and the store is asked again."""
    committer.committed_at = time.monotonic()
    store.there = False
    assert not await asked.is_ready(fresh=0)
    assert not await asked.is_ready(fresh=60)
    assert store.asked == 2
    store.there = True
    assert await asked.is_ready(fresh=60)


async def test_a_commit_that_failed_speaks_against_the_store_for_a_while(
    store: Store, committer: GroupCommitter, asked: Readiness
) -> None:
    """A probe writes less than a commit: that it goes well means nothing so soon after."""
    committer.failed_at = time.monotonic()
    assert not await asked.is_ready()
    committer.failed_at = time.monotonic() - readiness.MEMORY
    assert await asked.is_ready()


async def test_a_server_that_goes_is_not_ready(store: Store, asked: Readiness) -> None:
    """Whatever its store says."""
    asked.stop()
    assert not await asked.is_ready()
    assert store.asked == 0
