"""Archives for tests: months published as they are given."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from aboveboard_server.storage.work import archive as work

if TYPE_CHECKING:
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
    await store.work(work.begin, month, settings={}, noise={"cells": []}, drawn_at=RELEASED_AT)
    assert await store.work(work.publish, month, cells, epsilon=1.0, released_at=RELEASED_AT)
