"""What a journal says is put in force on every store, once, and a rebuilt journal says the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from tests.support import erasures
from tests.support.archived import cell, journal_beside
from tests.support.batches import KEY, batch_of, ids, pings, record
from tests.support.clients import element, server_source
from tests.support.clocks import NO_GUARD

from aboveboard_server.ids import uuid7
from aboveboard_server.privacy import journal as journal_file
from aboveboard_server.privacy import journal_compaction, journal_lapse, journal_rebuild
from aboveboard_server.privacy import restore as restoring
from aboveboard_server.privacy.journal_lines import (
    Begun,
    Entry,
    KeyRevocation,
    OptOut,
    Rejection,
    ReleaseCell,
    ReleaseCommit,
    Revocation,
    Tombstone,
)
from aboveboard_server.privacy.journal_writer import opt_out_entry
from aboveboard_server.privacy.restore import Finder, restore
from aboveboard_server.storage.columns import to_micros
from aboveboard_server.storage.ports import ADMINISTRATOR, SELF_SERVICE, SubjectRecord
from aboveboard_server.storage.work import archive, audit, deletions, opt_outs, waiting_deletions
from aboveboard_server.storage.work.audit import Act

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.integration.store.conftest import Backend

    from aboveboard.telemetry.v1.source_pb2 import Source
    from aboveboard_server.privacy.journal_writer import JournalWriter
    from aboveboard_server.storage.ports import EventStore

NOW = datetime(2026, 12, 1, 3, 4, 5, 678, tzinfo=UTC)
AT = to_micros(NOW)
ACT = Act("test", "Test", b"")
DAY = timedelta(days=1)


@pytest.fixture
def journal(tmp_path: Path) -> JournalWriter:
    return journal_beside(tmp_path)


async def test_all_of_it_comes_back(
    store: EventStore, backend: Backend, journal: JournalWriter, tmp_path: Path
) -> None:
    """Deletions by their ids whatever their times, rejections, opt-outs with their tokens, releases."""
    gone, unwanted, waiting = server_source(), server_source(), server_source()
    await store.commit([batch_of(gone, element())])
    first, second, rejected, opted_out, lifted, still = (str(uuid7()) for _ in range(6))
    subject = record(gone).subjects[0]
    # The database knows a later cut-off of the same subject, by a clock that was set back since.
    order = deletions.Order(first, ADMINISTRATOR, NOW)
    await store.work(deletions.begin, record_of(gone), order, ACT)
    await store.commit([batch_of(waiting, *pings(*ids(1)))])
    asking = replace(record_of(waiting), server_uuid=waiting.server.server_uuid)
    await store.work(waiting_deletions.ask, asking, deletions.Order(rejected, SELF_SERVICE, NOW), ACT)
    await store.work(
        opt_outs.create,
        SubjectRecord("SERVER", b"l" * 32),
        opt_out_id=lifted,
        origin=ADMINISTRATOR,
        created_at=NOW,
        act=ACT,
    )
    await store.commit([batch_of(server_source(gone.server.server_uuid), element())])
    entries: list[Entry] = [
        Begun(1),
        Tombstone(first, "SERVER", subject, None, AT),
        Tombstone(second, "SERVER", subject, None, AT - 9_000_000),
        Rejection(rejected, AT),
        OptOut(opted_out, "SERVER", record(unwanted).subjects[0], None, SELF_SERVICE, "", AT, b"t" * 32),
        OptOut(lifted, "SERVER", b"l" * 32, None, ADMINISTRATOR, "T-1", AT),
        Revocation(lifted, AT),
        Revocation(still, AT),
        OptOut(still, "SERVER", b"m" * 32, None, SELF_SERVICE, "", AT),
        KeyRevocation(str(uuid7()), b"d" * 32, AT),
        ReleaseCell("r", **cell("ping", "")),
        ReleaseCommit("r", "2026-10", 1, 1.0, '{"epsilon": 1.0}', AT),
        ReleaseCell("s", **cell("element_stat")),
        ReleaseCommit("s", "2026-10", 1, 1.0, '{"epsilon": 1.0}', AT),
        ReleaseCell("torn", **cell("ping", "")),
    ]
    await journal.complete(entries)
    before = journal_file.read(tmp_path / "archive-keys")
    assert await restore(store, journal, Finder(store, KEY), NO_GUARD) == {b"d" * 32}
    for deletion_id in (first, second):
        await erasures.carry_out(store, deletion_id)
    assert backend.count("element_stat") == 0
    states = dict(backend.query("SELECT deletion_id, state FROM deletion"))
    assert states == {first: "ERASED", second: "ERASED", rejected: "REJECTED"}
    tokens = backend.query("SELECT opt_out_id, revoked_at IS NULL, token_digest FROM opt_out")
    assert {(found, bool(in_force), token and bytes(token)) for found, in_force, token in tokens} == {
        (opted_out, True, b"t" * 32),
        (lifted, False, None),
    }
    (found,) = await store.read(archive.aggregates, min_month="", max_month="", event_type="")
    assert (found.month, found.event_type, found.released_at) == ("2026-10", "ping", NOW)
    assert journal_file.read(tmp_path / "archive-keys") == before, "the store knew nothing that it did not"
    audited = backend.count("audit_entry")
    await restore(store, journal, Finder(store, KEY), NO_GUARD)
    assert backend.count("audit_entry") == audited
    (tmp_path / "archive-keys" / journal_file.JOURNAL).unlink()
    await journal_rebuild.rebuild(store, tmp_path / "archive-keys", NOW)
    rebuilt = journal_file.read(tmp_path / "archive-keys")
    assert [type(entry) for entry in rebuilt[-2:]] == [ReleaseCell, ReleaseCommit]
    # As the store holds them: the key it does not know, and the reference is that of its own row.
    assert set(rebuilt[1:-2]) == {
        *entries[1:5],
        OptOut(lifted, "SERVER", b"l" * 32, None, ADMINISTRATOR, "", AT),
        Revocation(lifted, AT),
    }


async def test_opt_outs_come_back_many_in_a_transaction(
    store: EventStore, backend: Backend, journal: JournalWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of one source's token once, whatever stands for others ends with them; the audit log has each."""
    monkeypatch.setattr(restoring, "AT_ONCE", 4)
    user = SubjectRecord("USER", b"u" * 32, b"s" * 32)
    there = opt_out_of(user, SELF_SERVICE, b"t" * 32)
    # In force already, and known by the raw user alone.
    await store.work(
        opt_outs.create,
        SubjectRecord("USER", user.digest),
        opt_out_id=str(uuid7()),
        origin=ADMINISTRATOR,
        created_at=NOW,
        act=ACT,
    )
    others = [opt_out_of(SubjectRecord("SERVER", bytes([n]) * 32), SELF_SERVICE) for n in range(9)]
    again = [opt_out_of(user, SELF_SERVICE, b"t" * 32), opt_out_of(user, ADMINISTRATOR)]
    token = opt_out_of(user, SELF_SERVICE, b"v" * 32)
    await journal.complete([Begun(1), there, *others, *again, token])
    ((epoch,),) = backend.query("SELECT epoch FROM ingest_epoch")
    await restore(store, journal, Finder(store, KEY), NO_GUARD)
    # 13 opt-outs, at most 4 a transaction.
    assert backend.query("SELECT epoch FROM ingest_epoch") == [(epoch + 4,)]
    stood_for = {one.opt_out_id for one in again}
    found = backend.query("SELECT opt_out_id, stored_digest FROM opt_out WHERE revoked_at IS NULL")
    ids_there = {opt_out_id for opt_out_id, _ in found}
    assert ids_there >= {one.opt_out_id for one in (there, *others, token)}
    assert len(found) == 12
    assert sum(stored is not None for _, stored in found) == 3
    lifted = {entry.opt_out_id async for entry in told(journal) if isinstance(entry, Revocation)}
    assert lifted == stood_for
    entries = (await store.read(audit.page, before=None, limit=100))[::-1]
    assert len(entries) == 1 + 11
    assert [entry.hash for entry in entries] == [audit.entry_hash(entry) for entry in entries]
    assert [entry.previous_hash for entry in entries] == [b"", *(entry.hash for entry in entries[:-1])]
    assert {user.digest, user.stored_digest} <= store.forbidden.opted_out
    await restore(store, journal, Finder(store, KEY), NO_GUARD)
    assert len(backend.query("SELECT 1 FROM opt_out")) == 12


