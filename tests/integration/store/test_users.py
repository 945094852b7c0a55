"""Users keyed again at the door: what is stored of them, for how long, and that what forbids them holds."""

from __future__ import annotations

import asyncio
import hmac
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from tests.support.batches import KEY, batch_of_rows, entomb, opt_out, random_id
from tests.support.clients import deployment_source, element, request, server_source, told
from tests.support.door import quarantine_of, service_over, sources_of, users_of

from aboveboard_server import bootstrap
from aboveboard_server.privacy import subjects
from aboveboard_server.privacy.company_keys import Company
from aboveboard_server.schema import tables
from aboveboard_server.storage.ports import QUARANTINE, CommitResult, SubjectRecord
from aboveboard_server.storage.work import company_keys

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.integration.store.conftest import Backend

    from aboveboard.telemetry.v1.event_pb2 import EventEnvelope
    from aboveboard.telemetry.v1.source_pb2 import Source
    from aboveboard_server.ingest.sources import SourceReader
    from aboveboard_server.storage.ports import EventBatch, EventStore

CANARY = "user-canary-7d3a"
USER = deployment_source("acme", user_id=CANARY)
# A full hour: what no key is bound to is taken from right after it.
CUT_OFF = datetime(2026, 7, 13, 11, tzinfo=UTC)


def stored_users(backend: Backend) -> list[str]:
    """Return what is stored of users, by the order of their sources."""
    found = backend.query("SELECT user_id FROM source WHERE user_id IS NOT NULL ORDER BY source_id")
    return [user_id for (user_id,) in found]


def digests(source: Source) -> dict[str, bytes]:
    """Return the digests by which what a source sends is forbidden."""
    sent = source.deployment
    names = {"COMPANY": sent.company_id, "DEPLOYMENT": sent.deployment_id, "USER": sent.user_id}
    return subjects.digests(KEY, names)


async def publish(store: EventStore, source: Source, sources: SourceReader | None = None) -> int:
    """Publish one event, and return how many were accepted."""
    async with service_over(store, sources) as service:
        return (await service.publish(request(source, [element()]))).accepted_count


async def quarantine(store: EventStore, source: Source, event: EventEnvelope) -> None:
    """Put an event into the quarantine as if this server had not known it when it came."""
    sources, epoch = sources_of(store), store.forbidden.epoch
    record = await sources.record(sources.read(source))
    assert record is not None
    occurred_at = event.occurred_at.ToMicroseconds()
    row = (occurred_at, event.event_id, occurred_at, 900, 2, event.SerializeToString())
    (result,) = await store.commit([batch_of_rows(record, {QUARANTINE: [row]}, epoch=epoch)])
    assert result == CommitResult()


async def erase_company(store: EventStore, backend: Backend, company: str = "acme") -> None:
    """Do what a company's deletion does at once: condemn its sources, destroy its key, leave a tombstone."""
    unique = "randomblob(16)" if backend.name == "sqlite" else "uuid_send(gen_random_uuid())"
    condemned = f"deletion_id = '{random_id()}', fingerprint = {unique}"
    backend.execute(f"UPDATE source SET {condemned} WHERE company_id = '{company}'")
    backend.execute(f"DELETE FROM company_key WHERE company_id = '{company}'")
    await entomb(store, SubjectRecord("COMPANY", digests(deployment_source(company))["COMPANY"]), CUT_OFF)


async def test_no_table_holds_a_user_id_as_it_was_sent(store: EventStore, backend: Backend) -> None:
    """In a dump of every table there is no canary, and of each user one id per company, keyed again."""
    for source in (
        USER,
        deployment_source("acme", "d2", user_id=CANARY),
        deployment_source("other", user_id=CANARY),
        deployment_source("acme", user_id="another"),
    ):
        assert await publish(store, source) == 1
    await quarantine(store, USER, element())
    subject = await sources_of(store).subject(USER, subjects.USER)
    assert subject is not None
    await opt_out(store, subject.digest)
    here, there, elsewhere, another = stored_users(backend)
    assert here == there
    assert len({here, elsewhere, another}) == 3
    assert all(len(user_id) == 64 for user_id in (here, elsewhere, another))
    for table in tables.import_all().tables:
        shown = repr([tuple(map(_plain, row)) for row in backend.query(f"SELECT * FROM {table}")])
        assert CANARY not in shown, table
        assert hmac.digest(KEY, CANARY.encode(), "sha256").hex() not in shown, table


