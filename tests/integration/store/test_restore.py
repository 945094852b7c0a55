"""What a journal says is put in force on every store, once, and a rebuilt journal says the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from tests.support import erasures
from tests.support.archived import cell, journal_beside
from tests.support.batches import KEY, batch_of, ids, pings, record
from tests.support.clients import element, server_source
from tests.support.clocks import NO_GUARD

from aboveboard_server.ids import uuid7
from aboveboard_server.privacy import journal as journal_file
from aboveboard_server.privacy import journal_rebuild
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
from aboveboard_server.privacy.restore import Finder, restore
from aboveboard_server.storage.columns import to_micros
from aboveboard_server.storage.ports import ADMINISTRATOR, SELF_SERVICE, SubjectRecord
from aboveboard_server.storage.work import archive, deletions, opt_outs, waiting_deletions
from aboveboard_server.storage.work.audit import Act

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.store.conftest import Backend

    from aboveboard.telemetry.v1.source_pb2 import Source
    from aboveboard_server.privacy.journal_writer import JournalWriter
    from aboveboard_server.storage.ports import EventStore

NOW = datetime(2026, 12, 1, 3, 4, 5, 678, tzinfo=UTC)
AT = to_micros(NOW)
ACT = Act("test", "Test", b"")


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


def record_of(source: Source) -> SubjectRecord:
    return SubjectRecord("SERVER", record(source).subjects[0])
