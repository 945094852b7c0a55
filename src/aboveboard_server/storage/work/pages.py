"""Pages of a list that is in order of several columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import literal, tuple_

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement, Tuple


def before(place: Sequence[Any], last: Sequence[Any]) -> ColumnElement[bool]:
    """Return the condition of what comes below `last`, whose values are those of the columns of `place`."""
    return tuple_(*place) < _values(place, last)


def behind(place: Sequence[Any], last: Sequence[Any], *, itself: bool = False) -> ColumnElement[bool]:
    """Return the condition of what comes above `last`, or with it."""
    values = _values(place, last)
    return tuple_(*place) >= values if itself else tuple_(*place) > values


def up_to(place: Sequence[Any], last: Sequence[Any]) -> ColumnElement[bool]:
    """Return the condition of what comes below `last`, or with it."""
    return tuple_(*place) <= _values(place, last)


def _values(place: Sequence[Any], last: Sequence[Any]) -> Tuple:
    # Each by its column's type: a time would be compared as a text otherwise.
    return tuple_(*(literal(value, column.type) for column, value in zip(place, last, strict=True)))
