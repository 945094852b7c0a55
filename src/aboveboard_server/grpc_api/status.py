"""Domain errors as gRPC statuses: code, public text, and google.rpc details."""

from __future__ import annotations

from typing import TYPE_CHECKING

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.rpc import error_details_pb2, status_pb2

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from aboveboard_server.errors import ServiceError

DOMAIN = "aboveboard"
DETAILS_KEY = "grpc-status-details-bin"
# What grpc's own retries heed, in milliseconds; they know nothing of RetryInfo.
PUSHBACK_KEY = "grpc-retry-pushback-ms"
CODES: dict[int, grpc.StatusCode] = {code.value[0]: code for code in grpc.StatusCode}


def code_of(error: ServiceError) -> grpc.StatusCode:
    """Return the status code that the catalog gives an error."""
    return CODES[error.answer.code]


def trailers_of(error: ServiceError) -> tuple[tuple[str, str | bytes], ...]:
    """Return the trailing metadata that carries ErrorInfo, and BadRequest and RetryInfo where they apply."""
    details: list[Message] = [
        error_details_pb2.ErrorInfo(reason=error.reason_name, domain=DOMAIN, metadata=error.metadata)
    ]
    if error.field:
        violation = error_details_pb2.BadRequest.FieldViolation(field=error.field, description=error.text)
        details.append(error_details_pb2.BadRequest(field_violations=[violation]))
    pushback: tuple[tuple[str, str], ...] = ()
    if error.retry_after is not None:
        milliseconds = round(error.retry_after * 1000)
        delay = Duration()
        delay.FromMilliseconds(milliseconds)
        details.append(error_details_pb2.RetryInfo(retry_delay=delay))
        pushback = ((PUSHBACK_KEY, str(milliseconds)),)
    status = status_pb2.Status(code=error.answer.code, message=str(error))
    for detail in details:
        packed = AnyMessage()
        packed.Pack(detail)
        status.details.append(packed)
    return ((DETAILS_KEY, status.SerializeToString()), *pushback)
