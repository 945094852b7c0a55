"""The journal is compacted when it has doubled, and once a day; never while the clock is suspect."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from aboveboard_server import metrics
from aboveboard_server.background import Background
from aboveboard_server.privacy import journal, journal_compaction, journal_keeper
from aboveboard_server.privacy.journal_keeper import JournalKeeper
from aboveboard_server.privacy.journal_lines import Entry, Tombstone

if TYPE_CHECKING:
    from pathlib import Path

LAPSED: list[Entry] = [Tombstone(str(number), "SERVER", b"s" * 32, None, 1) for number in range(50)]
HOLDS: list[Entry] = [Tombstone("new", "SERVER", b"s" * 32, None, 1 << 60)] * 4


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "digest.key").write_bytes(b"k" * 32)
    monkeypatch.setattr(journal_compaction, "LEAST_BYTES", 1)
    return tmp_path


def shown() -> float:
    (found,) = metrics.JOURNAL_BYTES.collect()
    return found.samples[0].value


async def test_it_is_compacted_when_it_has_doubled(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And looked at again only when it has doubled since, or a day later; its size is shown."""
    compactions: list[int] = []

    async def compact(_: JournalKeeper) -> None:
        compactions.append(journal.size(folder))

    monkeypatch.setattr(JournalKeeper, "_compact", compact)
    keeper = JournalKeeper(folder, lambda: True, Background())
    await keeper.look()
    assert (compactions, shown()) == ([], 0)
    journal.append(folder, HOLDS)
    await keeper.look()
    await keeper.look()
    assert compactions == [shown()]
    journal.append(folder, HOLDS)
    await keeper.look()
    assert len(compactions) == 2
    for _ in range(journal_keeper.LOOKS_A_DAY - 1):
        await keeper.look()
    assert len(compactions) == 2
    await keeper.look()
    assert len(compactions) == 3


async def test_a_process_of_its_own_does_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the clock of this machine; where that is suspect nothing goes."""
    monkeypatch.setattr(journal_compaction, "LEAST_BYTES", 1 << 18)
    journal.append(folder, [*LAPSED * 15, *HOLDS])
    assert journal.size(folder) > journal_compaction.LEAST_BYTES
    before = journal.read(folder)
    await JournalKeeper(folder, lambda: False, Background()).look()
    assert journal.read(folder) == before
    await JournalKeeper(folder, lambda: True, Background()).look()
    assert journal.read(folder)[1:] == HOLDS
    assert shown() == journal.size(folder)