def _plain(value: object) -> object:
    return bytes(value) if isinstance(value, memoryview) else value


async def test_a_company_keeps_its_key(store: EventStore, backend: Backend) -> None:
    """Over restarts and however many ask at once: one key, and a user stays the same user."""
    many = [sources_of(store) for _ in range(4)]
    await asyncio.gather(*[publish(store, USER, sources) for sources in many for _ in range(5)])
    again = await bootstrap.open_store(backend.url) if backend.name == "postgres" else store
    assert await publish(again, deployment_source("acme", instance_id="b", user_id=CANARY)) == 1
    if again is not store:
        await again.close()
    assert backend.count("company_key") == 1
    assert len(stored_users(backend)) == 2
    assert len(set(stored_users(backend))) == 1


async def test_two_servers_agree_on_a_company_s_key_at_first_sight(
    postgres_store: Backend,
) -> None:
    """Of two that see companies first at the same time one makes the key, and both key with it."""
    stores = [await bootstrap.open_store(postgres_store.url) for _ in range(2)]
    try:
        for turn in range(20):
            company = f"company-{turn}"
            made = await asyncio.gather(
                *[
                    users_of(store).rekey(Company(company, [company.encode()]), CANARY)
                    for store in stores
                    for _ in range(3)
                ]
            )
            assert len(set(made)) == 1
            assert made[0] is not None
    finally:
        for store in stores:
            await store.close()
    assert postgres_store.count("company_key") == 20


async def test_a_source_without_a_user_needs_no_key(store: EventStore, backend: Backend) -> None:
    """Neither a server's nor a deployment's."""
    assert await publish(store, deployment_source("acme")) == 1
    assert await publish(store, server_source()) == 1
    assert backend.count("company_key") == 0


async def test_what_is_refused_makes_no_key(store: EventStore, backend: Backend) -> None:
    """An opted-out user, broken events and a question for the status leave no trace of the company."""
    async with service_over(store) as service:
        service.collection_status(USER)
        response = await service.publish(request(USER, [element("")]))
        assert [outcome for _, outcome, _, _ in told(response.verdicts)] == ["REJECTED"]
        await opt_out(store, digests(USER)["USER"])
        response = await service.publish(request(USER, [element()]))
        assert [outcome for _, outcome, _, _ in told(response.verdicts)] == ["OPTED_OUT"]
    assert [backend.count(table) for table in ("company_key", "source", "company")] == [0, 0, 0]


@pytest.mark.parametrize("by", ["opt-out", "deletion"])
async def test_a_key_is_not_made_for_whom_another_server_has_just_forbidden(
    postgres_store: Backend, by: str
) -> None:
    """A server that does not know yet makes none and stores nothing, not even the company's name."""
    here = await bootstrap.open_store(postgres_store.url)
    there = await bootstrap.open_store(postgres_store.url)
    try:
        if by == "opt-out":
            await opt_out(there, digests(USER)["USER"])
        else:
            await entomb(
                there, SubjectRecord("COMPANY", digests(USER)["COMPANY"]), CUT_OFF + timedelta(days=1)
            )
        # It would learn of that on its own within half a second.
        assert await publish(here, USER) == 0
    finally:
        await here.close()
        await there.close()
    assert [postgres_store.count(table) for table in ("company_key", "source")] == [0, 0]