async def test_what_was_lifted_is_lifted_again_many_in_a_transaction(
    store: EventStore, backend: Backend, journal: JournalWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a backup that has them in force, each at its own time."""
    monkeypatch.setattr(restoring, "AT_ONCE", 4)
    made = [opt_out_of(SubjectRecord("SERVER", bytes([n]) * 32), SELF_SERVICE) for n in range(7)]
    await journal.complete([Begun(1), *made])
    await restore(store, journal, Finder(store, KEY), NO_GUARD)
    await journal.complete([Revocation(one.opt_out_id, AT + place) for place, one in enumerate(made[1:])])
    ((epoch,),) = backend.query("SELECT epoch FROM ingest_epoch")
    await restore(store, journal, Finder(store, KEY), NO_GUARD)
    assert backend.query("SELECT epoch FROM ingest_epoch") == [(epoch + 2,)]
    revoked = dict(backend.query(f"SELECT opt_out_id, {backend.micros('revoked_at')} FROM opt_out"))
    assert revoked == {
        made[0].opt_out_id: None,
        **{one.opt_out_id: AT + place for place, one in enumerate(made[1:])},
    }
    assert store.forbidden.opted_out == {made[0].subject_digest}


async def test_what_has_lapsed_is_not_told_anew(
    store: EventStore, journal: JournalWriter, tmp_path: Path
) -> None:
    """Compaction leaves a tombstone out once no event can be as old; a start by the same rule, and once."""
    now = datetime.now(UTC)
    times = {"lapsed": now - journal_lapse.TOMBSTONE - DAY, "near": now - journal_lapse.TOMBSTONE + DAY}
    made = {name: str(uuid7()) for name in times}
    for name, at in times.items():
        await store.commit([batch_of(gone := server_source(), *pings(*ids(1)))])
        await store.work(
            deletions.begin, record_of(gone), deletions.Order(made[name], ADMINISTRATOR, at), ACT
        )
    await journal.complete([Begun(1)])
    await restore(store, journal, Finder(store, KEY), NO_GUARD)
    assert [entry.deletion_id async for entry in told(journal) if isinstance(entry, Tombstone)] == [
        made["near"]
    ]
    written = (tmp_path / "archive-keys" / journal_file.JOURNAL).read_bytes()
    journal_compaction.compact(tmp_path / "archive-keys", to_micros(now), least_bytes=0)
    await restore(store, journal, Finder(store, KEY), NO_GUARD)
    assert (tmp_path / "archive-keys" / journal_file.JOURNAL).read_bytes() == written


def opt_out_of(subject: SubjectRecord, origin: str, token: bytes | None = None) -> OptOut:
    """Return what a journal says of a Subject's opt-out."""
    opt_out_id = str(uuid7())
    return opt_out_entry(subject, opt_out_id, origin=origin, reference="", created_at=NOW, token_digest=token)


async def told(journal: JournalWriter) -> AsyncIterator[Entry]:
    """Yield what a journal says."""
    async for entries in journal.chunks():
        for entry in entries:
            yield entry


def record_of(source: Source) -> SubjectRecord:
    return SubjectRecord("SERVER", record(source).subjects[0])
