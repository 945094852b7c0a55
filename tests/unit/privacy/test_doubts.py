"""Opt-outs that the store may not know: settled each minute as well, and bounded."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from tests.support.batches import KEY
from tests.support.in_process import InProcess
from tests.support.server import new_database

from aboveboard_server.errors import OverloadedError
from aboveboard_server.privacy import doubts, journal, subjects
from aboveboard_server.privacy.doubts import Doubts
from aboveboard_server.privacy.journal_lines import Revocation
from aboveboard_server.privacy.journal_writer import JournalWriter
from aboveboard_server.storage.ports import SubjectRecord
from aboveboard_server.storage.work import refusals

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from aboveboard_server.storage.ports import EventStore

NOW = datetime(2026, 12, 1, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[InProcess]:
    database = tmp_path / "aboveboard.db"
    database.write_bytes(new_database(token=""))
    opened = InProcess(database)
    yield opened
    opened.close()


@pytest.fixture
def found(tmp_path: Path, store: EventStore) -> Doubts:
    (tmp_path / "digest.key").write_bytes(KEY)
    return Doubts(store, JournalWriter(tmp_path, store.make_room))


async def fail(found: Doubts, opt_out_id: str, *, lifted_at: datetime | None = None) -> None:
    """Begin to set an opt-out, or to lift it, and fail."""
    with pytest.raises(ZeroDivisionError):
        async with found.unless_done(opt_out_id.encode(), [opt_out_id], lifted_at=lifted_at):
            raise ZeroDivisionError


def revoked(folder: Path) -> list[str]:
    """Return whose end the journal tells."""
    return [entry.opt_out_id for entry in journal.read(folder) if isinstance(entry, Revocation)]


async def in_force(store: InProcess, subject: SubjectRecord) -> list[str]:
    held = await store.read(refusals.of_subject, subject)
    return [refusal.opt_out_id for refusal in held if refusal.is_in_force]


def test_each_minute_what_was_not_set_ends_in_the_journal(
    tmp_path: Path, store: InProcess, found: Doubts
) -> None:
    """Once; one that the store knows after all stays in force, and one that was to be lifted waits."""

    async def act() -> None:
        subject = SubjectRecord(subjects.SERVER, b"stored", server_uuid="s")
        for name in ("stored", "lifted"):
            planned = refusals.Plan(name.encode())
            await store.work(
                refusals.refuse, subject, planned, opt_out_id=name, is_unseen=False, created_at=NOW
            )
        await fail(found, "unknown")
        await fail(found, "stored")
        await fail(found, "lifted", lifted_at=NOW)
        for _ in range(2):
            await found.settle_all()
        assert revoked(tmp_path) == ["unknown"]
        assert await in_force(store, subject) == ["lifted", "stored"]
        await found.settle(b"another")
        assert await in_force(store, subject) == ["lifted", "stored"]
        await found.settle(b"lifted")
        assert await in_force(store, subject) == ["stored"]
        assert revoked(tmp_path) == ["unknown"]

    asyncio.run(act())


def test_their_number_is_bounded(found: Doubts, monkeypatch: pytest.MonkeyPatch) -> None:
    """However often the store fails; settled ones make room."""
    monkeypatch.setattr(doubts, "MOST", 2)

    async def act() -> None:
        for name in ("a", "b"):
            found.require_room()
            await fail(found, name)
        with pytest.raises(OverloadedError):
            found.require_room()
        await found.settle_all()
        found.require_room()

    asyncio.run(act())
