"""Bytes to requests, up to the size that gRPC callers may send."""

from __future__ import annotations

from typing import Any

from aboveboard.error.v1 import error_reason_pb2 as reasons
from aboveboard_server.errors import ServiceError
from aboveboard_server.ingest.decoding import parse

MAX_REQUEST_BYTES = 4 * 1024 * 1024
# What the transport lets through, so that a request somewhat too large gets our error instead of its own.
MAX_TRANSPORT_BYTES = 2 * MAX_REQUEST_BYTES


def decode(message_class: Any, data: bytes) -> Any:
    """Return the message; ServiceError where the bytes are too many or no such message."""
    if len(data) > MAX_REQUEST_BYTES:
        raise too_large(len(data), MAX_REQUEST_BYTES)
    return parse(message_class, data)


def too_large(size: int, limit: int) -> ServiceError:
    """Return the refusal of a request that has more bytes than are taken."""
    return ServiceError(
        reasons.ERROR_REASON_REQUEST_TOO_LARGE,
        f"the request has {size} bytes; at most {limit} are taken",
        metadata={"limit_bytes": str(limit)},
    )
