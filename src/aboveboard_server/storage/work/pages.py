"""Pages of a list that is in order of several columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import literal, tuple_

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement, Tuple


def before(place: Sequence[Any], last: Sequence[Any]) -> ColumnElement[bool]:
    """Return the condition of what comes below `last`, whose values are those of the columns of `place`."""
    return tuple_(*place) < _typed(place, last)


def after(place: Sequence[Any], last: Sequence[Any]) -> ColumnElement[bool]:
    """Return the condition of what comes above `last`, as `before` does."""
    return tuple_(*place) > _typed(place, last)


def _typed(place: Sequence[Any], values: Sequence[Any]) -> Tuple:
    # Each by its column's type: a time would be compared as a text otherwise.
    return tuple_(*(literal(value, column.type) for column, value in zip(place, values, strict=True)))