async def test_with_the_company_goes_the_key(store: EventStore, backend: Backend) -> None:
    """After a company's deletion its users are others, on new source rows; nothing of before is reused."""
    async with service_over(store) as service:
        await service.publish(request(USER, [element()]))
        await erase_company(store, backend)
        assert (await service.publish(request(USER, [element()]))).accepted_count == 1
        assert (await service.publish(request(USER, [element()]))).accepted_count == 1
    before, after = stored_users(backend)
    assert before != after
    rows = backend.query("SELECT source_id, count(*) FROM element_stat GROUP BY source_id ORDER BY source_id")
    assert [count for _, count in rows] == [1, 2]


class Overtaken:
    """A store in which the company is deleted just before a commit."""

    def __init__(self, store: EventStore, backend: Backend) -> None:
        self._store = store
        self._backend = backend
        self.to_come = True

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    async def commit(self, batches: Sequence[EventBatch]) -> list[CommitResult]:
        """Delete, then commit."""
        if self.to_come:
            self.to_come = False
            await erase_company(self._store, self._backend)
        return await self._store.commit(batches)


async def test_a_batch_keyed_with_a_destroyed_key_is_keyed_anew(store: EventStore, backend: Backend) -> None:
    """A deletion between the keying and the commit: what is stored then is keyed with the new key."""
    first = await sources_of(store).subject(USER, subjects.USER)
    assert first is not None
    overtaken = Overtaken(store, backend)
    async with service_over(overtaken) as service:  # type: ignore[arg-type]  # the rest of the store by __getattr__
        response = await service.publish(request(USER, [element()]))
    assert response.accepted_count == 1
    second = await sources_of(store).subject(USER, subjects.USER)
    assert second is not None
    assert stored_users(backend) == [second.user_id]
    assert first.user_id != second.user_id
    assert first.digest == second.digest


class Held:
    """A store whose first read is answered only when it is let go."""

    def __init__(self, store: EventStore) -> None:
        self._store = store
        self._first = True
        self.has_read, self.let_go = asyncio.Event(), asyncio.Event()

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    async def read(self, *call: object) -> object:
        """Read, and hold the answer back."""
        found: object = await self._store.read(*call)  # type: ignore[arg-type]  # handed on as it came
        if self._first:
            self._first = False
            self.has_read.set()
            await self.let_go.wait()
        return found


async def test_a_look_begun_before_a_deletion_serves_nobody_after_it(
    store: EventStore, backend: Backend
) -> None:
    """Who asks after the deletion gets the new key, though an older question ends before with the old one."""
    company = Company("acme", list(digests(USER).values()))
    old = await users_of(store).rekey(company, CANARY)
    held = Held(store)
    users = users_of(held)  # type: ignore[arg-type]  # the rest of the store by __getattr__
    asked_before = asyncio.create_task(users.rekey(company, CANARY))
    await held.has_read.wait()
    assert users.known(company, CANARY) is None
    await erase_company(store, backend)
    asked_after = asyncio.create_task(users.rekey(company, CANARY))
    held.let_go.set()
    assert await asked_before == old
    assert users.known(company, CANARY) is None
    new = await asked_after
    assert new not in {None, old}
    assert users.known(company, CANARY) == new
    assert await users.rekey(company, CANARY) == new


async def test_raw_ids_and_keys_leave_the_memory_with_their_company(
    store: EventStore, backend: Backend
) -> None:
    """Once a deletion is known, the next source that is read drops what was remembered of the erased one."""
    sources = sources_of(store)
    assert await publish(store, USER, sources) == 1
    other = deployment_source("other", user_id="u")
    assert await publish(store, other, sources) == 1
    await erase_company(store, backend)
    assert CANARY.encode() in repr(vars(sources)).encode()
    sources.read(server_source())
    assert CANARY.encode() not in repr(vars(sources)).encode()
    assert sources.read(other).record is not None


async def test_a_user_s_opt_out_covers_what_waits_in_the_quarantine(
    store: EventStore, backend: Backend
) -> None:
    """Live and replayed alike, by whatever key the user is known there; others' events are replayed."""
    other = deployment_source("acme", user_id="another")
    for source in (USER, other, USER):
        await quarantine(store, source, element())
    subject = await sources_of(store).subject(USER, subjects.USER)
    assert subject is not None
    assert subject.stored_digest
    await opt_out(store, subject.digest, stored_digest=subject.stored_digest)
    assert await publish(store, USER) == 0
    done = await quarantine_of(store).replay(validate_only=False)
    assert (done.examined_count, done.opted_out_count, done.replayed_count) == (3, 2, 1)
    assert [backend.count(table) for table in (QUARANTINE, "element_stat")] == [0, 1]


