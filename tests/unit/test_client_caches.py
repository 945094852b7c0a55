"""What is kept by what a client sends: each cache stays within its bytes, and the docs tell of each."""

from __future__ import annotations

import asyncio
import gc
import hashlib
import importlib
import pkgutil
import re
import tracemalloc
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest
from tests.support.clients import length_delimited, server_source
from tests.support.containers import growing
from tests.support.longest import longest_source

import aboveboard_server
from aboveboard.telemetry.v1.source_pb2 import Source
from aboveboard_server import byte_cache
from aboveboard_server.byte_cache import MIB, Bound, ByteCache
from aboveboard_server.errors import OverloadedError
from aboveboard_server.ingest import sources
from aboveboard_server.ingest.sources import SourceReader
from aboveboard_server.limits import Rate
from aboveboard_server.privacy import company_keys
from aboveboard_server.privacy.company_keys import Company, CompanyKeys
from aboveboard_server.privacy.users import Users
from aboveboard_server.schema import catalog
from aboveboard_server.storage import registry
from aboveboard_server.storage.forbidden import Forbidden
from aboveboard_server.storage.registry import SeenCache

if TYPE_CHECKING:
    from collections.abc import Callable

    from aboveboard_server.storage.ports import EventStore
    from aboveboard_server.storage.work.company_keys import Offer

SMALL = Bound("small", MIB)
ROOT = Path(__file__).parents[2]
KEY = bytes(32)
# Programs that end with what they were asked for.
NOT_SERVING = ("cli.", "doctor.", "codegen.", "schema.lint", "schema.compat")


class Store:
    """As much of a store as is asked for here: it takes every key that is offered, once it is `open`."""

    def __init__(self) -> None:
        self.forbidden = Forbidden()
        self.open = asyncio.Event()
        self.open.set()

    async def read(self, *_: object) -> dict[str, bytes]:
        """Return no key."""
        await self.open.wait()
        return {}

    async def work(self, _: object, offers: list[Offer]) -> dict[str, bytes]:
        """Return the keys that were offered."""
        return {offer.company_id: offer.wrapped_key for offer in offers}


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def keys(store: Store, monkeypatch: pytest.MonkeyPatch) -> CompanyKeys:
    """A server's pseudonym keys, with a small bound."""
    monkeypatch.setattr(company_keys, "BOUND", SMALL)
    return CompanyKeys(cast("EventStore", store), KEY)


@pytest.fixture
def reader(store: Store, keys: CompanyKeys, monkeypatch: pytest.MonkeyPatch) -> SourceReader:
    """A server's reader of sources, with a small bound."""
    monkeypatch.setattr(sources, "BOUND", SMALL)
    return SourceReader(catalog.default(), KEY, Users(keys, KEY), store.forbidden)


