"""What ListArchivedAggregates promises, on every store."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.archived import RELEASED_AT, cell, publish

from aboveboard.admin.v1.archive_pb2 import ArchivedAggregate, ListArchivedAggregatesRequest
from aboveboard.event.v1.change_type_pb2 import CHANGE_TYPE_CREATE, ChangeType
from aboveboard_server.errors import ServiceError
from aboveboard_server.privacy import times
from aboveboard_server.privacy.archive_list import ArchiveList

if TYPE_CHECKING:
    from aboveboard_server.storage.ports import EventStore

# Months in the order of the list, and the cells of each in theirs.
MONTHS = ("2026-07", "2025-12")
CELLS = (
    cell("element_stat", "CREATE", "Zulu"),
    cell("element_stat", "CREATE", "a solution, with spaces"),
    cell("element_stat", "UPDATE"),
    cell("element_stat", "DELETE"),
    cell("element_stat", "OTHER"),
    cell("ping", ""),
)


async def listed(store: EventStore, **request: Any) -> list[tuple[str, str, str, str]]:
    """Return the keys of all pages."""
    found: list[tuple[str, str, str, str]] = []
    asked = ListArchivedAggregatesRequest(**request)
    while True:
        page = await ArchiveList(store).page(asked)
        for one in page.archived_aggregates:
            change_type = ChangeType.Name(one.change_type).removeprefix("CHANGE_TYPE_")
            found.append((one.month, one.event_type, change_type, one.solution))
        assert len(page.archived_aggregates) <= (asked.page_size or 50)
        if not page.next_page_token:
            return found
        asked.page_token = page.next_page_token


def keys(*months: str) -> list[tuple[str, str, str, str]]:
    return [
        (month, one["event_type"], one["change_type"] or "UNSPECIFIED", one["solution"])
        for month in months
        for one in CELLS
    ]


@pytest.fixture
async def archived(store: EventStore) -> EventStore:
    for month in reversed(MONTHS):
        await publish(store, month, *reversed(CELLS))
    return store


async def test_cells_come_newest_month_first_and_each_once(archived: EventStore) -> None:
    """In order of month, event type, change type and solution, whatever the size of a page."""
    for size in (0, 1, 4, 1_000):
        assert await listed(archived, page_size=size) == keys(*MONTHS)


async def test_the_list_may_be_narrowed(archived: EventStore) -> None:
    """Months are bounds, both included; an event type nobody has sent is an empty list."""
    assert await listed(archived, min_month="2026-01") == keys("2026-07")
    assert await listed(archived, min_month="2025-12", max_month="2025-12") == keys("2025-12")
    assert await listed(archived, max_month="2025-11") == []
    of_type = [key for key in keys(*MONTHS) if key[1] == "ping"]
    assert await listed(archived, event_type="ping", page_size=1) == of_type
    assert await listed(archived, event_type="nonsense") == []


async def test_each_number_has_its_expected_error(store: EventStore) -> None:
    """A cell is told whole, with what was spent on its month."""
    await publish(store, "2026-07", cell("element_stat"))
    page = await ArchiveList(store).page(ListArchivedAggregatesRequest())
    assert list(page.archived_aggregates) == [
        ArchivedAggregate(
            month="2026-07",
            event_type="element_stat",
            change_type=CHANGE_TYPE_CREATE,
            solution="Connects",
            count=123_456,
            count_expected_error=1_885.6,
            contributors=1_034,
            contributors_expected_error=67.9,
            epsilon=1.0,
            released_at=times.timestamp(RELEASED_AT),
        )
    ]


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        ({"page_size": -1}, "page_size"),
        ({"min_month": "2026-13"}, "min_month"),
        ({"min_month": "2026-07-01"}, "min_month"),
        ({"max_month": "July"}, "max_month"),
        ({"event_type": "x" * 129}, "event_type"),
        ({"event_type": "\0"}, "event_type"),
        ({"page_token": "elsewhere"}, "page_token"),
        ({"page_token": "2026-07 ping 99 x"}, "page_token"),
    ],
)
async def test_what_cannot_be_meant_is_refused(request_: dict[str, Any], field: str) -> None:
    """The error names the field, before the store is asked."""
    nobody: Any = SimpleNamespace(read=None)
    with pytest.raises(ServiceError) as refused:
        await ArchiveList(nobody).page(ListArchivedAggregatesRequest(**request_))
    assert refused.value.field == field