async def test_a_tombstone_covers_what_waits_in_the_quarantine(store: EventStore, backend: Backend) -> None:
    """What is older goes, though only the re-keyed user is known of it; what is newer is replayed."""
    newer, older = element(), element()
    cut_off = newer.occurred_at.ToDatetime(UTC) - timedelta(microseconds=1)
    older.occurred_at.FromDatetime(cut_off)
    for event in (newer, older):
        await quarantine(store, USER, event)
    subject = await sources_of(store).subject(USER, subjects.USER)
    assert subject is not None
    await entomb(store, subject, cut_off)
    for validate_only in (True, False):
        done = await quarantine_of(store).replay(validate_only=validate_only)
        assert (done.examined_count, done.subject_erased_count, done.replayed_count) == (2, 1, 1)
    assert backend.count(QUARANTINE) == 0
    assert backend.ids("element_stat") == [newer.event_id]


async def test_what_a_deletion_is_removing_is_neither_listed_nor_replayed(
    store: EventStore, backend: Backend
) -> None:
    """It stays for the deletion to count, and what was read before the deletion is not stored either."""
    other = deployment_source("other")
    for source in (USER, other):
        await quarantine(store, source, element())
    await erase_company(store, backend)
    assert len(await store.quarantined(limit=10)) == 1
    done = await quarantine_of(store).replay(validate_only=False)
    assert (done.examined_count, done.replayed_count) == (1, 1)
    assert [backend.count(table) for table in (QUARANTINE, "element_stat")] == [1, 1]


@pytest.mark.parametrize("gone", [False, True])
async def test_a_replay_that_a_deletion_overtakes_stores_nothing(
    store: EventStore,
    backend: Backend,
    gone: bool,  # noqa: FBT001  # a parameter of the test
) -> None:
    """Whether its sources are being removed or have been, what was read before is told as SUBJECT_ERASED."""
    for source in (USER, deployment_source("other")):
        await quarantine(store, source, element())
    overtaken = OvertakenReplay(store, backend, gone=gone)
    done = await quarantine_of(overtaken).replay(validate_only=False)  # type: ignore[arg-type]  # as above
    assert (done.examined_count, done.subject_erased_count, done.replayed_count) == (2, 1, 1)
    assert [backend.count(table) for table in (QUARANTINE, "element_stat")] == [not gone, 1]


class OvertakenReplay(Overtaken):
    """A store in which the company is deleted just before a replay."""

    def __init__(self, store: EventStore, backend: Backend, *, gone: bool) -> None:
        super().__init__(store, backend)
        self._gone = gone

    async def replay(self, items: Sequence[object]) -> list[str]:
        """Delete, then replay."""
        await erase_company(self._store, self._backend)
        if self._gone:
            for table in (QUARANTINE, "source"):
                self._backend.execute(
                    f"DELETE FROM {table} WHERE source_id IN"
                    " (SELECT source_id FROM source WHERE deletion_id IS NOT NULL)"
                )
        return await self._store.replay(items)  # type: ignore[arg-type]  # handed on as it came


async def test_a_key_that_is_there_is_not_replaced(store: EventStore) -> None:
    """Whoever offers another one gets the one that holds."""
    first = await store.work(company_keys.get_or_make, "acme", b"first")
    second = await store.work(company_keys.get_or_make, "acme", b"second")
    offer = company_keys.Offer("acme", b"third", (), 0)
    third = await store.work(company_keys.make, [offer, company_keys.Offer("new", b"fourth", (), 0)])
    assert (first, second) == (b"first", b"first")
    assert third == {"acme": b"first", "new": b"fourth"}
    assert await store.read(company_keys.get, ["acme", "none", "new"]) == third
