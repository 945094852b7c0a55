"""The errors a caller may see: one exception, and one catalog of what each reason means at every door.

What is raised as `ServiceError` was written for the caller's eyes. Everything else is answered INTERNAL
with an error id, and its text stays here.
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, TypeAlias

from google.rpc import code_pb2

from aboveboard.error.v1 import error_reason_pb2 as reasons

if TYPE_CHECKING:
    ErrorReason: TypeAlias = reasons.ErrorReason.ValueType


@dataclass(frozen=True, slots=True)
class Answer:
    """How a reason is answered: the gRPC code's number, the HTTP status, seconds until a retry."""

    code: int
    http: HTTPStatus
    retry_after: float | None = None


_BAD = Answer(code_pb2.INVALID_ARGUMENT, HTTPStatus.BAD_REQUEST)

CATALOG: dict[ErrorReason, Answer] = {
    reasons.ERROR_REASON_MALFORMED_REQUEST: _BAD,
    reasons.ERROR_REASON_REQUEST_TOO_LARGE: Answer(
        code_pb2.INVALID_ARGUMENT, HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    ),
    reasons.ERROR_REASON_SOURCE_MISSING: _BAD,
    reasons.ERROR_REASON_SOURCE_INVALID: _BAD,
    reasons.ERROR_REASON_EVENTS_MISSING: _BAD,
    reasons.ERROR_REASON_TOO_MANY_EVENTS: _BAD,
    reasons.ERROR_REASON_SEQUENCE_INVALID: _BAD,
    reasons.ERROR_REASON_SCOPE_INVALID: _BAD,
    reasons.ERROR_REASON_ARGUMENT_INVALID: _BAD,
    reasons.ERROR_REASON_PAGE_TOKEN_INVALID: _BAD,
    reasons.ERROR_REASON_NOT_FOUND: Answer(code_pb2.NOT_FOUND, HTTPStatus.NOT_FOUND),
    reasons.ERROR_REASON_UNAUTHENTICATED: Answer(code_pb2.UNAUTHENTICATED, HTTPStatus.UNAUTHORIZED),
    reasons.ERROR_REASON_PERMISSION_DENIED: Answer(code_pb2.PERMISSION_DENIED, HTTPStatus.FORBIDDEN),
    reasons.ERROR_REASON_OVERLOADED: Answer(
        code_pb2.RESOURCE_EXHAUSTED, HTTPStatus.TOO_MANY_REQUESTS, retry_after=1
    ),
    reasons.ERROR_REASON_STORE_UNAVAILABLE: Answer(
        code_pb2.UNAVAILABLE, HTTPStatus.SERVICE_UNAVAILABLE, retry_after=2
    ),
    reasons.ERROR_REASON_SHUTTING_DOWN: Answer(
        code_pb2.UNAVAILABLE, HTTPStatus.SERVICE_UNAVAILABLE, retry_after=1
    ),
    reasons.ERROR_REASON_NOT_IMPLEMENTED: Answer(code_pb2.UNIMPLEMENTED, HTTPStatus.NOT_IMPLEMENTED),
    reasons.ERROR_REASON_INTERNAL: Answer(code_pb2.INTERNAL, HTTPStatus.INTERNAL_SERVER_ERROR),
    reasons.ERROR_REASON_DELETION_NOT_PENDING: Answer(code_pb2.FAILED_PRECONDITION, HTTPStatus.CONFLICT),
    reasons.ERROR_REASON_REQUEST_ID_REUSED: Answer(code_pb2.ALREADY_EXISTS, HTTPStatus.CONFLICT),
    reasons.ERROR_REASON_SOURCE_NOT_ALLOWED: Answer(code_pb2.PERMISSION_DENIED, HTTPStatus.FORBIDDEN),
    reasons.ERROR_REASON_ORIGIN_NOT_ALLOWED: Answer(code_pb2.PERMISSION_DENIED, HTTPStatus.FORBIDDEN),
    reasons.ERROR_REASON_PREFERENCE_TOKEN_REQUIRED: Answer(code_pb2.PERMISSION_DENIED, HTTPStatus.FORBIDDEN),
    reasons.ERROR_REASON_DELETION_SUBJECT_LOST: Answer(code_pb2.FAILED_PRECONDITION, HTTPStatus.CONFLICT),
    reasons.ERROR_REASON_CLOCK_SUSPECT: Answer(code_pb2.FAILED_PRECONDITION, HTTPStatus.CONFLICT),
}


