"""Archives for tests: months published as they are given."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from aboveboard_server.privacy.journal_writer import JournalWriter
from aboveboard_server.storage.work import archive as work

if TYPE_CHECKING:
    from pathlib import Path

    from aboveboard_server.storage.ports import EventStore

RELEASED_AT = datetime(2026, 8, 1, 0, 12, 30, tzinfo=UTC)


def cell(event_type: str, change_type: str = "CREATE", solution: str = "Connects") -> dict[str, Any]:
    """Return a published cell."""
    return {
        "event_type": event_type,
        "change_type": change_type,
        "solution": solution,
        "count": 123_456,
        "count_expected_error": 1_885.6,
        "contributors": 1_034,
        "contributors_expected_error": 67.9,
    }


async def publish(store: EventStore, month: str, *cells: dict[str, Any]) -> None:
    """Publish a month."""
    await store.work(work.decide, month, cells, settings={"epsilon": 1.0}, decided_at=RELEASED_AT)
    assert await store.work(work.publish, month, released_at=RELEASED_AT)


def journal_beside(path: Path) -> JournalWriter:
    """Return the writer of a journal in a key directory of its own, made at the first call."""
    folder = path / "archive-keys"
    folder.mkdir(exist_ok=True)
    (folder / "digest.key").write_bytes(bytes(32))

    async def make_room() -> None:
        pass

    return JournalWriter(folder, make_room)
