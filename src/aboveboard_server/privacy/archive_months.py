"""Months in UTC, by their names: YYYY-MM."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")
# What was received just before the month's end may still wait to be stored.
SETTLING = timedelta(minutes=10)


def bounds(month: str) -> tuple[datetime, datetime]:
    """Return the first moment of a month, and the one after its last."""
    year, number = map(int, month.split("-"))
    first = datetime(year, number, 1, tzinfo=UTC)
    return first, _next(first)


def closed(now: datetime, days: int) -> Iterator[str]:
    """Yield the months that have ended and begun at most so many days ago, the oldest first."""
    first = _month_of(now - timedelta(days=days))
    if first < now - timedelta(days=days):
        first = _next(first)
    while (end := _next(first)) + SETTLING <= now:
        yield f"{first:%Y-%m}"
        first = end


def _month_of(time: datetime) -> datetime:
    return time.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def _next(first: datetime) -> datetime:
    return _month_of(first + timedelta(days=31))
