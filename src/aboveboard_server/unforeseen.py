"""Errors nobody foresaw: logged under an id by where they happened, never by what they say."""

from __future__ import annotations

import uuid

import structlog

from aboveboard.error.v1 import error_reason_pb2 as reasons
from aboveboard_server.errors import ServiceError
from aboveboard_server.uncaught import whereabouts

log = structlog.get_logger()


def internal(unexpected: Exception, **called: str) -> ServiceError:
    """Log an error under an id, and return what the caller is told of it: that id.

    `called` says through which door and what; it must hold nothing that the caller sent.
    """
    error_id = str(uuid.uuid4())
    # The traceback's own text may repeat what the caller sent; where it happened is what is needed.
    log.error("internal_error", **called, error_id=error_id, **whereabouts(unexpected))
    return ServiceError(
        reasons.ERROR_REASON_INTERNAL, f"internal error {error_id}", metadata={"error_id": error_id}
    )
