"""How many events never arrived, as far as the gaps in their numbers show; see docs/browser.md."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from aboveboard.admin.v1 import loss_pb2
from aboveboard_server.privacy import arguments

if TYPE_CHECKING:
    from aboveboard_server.storage.ports import EventStore, Loss

EPOCH = date(1970, 1, 1)
DEFAULT_DAYS = 30
MOST_DAYS = 3_650


class LossEstimator:
    """What EstimateLoss promises."""

    def __init__(self, store: EventStore) -> None:
        self._store = store

    async def page(self, request: loss_pb2.EstimateLossRequest) -> loss_pb2.EstimateLossResponse:
        """Return a page of estimates, the newest day first."""
        size = arguments.page_size(request.page_size)
        if request.days < 0:
            raise arguments.invalid("days", "must not be negative")
        after = _read_token(request.page_token)
        last = (datetime.now(UTC).date() - EPOCH).days
        days = min(request.days or DEFAULT_DAYS, MOST_DAYS)
        found = await self._store.loss(
            first_day=last - days + 1,
            last_day=last,
            solution=request.solution,
        )
        # Not in the order of the store, whose collation is its own: pages must follow each other.
        waiting = sorted((loss for loss in found if after is None or _place(loss) > after), key=_place)
        response = loss_pb2.EstimateLossResponse(estimates=[_described(loss) for loss in waiting[:size]])
        if len(waiting) > size:
            response.next_page_token = _token(waiting[size - 1])
        return response


def _place(loss: Loss) -> tuple[int, str]:
    """Return what a list is in the order of: the newest day first."""
    return -loss.day, loss.solution


def _token(loss: Loss) -> str:
    return f"{loss.day} {loss.solution}"


def _read_token(token: str) -> tuple[int, str] | None:
    if not token:
        return None
    day, space, solution = token.partition(" ")
    if not (space and day.isascii() and day.isdigit() and len(day) < 7):  # noqa: PLR2004  # a day until the year 4000
        raise arguments.bad_token()
    return -int(day), solution


def _described(loss: Loss) -> loss_pb2.LossEstimate:
    return loss_pb2.LossEstimate(
        solution=loss.solution,
        day=(EPOCH + timedelta(days=loss.day)).isoformat(),
        instance_count=loss.instances,
        received_count=loss.received,
        missing_count=loss.missing,
        excluded_instance_count=loss.excluded,
    )
