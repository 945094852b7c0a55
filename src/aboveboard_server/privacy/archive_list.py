"""The archive as an administrator reads it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from aboveboard.admin.v1 import archive_pb2 as a
from aboveboard.event.v1.change_type_pb2 import ChangeType
from aboveboard_server.privacy import arguments, times
from aboveboard_server.privacy.archive_months import NAME as MONTH
from aboveboard_server.storage.work import archive as work

if TYPE_CHECKING:
    from typing import TypeAlias

    from aboveboard_server.storage.ports import EventStore
    from aboveboard_server.storage.work.archive import Archived

    # What a list is in the order of: the newest month first, then event type, change type and solution.
    Place: TypeAlias = tuple[int, str, int, str]

_TOKEN = re.compile(
    rf"(?P<month>{MONTH.pattern}) (?P<event_type>\w+) (?P<change_type>\d) (?P<solution>.*)",
    re.DOTALL | re.ASCII,
)


class ArchiveList:
    """What ListArchivedAggregates promises."""

    def __init__(self, store: EventStore) -> None:
        self._store = store

    async def page(self, request: a.ListArchivedAggregatesRequest) -> a.ListArchivedAggregatesResponse:
        """Return a page of the archive."""
        size = arguments.page_size(request.page_size)
        after = _read_token(request.page_token)
        found = await self._store.read(
            work.aggregates,
            min_month=_month(request.min_month, "min_month"),
            max_month=_month(request.max_month, "max_month"),
            event_type=arguments.text(request.event_type, "event_type", arguments.MAX_ID_BYTES),
        )
        # Not in the order of the store, whose collation is its own: pages must follow each other.
        waiting = sorted((one for one in found if after is None or _place(one) > after), key=_place)
        response = a.ListArchivedAggregatesResponse(archived_aggregates=map(_described, waiting[:size]))
        if len(waiting) > size:
            response.next_page_token = _token(waiting[size - 1])
        return response


def _month(name: str, field: str) -> str:
    if name and not MONTH.fullmatch(name):
        raise arguments.invalid(field, "must be a month as YYYY-MM")
    return name


def _place(one: Archived) -> Place:
    return _place_of(one.month, one.event_type, _change_type(one), one.solution)


def _place_of(month: str, event_type: str, change_type: int, solution: str) -> Place:
    return -int(month.replace("-", "")), event_type, change_type, solution


def _token(one: Archived) -> str:
    return f"{one.month} {one.event_type} {_change_type(one)} {one.solution}"


def _read_token(token: str) -> Place | None:
    if not token:
        return None
    found = _TOKEN.fullmatch(token)
    if not found:
        raise arguments.bad_token()
    return _place_of(found["month"], found["event_type"], int(found["change_type"]), found["solution"])


def _change_type(one: Archived) -> ChangeType.ValueType:
    return ChangeType.Value(f"CHANGE_TYPE_{one.change_type or 'UNSPECIFIED'}")


def _described(one: Archived) -> a.ArchivedAggregate:
    return a.ArchivedAggregate(
        month=one.month,
        event_type=one.event_type,
        change_type=_change_type(one),
        solution=one.solution,
        count=one.count,
        count_expected_error=one.count_expected_error,
        contributors=one.contributors,
        contributors_expected_error=one.contributors_expected_error,
        epsilon=one.epsilon,
        released_at=times.timestamp(one.released_at),
    )
