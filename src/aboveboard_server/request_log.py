"""What the log tells of a request beside a line's own fields, gathered where it is known.

One dict for each request: structlog's own context variables cost each request as much as validating an event.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from structlog.types import EventDict

_FIELDS: ContextVar[dict[str, Any] | None] = ContextVar("request_log", default=None)


def begin() -> None:
    """Begin a request: nothing is known of it, whatever this context has dealt with before."""
    _FIELDS.set(None)


def note(fields: dict[str, Any]) -> None:
    """Have every further line of this request tell these fields as well."""
    known = _FIELDS.get()
    if known is None:
        _FIELDS.set(fields)
    else:
        known.update(fields)


def merged(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Add what is known of the request to a line, whose own fields count more; a processor of structlog."""
    return {**(_FIELDS.get() or {}), **event}