class ServiceError(Exception):
    """Refuses a request. `text` is public and never repeats what the caller sent."""

    def __init__(
        self,
        reason: ErrorReason,
        text: str,
        *,
        field: str = "",
        metadata: dict[str, str] | None = None,
    ) -> None:
        super().__init__(f"{field}: {text}" if field else text)
        self.reason = reason
        self.text = text
        self.field = field
        self.metadata = metadata or {}

    def __reduce__(self) -> tuple[object, ...]:
        """Cross a process boundary: an exception would be made anew from its message alone."""
        return _service_error, (self.reason, self.text, self.field, self.metadata)

    @property
    def answer(self) -> Answer:
        """How the catalog has this reason answered."""
        return CATALOG[self.reason]

    @property
    def retry_after(self) -> float | None:
        """Seconds until it may be tried again; None where that is useless."""
        return self.answer.retry_after

    @property
    def reason_name(self) -> str:
        """The reason as ErrorInfo carries it."""
        return reasons.ErrorReason.Name(self.reason).removeprefix("ERROR_REASON_")


def _service_error(reason: ErrorReason, text: str, field: str, metadata: dict[str, str]) -> ServiceError:
    return ServiceError(reason, text, field=field, metadata=metadata)


class NotImplementedByServerError(ServiceError):
    """The server has no implementation of an RPC, named by its path."""

    def __init__(self, method: str) -> None:
        text = f"{method.rpartition('/')[2]} is not implemented"
        super().__init__(reasons.ERROR_REASON_NOT_IMPLEMENTED, text)


class StoreUnavailableError(ServiceError):
    """The store cannot commit now; nothing of the request is acknowledged."""

    def __init__(self) -> None:
        super().__init__(
            reasons.ERROR_REASON_STORE_UNAVAILABLE, "the store is not available; try again later"
        )


class MonthBeingMadeError(StoreUnavailableError):
    """A batch has events of a month that no partition takes for a moment; the store is well."""


class OverloadedError(ServiceError):
    """More comes than is taken, of this caller or of all; `seconds` is until when it may be tried again."""

    def __init__(
        self, seconds: float | None = None, text: str = "too many requests; try again later"
    ) -> None:
        super().__init__(reasons.ERROR_REASON_OVERLOADED, text)
        self._seconds = seconds

    def __reduce__(self) -> tuple[object, ...]:
        """Cross a process boundary together with the delay."""
        return OverloadedError, (self._seconds, self.text)

    @property
    def retry_after(self) -> float | None:
        """Seconds until it may be tried again."""
        return self._seconds or super().retry_after


class ShuttingDownError(ServiceError):
    """The server has begun to stop."""

    def __init__(self) -> None:
        super().__init__(reasons.ERROR_REASON_SHUTTING_DOWN, "the server is shutting down; try again later")


class UnknownTableError(ServiceError):
    """The database has tables of events that this schema does not know, so that no erasure would be whole."""

    def __init__(self, tables: tuple[str, ...]) -> None:
        names = ", ".join(tables)
        super().__init__(
            reasons.ERROR_REASON_INTERNAL, f"the database has tables that this schema does not know: {names}"
        )
        self.tables = tables

    def __reduce__(self) -> tuple[object, ...]:
        """Cross a process boundary, as every ServiceError can."""
        return UnknownTableError, (self.tables,)


class StartupError(Exception):
    """The server cannot start; the text tells the operator why and what to do."""
