"""The journal on a full disk: the room that the store keeps free comes first, then what is kept beside it."""

from __future__ import annotations

import errno
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from aboveboard_server.errors import StoreUnavailableError
from aboveboard_server.privacy import journal, journal_writer
from aboveboard_server.privacy.journal_writer import JournalWriter

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from aboveboard_server.privacy.journal_lines import Entry


class Disk:
    """Refuses a number of appends with an error; keeps what was tried and done, in its order."""

    def __init__(self, refusals: int, error: int = errno.ENOSPC) -> None:
        self.refusals = refusals
        self.error = error
        self.seen: list[str] = []

    def append(self, folder: Path, entries: Sequence[Entry]) -> None:
        """See journal.append."""
        assert entries
        self.seen.append("reserve" if (folder / journal_writer.RESERVE).exists() else "append")
        if self.refusals:
            self.refusals -= 1
            raise OSError(self.error, os.strerror(self.error))

    async def make_room(self) -> None:
        """Note that the store was asked."""
        self.seen.append("store")


async def revoke(disk: Disk, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "append", disk.append)
    await JournalWriter(folder, disk.make_room).revocation(["id"], datetime.now(UTC))


@pytest.mark.parametrize(
    ("refusals", "seen"),
    [
        (0, ["reserve"]),
        (1, ["reserve", "store", "reserve"]),
        (2, ["reserve", "store", "reserve", "append"]),
    ],
)
async def test_room_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refusals: int, seen: list[str]
) -> None:
    """By the store, and where that does not help by the reserve, which is there again afterwards."""
    disk = Disk(refusals)
    await revoke(disk, tmp_path, monkeypatch)
    assert disk.seen == seen
    assert (tmp_path / journal_writer.RESERVE).stat().st_size == journal_writer.RESERVE_BYTES


@pytest.mark.parametrize(("refusals", "error"), [(3, errno.ENOSPC), (1, errno.EIO)])
async def test_what_cannot_be_written_is_not_in_force(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refusals: int, error: int
) -> None:
    """Where no room is enough, and where it is not room that is wanting."""
    with pytest.raises(StoreUnavailableError):
        await revoke(Disk(refusals, error), tmp_path, monkeypatch)