def held_by(step: Callable[[int], object], steps: int) -> list[int]:
    """Take so many steps, and return the bytes that they have left behind, at ten moments."""
    step(0)
    gc.collect()
    held = []
    tracemalloc.start()
    for number in range(1, steps):
        step(number)
        if number % (steps // 10) == steps // 10 - 1:
            held.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    return held


def assert_bounded(held: list[int], bound: Bound) -> None:
    """Never more than the bound, and a good part of it is used: what entries take is estimated honestly."""
    print(f"{bound.name}: {max(held) / bound.max_bytes:.2f} of its bytes")  # noqa: T201  # to judge a failure by
    assert bound.max_bytes / 3 < max(held) <= bound.max_bytes


@pytest.mark.parametrize("wide", [False, True], ids=["narrow", "wide"])
def test_sources_that_are_read(reader: SourceReader, *, wide: bool) -> None:
    """Those with the longest fields, and with the widest characters."""
    assert_bounded(held_by(lambda number: reader.read(longest_source(number, wide=wide)), 1_000), SMALL)


def test_sources_whose_record_comes_later(reader: SourceReader) -> None:
    """Where a user is keyed after its source was read, the record is counted beforehand."""

    async def publish(number: int) -> None:
        await reader.record(reader.read(longest_source(number, wide=True)))

    with asyncio.Runner() as runner:
        held = held_by(lambda number: runner.run(publish(number)), 1_000)
    # The keys are held beside the sources, in a cache of their own.
    assert max(held) <= 2 * SMALL.max_bytes


def test_anonymous_servers_that_are_read(reader: SourceReader) -> None:
    """The smallest sources, each with its overhead."""
    assert_bounded(held_by(lambda _: reader.read(server_source()), 4_000), SMALL)


def test_fields_that_nobody_knows_are_not_kept(reader: SourceReader) -> None:
    """A source may have a field of any length that no schema has, which is part of its key."""

    def read(number: int) -> None:
        filling = length_delimited(100, bytes(100_000) + number.to_bytes(4))
        source = Source.FromString(server_source().SerializeToString() + filling)
        assert source.ByteSize() > 100_000
        reader.read(source)

    assert max(held_by(read, 100)) < SMALL.max_bytes / 3


def test_company_keys(keys: CompanyKeys) -> None:
    """Each is found, and the first are forgotten."""

    def company(number: int) -> Company:
        return Company(str(number), (hashlib.sha256(str(number).encode()).digest(),))

    with asyncio.Runner() as runner:
        held = held_by(lambda number: runner.run(keys.find(company(number))), 4_000)
    assert_bounded(held, SMALL)
    assert keys.known(company(0)) is None
    assert keys.known(company(3_999)) is not None


async def test_companies_that_wait_are_bounded(
    store: Store, keys: CompanyKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the store answers nobody, who gives up leaves no more behind than so many companies."""
    monkeypatch.setattr(company_keys, "MAX_LOOKS", 100)
    store.open.clear()
    for number in range(100):
        gives_up = asyncio.create_task(keys.find(Company(str(number), (bytes((number,)),))))
        await asyncio.sleep(0)
        gives_up.cancel()
    one_more = Company("one more", (b"one more",))
    with pytest.raises(OverloadedError):
        await keys.find(one_more)
    store.open.set()
    await keys.find(Company("0", (bytes((0,)),)))
    assert await keys.find(one_more) is not None


def test_sources_that_were_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    """By fingerprint, as SQLite's writer knows them."""
    monkeypatch.setattr(registry, "BOUND", SMALL)
    seen = SeenCache()

    def store(number: int) -> None:
        seen.learn(
            hashlib.sha256(str(number).encode()).digest(), 1_000 + number, 1_700_000_000_000_000 + number
        )
        seen.keep_committed()

    assert_bounded(held_by(store, 10_000), SMALL)


def test_companies_that_were_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    """By all that their rows hold, as PostgreSQL's writer knows them."""
    monkeypatch.setattr(registry, "BOUND", SMALL)
    seen = SeenCache()

    def store(number: int) -> None:
        source = longest_source(number, wide=True).deployment
        seen.learn(("company", (source.company_id, source.company_name)), 0, 1_700_000_000_000_000 + number)
        seen.keep_committed()

    assert_bounded(held_by(store, 4_000), SMALL)


def test_callers_that_are_counted() -> None:
    """However many call, memory is bounded; who calls all the time is never forgotten."""
    rate = Rate(per_second=0.001, burst_seconds=1000, clock=lambda: 1_000.0, bound=SMALL)
    busy = []

    def call(number: int) -> None:
        busy.append(rate.admits("busy", 1))
        rate.admits(f"{number:016x}::", 1)

    held = held_by(call, 10_000)
    assert sum(busy) == 1
    busy.clear()
    assert_bounded(held, SMALL)


def test_what_is_in_use_stays() -> None:
    """A key that is asked for outlives any number of others; one that is not is forgotten."""
    cache: ByteCache[int, int] = ByteCache(SMALL)
    cache.remember(-1, 1)
    cache.remember(-2, 2)
    for number in range(10_000):
        cache.remember(number, number)
        assert cache[-1] == 1
    assert cache[-2] is None
    cache.forget_where(lambda value: value == 1)
    assert cache[-1] is None
    cache.forget(9_999)
    assert cache[9_999] is None
    cache.forget_all()
    assert not cache.entries


def test_docs_tell_of_each_cache() -> None:
    """The table in docs/limits.md has each cache with its bound, and no other."""
    for module in pkgutil.walk_packages(aboveboard_server.__path__, "aboveboard_server."):
        if "migrations" not in module.name and not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    rows = re.findall(r"^\| ([^|]+) \| (\d+) MiB \|", (ROOT / "docs/limits.md").read_text(), re.MULTILINE)
    told = {bound.name: str(bound.max_bytes // MIB) for bound in byte_cache.BOUNDS.values()}
    assert dict(rows) == told


def test_what_may_grow_was_looked_at() -> None:
    """The review in docs/decisions has each container and cached function of the server, and no other."""
    review = (ROOT / "docs/decisions/0014-what-clients-can-make-a-server-remember.md").read_text()
    looked_at = re.findall(r"^\| `([\w.]+)` \|", review, re.MULTILINE)
    found = {name for name in growing(ROOT / "src/aboveboard_server") if not name.startswith(NOT_SERVING)}
    assert sorted(looked_at) == sorted(found)
