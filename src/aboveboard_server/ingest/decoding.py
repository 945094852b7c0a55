"""Bytes to messages, for every door. What cannot be read is answered by us, not by the exception's text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from google.protobuf.message import DecodeError

from aboveboard.error.v1 import error_reason_pb2 as reasons
from aboveboard.ingest.v1.ingest_service_pb2 import PublishEventsRequest, StreamEventsRequest
from aboveboard_server.errors import ServiceError
from aboveboard_server.ingest import salvage

if TYPE_CHECKING:
    from collections.abc import Callable

SALVAGE: dict[type, Callable[[bytes], Any]] = {
    PublishEventsRequest: salvage.publish_request,
    StreamEventsRequest: salvage.stream_request,
}


def parse(message_class: Any, data: bytes) -> Any:
    """Return the message; ServiceError where the bytes are no such message, even event by event."""
    try:
        return message_class.FromString(data)
    except DecodeError:
        return _salvaged(message_class, data)


def malformed(message_class: Any) -> ServiceError:
    """Return the refusal of a request that is no such message."""
    return ServiceError(
        reasons.ERROR_REASON_MALFORMED_REQUEST,
        f"the request is not a valid {message_class.DESCRIPTOR.name}",
    )


def _salvaged(message_class: Any, data: bytes) -> Any:
    try:
        if message_class in SALVAGE:
            return SALVAGE[message_class](data)
    except DecodeError:
        pass
    raise malformed(message_class)
