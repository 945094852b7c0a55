"""Bytes to requests. What cannot be read is answered by us, never by the exception's own text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from google.protobuf.message import DecodeError

from aboveboard.error.v1 import error_reason_pb2 as reasons
from aboveboard.ingest.v1.ingest_service_pb2 import PublishEventsRequest, StreamEventsRequest
from aboveboard_server.errors import ServiceError
from aboveboard_server.ingest import salvage

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_REQUEST_BYTES = 4 * 1024 * 1024
# What the transport lets through, so that a request somewhat too large gets our error instead of its own.
MAX_TRANSPORT_BYTES = 2 * MAX_REQUEST_BYTES

SALVAGE: dict[type, Callable[[bytes], Any]] = {
    PublishEventsRequest: salvage.publish_request,
    StreamEventsRequest: salvage.stream_request,
}


def decode(message_class: Any, data: bytes) -> Any:
    """Return the message; ServiceError where the bytes are too many or no such message."""
    if len(data) > MAX_REQUEST_BYTES:
        raise ServiceError(
            reasons.ERROR_REASON_REQUEST_TOO_LARGE,
            f"the request has {len(data)} bytes; at most {MAX_REQUEST_BYTES} are taken",
            metadata={"limit_bytes": str(MAX_REQUEST_BYTES)},
        )
    try:
        return message_class.FromString(data)
    except DecodeError:
        return _salvaged(message_class, data)


def _salvaged(message_class: Any, data: bytes) -> Any:
    try:
        if message_class in SALVAGE:
            return SALVAGE[message_class](data)
    except DecodeError:
        pass
    raise ServiceError(
        reasons.ERROR_REASON_MALFORMED_REQUEST,
        f"the request is not a valid {message_class.DESCRIPTOR.name}",
    )
